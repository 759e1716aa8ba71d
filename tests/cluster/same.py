"""Compares two finished runs: documents, shards, samples of what was dropped, artifacts and reports must be the same, byte for byte."""

import hashlib
import pathlib
import sys

WHAT = ("docs", "shards", "dropped", "artifacts", "report.json")


def digests(run: pathlib.Path) -> dict[str, str]:
    """The hash of every file, by its name in the run."""
    files = [path for name in WHAT for path in ((run / name).rglob("*") if (run / name).is_dir() else [run / name]) if path.is_file()]
    return {str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def compare(one: pathlib.Path, two: pathlib.Path) -> None:
    """Raises where they differ, and where there is nothing to compare."""
    left, right = digests(one), digests(two)
    assert all(any(name.startswith(what) for name in left) for what in WHAT), sorted(left)
    differing = sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))
    assert not differing, differing
    left_over = [name for name in ("tmp", "spool", "tasks") if (two / name).exists()]
    assert not left_over, left_over
    print(f"{len(left)} files are the same")


if __name__ == "__main__":
    compare(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
