"""Packed rows as arrays: what is in them, their order, and that a training goes on from anywhere."""

from __future__ import annotations

import hashlib
import itertools
import json
import pickle
from pathlib import Path
from typing import Any

import dataprep
import numpy as np
import pytest
from dataprep.numpy import PackedDataset

OBJECTIVES = ["causal", "prefix_lm", "fim", "sft", "mlm", "nsp", "sop", "span_corruption", "blank_infilling"]


def check(batch: dict[str, Any], row: int, sample: dict[str, Any], pad: int) -> None:
    """A row of a batch against the sample as Rust makes it, JSON of its own fields."""
    width = batch["input_ids"].shape[1]
    places = len(sample["inputs"])
    padded = [pad] * (width - places)
    assert batch["input_ids"][row].tolist() == sample["inputs"] + padded
    assert batch["labels"][row].tolist() == [-100 if target is None else target for target in sample["targets"]] + [-100] * len(padded)
    assert batch["position_ids"][row].tolist() == sample["positions"] + [0] * len(padded)
    numbers = [number for number, segment in enumerate(sample["segments"], 1) for _ in range(segment["places"]["end"] - segment["places"]["start"])]
    assert batch["document_ids"][row].tolist() == numbers + [0] * len(padded)
    ends = [row * width + segment["places"]["end"] for segment in sample["segments"]] + [(row + 1) * width] * bool(padded)
    starts = [row * width, *ends[:-1]]
    cu_seqlens = batch["cu_seqlens"].tolist()
    at = cu_seqlens.index(row * width)
    assert cu_seqlens[at : at + len(ends) + 1] == [starts[0], *ends]
    if "prefix_lens" in batch:
        assert batch["prefix_lens"][at : at + len(sample["segments"])].tolist() == [segment["prefix"] for segment in sample["segments"]]
    if "token_type_ids" in batch:
        assert batch["token_type_ids"][row].tolist() == sample["kinds"] + [0] * len(padded)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_gives_what_rust_gives(shards: Path, objective: str) -> None:
    dataset = PackedDataset(shards, 64, objective, seed=11, pad_id=255)
    positions = [0, 3, len(dataset) - 1, len(dataset) + 5]
    batch = dataset.read(positions)
    samples = [json.loads(dataset.stream.sample(position)) for position in positions]
    for row, sample in enumerate(samples):
        check(batch, row, sample, 255)
    assert (batch["labels"] >= 0).sum() > 10 and batch["input_ids"].dtype == np.int64 and batch["document_ids"].dtype == np.int32
    assert int(batch["input_ids"].max()) < dataset.vocab_size
    if objective in ("nsp", "sop"):
        assert batch["answers"].tolist() == [answer for sample in samples for answer in sample["answers"]]
        assert batch["questions"].tolist() == [64 * row for row in range(4)]
    # Drawn by seed and number alone.
    assert all(np.array_equal(array, dataset.read(positions)[name]) for name, array in batch.items())
    if objective not in ("causal", "sft"):
        assert not np.array_equal(dataset.read([0])["input_ids"], PackedDataset(shards, 64, objective, seed=12, pad_id=255).read([0])["input_ids"])


def test_order_and_draws_are_pinned(shards: Path) -> None:
    """A change of the order or of the draws would be a change under every checkpoint: these numbers stay."""
    masked = PackedDataset(shards, 64, "mlm", seed=11)
    digest = hashlib.sha256(masked.read([0, 1, len(masked) + 2])["input_ids"].astype("<i8").tobytes()).hexdigest()
    assert (len(masked), masked.special["mask"], digest[:16]) == (1495, 256, "df53f325c6f3f9d3")


def test_pairs(pairs: Path) -> None:
    dataset = PackedDataset(pairs, 64, "reward", seed=1)
    batch = dataset.read([0, 1])
    assert len(dataset) == 40 and batch["input_ids"].shape == (2, 128)
    assert batch["answers"].tolist() == [0, 0] and len(batch["questions"]) == 4
    ends = batch["cu_seqlens"].tolist()
    assert batch["questions"].tolist()[:2] == [ends[1] - 1, ends[2] - 1]
    with pytest.raises(dataprep.ShardError, match="would learn the rejected answers too"):
        PackedDataset(pairs, 64)


def test_an_encoder_gets_places_of_its_own(shards: Path) -> None:
    batch = PackedDataset(shards, 64, "span_corruption", seed=1, encoder=True).read([0])
    assert batch["input_ids"].shape == (1, 128) and batch["prefix_lens"][0] > 32
    with pytest.raises(ValueError, match="nothing for an encoder"):
        PackedDataset(shards, 64, encoder=True)


