"""Token shards as NumPy arrays, in one order that any number of processes share: for JAX and every other framework; `dataprep.torch` gives the same as tensors.

Sample `p` of the stream is row `p % len` of epoch `p // len`, and every epoch has an order of its own. What a sample is depends on the set, the objective, the seed and `p`
alone, so a training goes on from any sample under any number of processes and workers.
"""

from __future__ import annotations

import itertools
import json
import os
from typing import Any, Iterator, Mapping, Sequence

from . import _core

Arrays = dict[str, Any]
"""Arrays by name. With `B` rows of `W` places, and `N` documents or pieces of them:

================  ============  ====================================================================================
`input_ids`       int64 [B, W]  ids; what a row leaves is filled with `pad_id`
`labels`          int64 [B, W]  the id to predict at each place (already shifted), -100 where nothing is predicted
`position_ids`    int64 [B, W]  places in the document's piece
`document_ids`    int32 [B, W]  number of the piece in its row, from 1; 0 is padding
`cu_seqlens`      int32 [N + 1] where each piece starts over all `B * W` places, as attention over sequences of variable length takes it; padding is a piece
`prefix_lens`     int32 [N]     places of each piece that all of it sees (objectives that look both ways)
`token_type_ids`  int64 [B, W]  which of two parts (nsp, sop); the direction (bidirectional); the place in its span (blank_infilling)
`questions`       int64         places over all `B * W` whose outputs are asked about text or token; two for a pair (nsp, sop, reward, classify, tag)
`answers`         int64         the right class of each (nsp, sop, reward, classify, tag)
`position`        int           samples of the stream behind this step of all processes, for `state_dict`
================  ============  ====================================================================================

`W` is `seq_len`, twice that with `encoder` and for reward; with span_corruption and blank_infilling a batch may be wider, since every piece of a row brings sentinels of its own.
"""


