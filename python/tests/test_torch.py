"""Packed rows as tensors, under the loaders of PyTorch and torchdata. Skipped where PyTorch is not installed."""

from __future__ import annotations

import copy
import itertools
import pickle
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from dataprep.torch import PackedDataset  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402


def ids(batches: Any) -> list[list[int]]:
    return [unpadded(row) for batch in batches for row in batch["input_ids"].tolist()]


def plain(dataset: PackedDataset, rows: int, position: int = 0) -> list[list[int]]:
    return [unpadded(row) for row in dataset.read(range(position, position + rows))["input_ids"].tolist()]


def unpadded(row: list[int]) -> list[int]:
    """A row up to its padding, of which there may be more in a wider batch."""
    return row[: len(row) - next((n for n, value in enumerate(reversed(row)) if value), len(row))]


@pytest.mark.parametrize(("workers", "start"), [(0, None), (1, "fork"), (2, "fork"), (2, "spawn"), (4, "fork")])
def test_workers_read_the_one_order(shards: Path, workers: int, start: str | None) -> None:
    dataset = PackedDataset(shards, 64, seed=7)
    batches = dataset.batches(6)
    loader = DataLoader(batches, batch_size=None, num_workers=workers, multiprocessing_context=start)
    read = list(loader)
    assert ids(read) == plain(dataset, len(batches) * 6) and [batch["position"] for batch in read] == [6 * (n + 1) for n in range(len(batches))]
    assert read[0]["labels"].dtype == torch.int64 and read[0]["cu_seqlens"].dtype == torch.int32


@pytest.mark.parametrize("objective", ["causal", "span_corruption", "sop"])
def test_a_batch_is_the_same_behind_a_pickle_and_in_a_copy(shards: Path, objective: str) -> None:
    batch = next(iter(PackedDataset(shards, 64, objective, seed=7).batches(3)))
    for other in (pickle.loads(pickle.dumps(batch)), copy.copy(batch)):
        assert list(other) == list(batch) and other["position"] == batch["position"] == 3
        for name in batch.keys() - {"position"}:
            assert other[name].dtype == batch[name].dtype and torch.equal(other[name], batch[name]), name


@pytest.mark.parametrize("objective", ["causal", "mlm", "span_corruption", "sop"])
def test_any_number_of_workers_and_processes_goes_on(shards: Path, objective: str) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader").StatefulDataLoader
    whole = PackedDataset(shards, 64, objective, seed=7)
    seen: list[list[int]] = []
    state = whole.batches(1).state_dict()
    for workers, world, batch_size, steps in [(1, 1, 3, 4), (2, 2, 2, 3), (4, 1, 5, 3), (0, 3, 1, 2), (2, 1, 2, 5)]:
        ranks = [PackedDataset(shards, 64, objective, seed=7).batches(batch_size, rank=rank, world_size=world) for rank in range(world)]
        for batches in ranks:
            batches.load_state_dict(state)
        loaders = [iter(stateful(batches, batch_size=None, num_workers=workers)) for batches in ranks]
        for _ in range(steps):
            step = [next(loader) for loader in loaders]
            seen.extend(ids(step))
        state = pickle.loads(pickle.dumps(ranks[0].state_dict(step[0])))
    assert len(seen) == 12 + 12 + 15 + 6 + 10 and seen == plain(whole, len(seen))


@pytest.mark.parametrize("workers", [0, 1, 2, 4])
def test_the_state_of_a_stateful_loader_goes_on_in_the_middle(shards: Path, workers: int) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader").StatefulDataLoader

    def loader() -> Any:
        return stateful(PackedDataset(shards, 64, seed=7).batches(4), batch_size=None, num_workers=workers)

    first = loader()
    taken = list(itertools.islice(first, 7))
    state = first.state_dict()
    second = loader()
    second.load_state_dict(state)
    rest = list(second)
    assert ids(taken + rest) == ids(loader())


def test_a_new_epoch_reaches_workers_that_live_on(shards: Path) -> None:
    dataset = PackedDataset(shards, 64, seed=7)
    batches = dataset.batches(8)
    loader = DataLoader(batches, batch_size=None, num_workers=2, persistent_workers=True)
    for epoch in range(3):
        batches.set_epoch(epoch)
        assert ids(itertools.islice(loader, 3)) == plain(dataset, 24, epoch * len(dataset))


def test_map_style_with_the_default_sampler(shards: Path) -> None:
    dataset = PackedDataset(shards, 64, seed=7)
    loader = DataLoader(dataset, batch_size=5, num_workers=2, collate_fn=PackedDataset.collate)
    batch = next(iter(loader))
    wanted = dataset.read(range(5))
    assert set(batch) == set(wanted) and all(batch[name].tolist() == wanted[name].tolist() for name in wanted)
    assert (dataset[3]["input_ids"] == torch.from_numpy(wanted["input_ids"][3])).all()


def test_ranks_are_those_of_torch_distributed(shards: Path, tmp_path: Path) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        batches = PackedDataset(shards, 64).batches(2)
        assert (batches.rank, batches.world_size) == (0, 1)
    finally:
        torch.distributed.destroy_process_group()


def test_a_document_sees_itself_alone(shards: Path) -> None:
    """`cu_seqlens` and `document_ids` say the same: no piece reaches into another, and no label crosses a border of documents."""
    batch = PackedDataset(shards, 64, seed=7).read(range(20))
    flat = batch["document_ids"].reshape(-1)
    bounds = batch["cu_seqlens"].tolist()
    assert bounds[0] == 0 and bounds[-1] == len(flat)
    for start, end in itertools.pairwise(bounds):
        assert len(set(flat[start:end].tolist())) == 1
        assert batch["position_ids"].reshape(-1)[start:end].tolist() in ([*range(end - start)], [0] * (end - start))
    inner = batch["labels"][:, :-1][batch["document_ids"][:, :-1] == batch["document_ids"][:, 1:]]
    following = batch["input_ids"][:, 1:][batch["document_ids"][:, :-1] == batch["document_ids"][:, 1:]]
    assert (inner[inner >= 0] == following[inner >= 0]).all() and (inner >= 0).sum() > 500