def test_a_row_is_random_access(shards: Path) -> None:
    dataset = PackedDataset(shards, 64, seed=7)
    first = [dataset[index]["input_ids"].tolist() for index in range(len(dataset))]
    assert dataset[-1]["input_ids"].tolist() == first[-1] and dataset[0]["cu_seqlens"][0] == 0
    with pytest.raises(IndexError):
        dataset[len(dataset)]
    dataset.set_epoch(1)
    second = [dataset[index]["input_ids"].tolist() for index in range(len(dataset))]
    assert first != second and sorted(first) == sorted(second)
    again = pickle.loads(pickle.dumps(dataset))
    assert again[3]["input_ids"].tolist() == second[3] and again.state_dict() == dataset.state_dict()
    fresh = PackedDataset(shards, 64, seed=7)
    fresh.load_state_dict(dataset.state_dict())
    assert fresh.epoch == 1


def stream(dataset: PackedDataset, position: int, count: int) -> list[list[int]]:
    return [dataset.read([position + at])["input_ids"][0].tolist() for at in range(count)]


def test_processes_share_a_step_and_go_on_under_another_number(shards: Path) -> None:
    dataset = PackedDataset(shards, 64, seed=7)
    epoch = stream(dataset, 0, len(dataset))
    seen: list[list[int]] = []
    state = dataset.batches(1).state_dict()
    for world, batch_size, steps in [(1, 3, 5), (4, 2, 3), (3, 1, 7), (2, 5, 4)]:
        ranks = [dataset.batches(batch_size, rank=rank, world_size=world) for rank in range(world)]
        for batches in ranks:
            batches.load_state_dict(state)
        for step in itertools.islice(zip(*ranks), steps):
            seen.extend(row for batch in step for row in batch["input_ids"].tolist())
        states = [batches.state_dict(batch) for batches, batch in zip(ranks, step)]
        assert all(one == states[0] for one in states)
        state = json.loads(json.dumps(states[0]))
    assert len(seen) == 15 + 24 + 21 + 40 and seen == epoch[: len(seen)]


def test_passes_and_epochs(shards: Path) -> None:
    dataset = PackedDataset(shards, 64, seed=7)
    batches = dataset.batches(10)
    rows = len(dataset)
    first = [batch["input_ids"].tolist() for batch in batches]
    assert len(first) == len(batches) == rows // 10 and first == [batch["input_ids"].tolist() for batch in batches]
    batches.set_epoch(2)
    third = next(iter(batches))
    assert third["input_ids"].tolist() == stream(dataset, 2 * rows, 10) and third["position"] == 2 * rows + 10
    # The usual loop: the epoch that a state is in goes on where it was, the next begins at its beginning.
    resumed = PackedDataset(shards, 64, seed=7).batches(10)
    resumed.load_state_dict(batches.state_dict(third))
    resumed.set_epoch(2)
    assert next(iter(resumed))["position"] == 2 * rows + 20
    resumed.set_epoch(3)
    assert next(iter(resumed))["position"] == 3 * rows + 10
    endless = dataset.batches(10, endless=True)
    endless.set_epoch(0)
    crossing = [batch["position"] for batch in itertools.islice(endless, rows // 10 + 3)]
    assert crossing[-1] > rows


def test_what_does_not_belong_is_refused(shards: Path, tmp_path: Path) -> None:
    state = PackedDataset(shards, 64, seed=7).batches(2).state_dict()
    for other in (PackedDataset(shards, 64, seed=8), PackedDataset(shards, 64, "mlm", seed=7), PackedDataset(shards, 32, seed=7)):
        with pytest.raises(dataprep.ShardError):
            other.batches(2).load_state_dict(state)
    with pytest.raises(dataprep.ShardError):
        PackedDataset(tmp_path, 64)
    with pytest.raises(ValueError, match="no objective `casual`"):
        PackedDataset(shards, 64, "casual")
    with pytest.raises(dataprep.ShardError, match="no special token `mask`"):
        PackedDataset(shards, 64, special={"mask": 3})
    with pytest.raises(ValueError, match="rank below the world size"):
        PackedDataset(shards, 64).batches(2, rank=2, world_size=2)


def test_to_hf(shards: Path) -> None:
    datasets = pytest.importorskip("datasets")
    dataset = PackedDataset(shards, 64, seed=7)
    rows = dataset.to_hf(parts=5)
    assert isinstance(rows, datasets.IterableDataset) and rows.num_shards == 5
    assert [list(row["input_ids"]) for row in rows] == stream(dataset, 0, len(dataset))