class PackedDataset:
    """The rows of a shard set, shuffled: `dataset[i]` is row `i` of the epoch (random access), `dataset.batches(8)` iterates over batches.

    `objective` is one of causal, prefix_lm, fim, sft, seq2seq, bidirectional, mlm, nsp, sop, span_corruption, blank_infilling, classify, tag, reward,
    with the samples that `dataprep train` draws for the same seed. The rows are those of the set's pack list of that length where it suits the objective; else they are laid out when the set is opened, in memory.
    `encoder` lets a prefix and what follows it take `seq_len` places each. `special` gives ids to roles that the shards do not name (`mask`, `sentinel`, ...); a role that
    nobody names gets an id behind the vocabulary (`vocab_size`, `special`).

    The files are opened where they are first read, so a dataset can be pickled, and forked or spawned workers each open their own.
    """

    def __init__(
        self,
        shards: str | os.PathLike[str],
        seq_len: int,
        objective: str = "causal",
        seed: int | None = None,
        *,
        encoder: bool = False,
        whole_words: bool = False,
        fixed: bool = False,
        special: Mapping[str, int] | None = None,
        pad_id: int | None = None,
    ) -> None:
        self._keys: dict[str, Any] = {
            "shards": os.fspath(shards),
            "seq_len": seq_len,
            "objective": objective,
            "seed": seed,
            "encoder": encoder,
            "whole_words": whole_words,
            "fixed": fixed,
            "special": dict(special or {}),
            "pad_id": pad_id,
        }
        self._opened: _core.Stream | None = None
        self._epoch = 0
        # A mistake is told here and not in a worker.
        self._rows = self.stream.rows

    @property
    def stream(self) -> _core.Stream:
        """The open set."""
        if self._opened is None:
            self._opened = _core.Stream(self._keys)
        return self._opened

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    @property
    def vocab_size(self) -> int:
        """Ids of a model must be below this."""
        return self.stream.vocab_size

    @property
    def special(self) -> dict[str, int]:
        """Special tokens by role."""
        return self.stream.special

    @property
    def epoch(self) -> int:
        """The epoch whose order `dataset[i]` has."""
        return self._epoch

    def set_epoch(self, epoch: int) -> None:
        """Takes another order."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: int) -> Arrays:
        """A row of the epoch, without the first axis."""
        row = range(self._rows)[index]
        batch = self.read([self.epoch * self._rows + row])
        return {name: array[0] if array.ndim == 2 else array for name, array in batch.items()}

    def read(self, positions: Sequence[int]) -> Arrays:
        """Samples by their numbers in the stream, as one batch."""
        return self.stream.batch(list(positions))

    def batches(self, batch_size: int, *, rank: int = 0, world_size: int = 1, endless: bool = False) -> Batches:
        """Batches of one process among `world_size`: an epoch, or with `endless` one epoch after the other."""
        return Batches(self, batch_size, rank, world_size, endless)

    def state_dict(self) -> dict[str, Any]:
        """The set, the seed and the epoch."""
        return dict(json.loads(self.stream.state(self.epoch * self._rows)))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes the epoch of a state. Raises ShardError where it is that of another set, objective or seed."""
        self.set_epoch(self.stream.resume(json.dumps(_bare(state))) // self._rows)

    def to_hf(self, parts: int = 16) -> Any:
        """The epoch as a `datasets.IterableDataset` of `parts` shards, a row a sample."""
        import datasets

        bounds = [self._rows * part // parts for part in range(parts + 1)]
        ranges = [pair for pair in itertools.pairwise(bounds) if pair[0] < pair[1]]
        return datasets.IterableDataset.from_generator(_rows, gen_kwargs={"dataset": self, "ranges": ranges})


class Batches:
    """Batches of a dataset for one process, and for one worker of it. Its state is a count of samples.

    `state_dict(batch)` is the state once `batch` has been trained on: with it, a training goes on under any number of processes and workers, and under another batch size.
    `state_dict()` is that of this iterator, workers included, as `torchdata.StatefulDataLoader` asks for it.
    """

    def __init__(self, dataset: PackedDataset, batch_size: int, rank: int, world_size: int, endless: bool) -> None:
        if batch_size < 1 or not 0 <= rank < world_size:
            raise ValueError(f"wanted a batch of one row at least and a rank below the world size, not {batch_size}, {rank} and {world_size}")
        self.dataset, self.batch_size, self.rank, self.world_size, self.endless = dataset, batch_size, rank, world_size, endless
        # Sample at which the present pass began, and batches of this worker since.
        self._start, self._taken = dataset.epoch * len(dataset), 0
        self._resumed = False

    def _worker(self) -> tuple[int, int]:
        """Number of this worker, and workers."""
        return 0, 1

    def _convert(self, batch: Arrays) -> Arrays:
        return batch

    def __len__(self) -> int:
        """Steps of an epoch. The rows that do not fill a step of all processes are left out; `endless` leaves out none."""
        return len(self.dataset) // (self.batch_size * self.world_size)

    def set_epoch(self, epoch: int) -> None:
        """Begins the next pass with an epoch; in the one that a loaded state is in, where the state is."""
        if epoch != self._start // len(self.dataset):
            self._resumed = False
        self.dataset.set_epoch(epoch)

    def __iter__(self) -> Iterator[Arrays]:
        rows, step = len(self.dataset), self.batch_size * self.world_size
        if not self._resumed:
            self._start, self._taken = self.dataset.epoch * rows, 0
        self._resumed = False
        worker, workers = self._worker()
        start = self._start
        end = None if self.endless else (start // rows + 1) * rows
        for micro in itertools.count(self._taken * workers + worker, workers):
            at = start + micro * step
            if end is not None and at + step > end:
                return
            self._taken += 1
            first = at + self.rank * self.batch_size
            batch = self._convert(self.dataset.read(range(first, first + self.batch_size)))
            batch["position"] = at + step
            yield batch

    def state_dict(self, batch: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The state after `batch`; without one, that of this iterator."""
        position, taken = (self._start, self._taken) if batch is None else (int(batch["position"]), 0)
        return {**json.loads(self.dataset.stream.state(position)), "worker_batches": taken}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state. Raises ShardError where it is that of another set, objective or seed."""
        self._start = self.dataset.stream.resume(json.dumps(_bare(state)))
        self._taken = int(state.get("worker_batches", 0))
        self._resumed = True
        self.dataset.set_epoch(self._start // len(self.dataset))


def _bare(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key != "worker_batches"}


def _rows(dataset: PackedDataset, ranges: list[tuple[int, int]]) -> Iterator[Arrays]:
    for start, end in ranges:
        for index in range(start, end):
            yield dataset[index]
