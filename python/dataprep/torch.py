"""Token shards as PyTorch tensors: `PackedDataset` for a sampler of your own, `PackedDataset.batches` for everything else.

    batches = PackedDataset("out/web/shards", 2048).batches(8)      # rank and world size are those of torch.distributed
    loader = DataLoader(batches, batch_size=None, num_workers=2)    # or torchdata's StatefulDataLoader
    for epoch in range(3):
        batches.set_epoch(epoch)
        for batch in loader:
            loss = model(batch["input_ids"], batch["position_ids"], ...)
            ...
            state = batches.state_dict(batch)                       # into the checkpoint; any number of processes and workers goes on from it

The arrays are those of `dataprep.numpy.Arrays`.
"""

from __future__ import annotations

import itertools
import os
from typing import Any, Sequence

import torch
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from . import numpy as _numpy

Tensors = dict[str, Any]


class PackedDataset(_numpy.PackedDataset, Dataset[Tensors]):
    """`dataprep.numpy.PackedDataset` with tensors. The order is shuffled as it is: a loader over it needs `shuffle=False` and `collate_fn=PackedDataset.collate`."""

    def __init__(self, shards: str | os.PathLike[str], seq_len: int, objective: str = "causal", seed: int | None = None, **keys: Any) -> None:
        # Workers that outlive an epoch see the next one here.
        self._shared = torch.zeros(1, dtype=torch.int64).share_memory_()
        super().__init__(shards, seq_len, objective, seed, **keys)

    @property
    def epoch(self) -> int:
        return int(self._shared[0])

    def set_epoch(self, epoch: int) -> None:
        self._shared[0] = epoch

    def __getitem__(self, index: int) -> Tensors:
        return _tensors(super().__getitem__(index))

    def batches(self, batch_size: int, *, rank: int | None = None, world_size: int | None = None, endless: bool = False) -> PackedBatches:
        """Batches of this process; its rank and the world size are those of torch.distributed, where that runs."""
        runs = torch.distributed.is_available() and torch.distributed.is_initialized()
        if rank is None:
            rank = torch.distributed.get_rank() if runs else 0
        if world_size is None:
            world_size = torch.distributed.get_world_size() if runs else 1
        return PackedBatches(self, batch_size, rank, world_size, endless)

    def __getitems__(self, indices: Sequence[int]) -> Tensors:
        """The rows of a batch, as a loader asks for them; one batch already."""
        start = self.epoch * self._rows
        return _tensors(self.read([start + index for index in indices]))

    @staticmethod
    def collate(batch: Tensors) -> Tensors:
        """For a loader's `collate_fn`: the batch as it is."""
        return batch


class PackedBatches(_numpy.Batches, IterableDataset[Tensors]):
    """`dataprep.numpy.Batches` with tensors, shared out to the workers of a loader. A loader over it needs `batch_size=None`."""

    def _worker(self) -> tuple[int, int]:
        info = get_worker_info()
        return (0, 1) if info is None else (info.id, info.num_workers)

    def _convert(self, batch: _numpy.Arrays) -> Tensors:
        return _tensors(batch)


class Batch(Tensors):
    """Tensors by name. From a worker they come in one piece of shared memory: a piece for each would be a file handle and a handshake each, which take longer than the bytes."""

    def __copy__(self) -> Batch:
        return Batch(self)

    def __reduce__(self) -> tuple[Any, ...]:
        tensors = {name: value for name, value in self.items() if isinstance(value, torch.Tensor)}
        sizes = [-(-value.nbytes // ALIGNED) * ALIGNED for value in tensors.values()]
        memory = torch.empty(0, dtype=torch.uint8).set_(torch.UntypedStorage._new_shared(max(sum(sizes), 1)))
        places = []
        for (name, value), end, size in zip(tensors.items(), itertools.accumulate(sizes), sizes):
            places.append((name, end - size, value.nbytes, value.dtype, tuple(value.shape)))
            _view(memory, *places[-1][1:]).copy_(value)
        return _unpacked, (memory, places, {name: value for name, value in self.items() if name not in tensors})


ALIGNED = 64
"""Bytes at whose multiples tensors begin."""


def _view(memory: torch.Tensor, start: int, size: int, dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    return memory[start : start + size].view(dtype).view(shape)


def _unpacked(memory: torch.Tensor, places: list[tuple[Any, ...]], rest: Tensors) -> Batch:
    return Batch({name: _view(memory, *place) for name, *place in places} | rest)


def _tensors(arrays: _numpy.Arrays) -> Batch:
    # The arrays are ours alone, so nothing is copied.
    return Batch({name: torch.from_numpy(array) for name, array in arrays.items()})
