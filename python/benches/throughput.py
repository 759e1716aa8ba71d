"""What the package costs beside the command: `extract` and `rules` on batches against the seconds that the same stages take in a run, one thread each, by turns.

    python benches/throughput.py --binary target/release/dataprep --pages DIR --texts FILE.jsonl.gz

and tokens a second of packed rows into PyTorch, with the memory of the process and its workers over an epoch:

    python benches/throughput.py --texts FILE.jsonl.gz --loader
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

import dataprep
import pyarrow as pa


def run(binary: str, folder: Path, source: dict[str, Any], stage: str) -> float:
    """Seconds that the stage takes in a run of its own."""
    (folder / "p.toml").write_text(
        f'[run]\noutput = "{folder}/out"\n[source]\n' + "".join(f"{key} = {json.dumps(value)}\n" for key, value in source.items()) + f'[[stage]]\n{stage}[[sink]]\nuse = "jsonl"\n'
    )
    subprocess.run([binary, "run", folder / "p.toml", "--threads", "1", "--quiet"], check=True)
    (timing,) = json.loads((folder / "out" / "timing.json").read_text())
    return sum(timing["stage_seconds"].values())


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(name: str, binary: str, size: int, rounds: int, source: dict[str, Any], stage: str, batch: Callable[[], object]) -> None:
    seconds: list[tuple[float, float]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            seconds.append((run(binary, Path(folder), source, stage), timed(batch)))
    rust, python = (min(times) for times in zip(*seconds))
    print(f"{name}: a run {size / rust / 1e6:.1f} MB/s, a batch {size / python / 1e6:.1f} MB/s, {100 * rust / python:.0f} % of it (best of {rounds})", flush=True)


def memory(process: int) -> int:
    """Bytes of a process and its children that are theirs alone, and their part of what they share."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(folder.name) == process or int(parent) == process:
                total += sum(int(line.split()[1]) for line in (folder / "smaps_rollup").read_text().splitlines() if line.startswith(("Pss_Anon", "Pss_Shmem")))
        except (OSError, ValueError):
            continue
    return 1024 * total


def loader(texts: list[str], workers: int, seq_len: int, batch_size: int) -> None:
    import os

    from dataprep.torch import PackedDataset
    from torch.utils.data import DataLoader

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "in.jsonl").open("w", encoding="utf-8") as file:
            for copy in range(12):
                for number, text in enumerate(texts):
                    print(json.dumps({"id": f"{copy}-{number}", "text": text}), file=file)
        pipeline = {
            "run": {"output": folder / "out"},
            "source": {"use": "jsonl", "path": folder / "in.jsonl"},
            "stage": [{"use": "tokenize", "tokenizer": "bytes"}],
            "sink": [{"use": "shards", "seq_len": seq_len}],
        }
        report = dataprep.run(pipeline)
        for objective in ("causal", "mlm"):
            batches = PackedDataset(folder / "out" / "shards", seq_len, objective, special={"mask": 256} if objective == "mlm" else None).batches(batch_size)
            loads = DataLoader(batches, batch_size=None, num_workers=workers, persistent_workers=True)
            for epoch in range(2):
                batches.set_epoch(epoch)
                tokens, seen, began = 0, [], time.perf_counter()
                for step, batch in enumerate(loads):
                    tokens += batch["input_ids"].numel()
                    if step % (len(batches) // 8) == len(batches) // 16:
                        seen.append(memory(os.getpid()) // 1_000_000)
                rate = tokens / (time.perf_counter() - began) / 1e6
                print(f"{objective}, epoch {epoch}: {rate:.1f} million tokens a second of {report.tokens_written:,}, {workers} workers; MB along the way: {seen}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="dataprep")
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--loader", action="store_true")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    texts = [json.loads(line)["text"] for line in gzip.open(given.texts, "rt", encoding="utf-8")]
    if given.loader:
        return loader(texts, given.workers, 2048, 32)
    size = sum(len(text.encode()) for text in texts)
    table = pa.table({"text": texts})
    source = {"use": "jsonl", "path": str(given.texts)}
    for name in ("gopher", "fineweb"):
        rules = dataprep.rules(name)
        compare(f"rules {name}", given.binary, size, given.rounds, source, f'use = "rules"\nset = "{name}"\n', lambda: rules.batch(table, threads=1))
    if given.pages:
        pages = [gzip.open(file).read() for file in sorted(given.pages.glob("*.html.gz"))]
        column = pa.table({"html": pages})
        source = {"use": "text", "path": str(given.pages)}
        compare("extract", given.binary, sum(map(len, pages)), given.rounds, source, 'use = "extract"\n', lambda: dataprep.extract.batch(column, threads=1))


if __name__ == "__main__":
    main()
