"""Filters of dataprep over a `datasets.Dataset`, on several processes.

    python examples/map_filters.py texts.jsonl cleaned
"""

from __future__ import annotations

import sys

import dataprep
from datasets import Dataset, load_dataset


def cleaned(dataset: Dataset, processes: int | None = None) -> Dataset:
    """The English texts that pass Gopher's rules, mended, with their language beside them."""
    repair = dataprep.stage("repair")
    english = dataprep.stage("language", keep=["en"])
    dataset = dataset.map(lambda rows: {"text": repair.map(rows)["text"]}, batched=True, num_proc=processes)
    dataset = dataset.map(english.map, batched=True, num_proc=processes).filter(english.keeps, batched=True, num_proc=processes)
    return dataset.filter(dataprep.rules("gopher").keeps, batched=True, num_proc=processes)


if __name__ == "__main__":
    source, target = sys.argv[1:]
    cleaned(load_dataset("json", data_files=source, split="train"), processes=2).save_to_disk(target)
