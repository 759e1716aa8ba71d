"""The examples run, and what they show is so. Skipped where what they are about is not installed."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import PROSE

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(autouse=True)
def examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))


def test_a_small_gpt_learns_and_goes_on(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    import nanogpt

    torch.set_num_threads(1)

    def train(out: str, steps: int) -> list[float]:
        small = "--seq-len 64 --batch 4 --layers 2 --heads 2 --width 32 --save-every 20 --workers 1 --learning-rate 0.003".split()
        monkeypatch.setattr(sys, "argv", ["nanogpt.py", str(shards), "--out", str(tmp_path / out), "--steps", str(steps), *small])
        return nanogpt.main()

    whole = train("whole", 40)
    assert whole[0] > 5 and whole[-1] < 3.5
    halves = train("halves", 20) + train("halves", 40)
    assert halves == pytest.approx(whole, abs=1e-4)


def test_the_loops_of_happy_llm_get_their_tensors(shards: Path) -> None:
    torch = pytest.importorskip("torch")
    from happy_llm import PackedRows
    from torch.utils.data import DataLoader

    rows = PackedRows(str(shards), max_length=64)
    loader = DataLoader(rows, batch_size=3, shuffle=True, num_workers=1)
    for X, Y, loss_mask in loader:
        assert X.shape == Y.shape == loss_mask.shape and X.dtype == Y.dtype == loss_mask.dtype == torch.int64
        # As the course's loop weighs the loss.
        loss = torch.nn.functional.cross_entropy(torch.zeros(Y.numel(), 256), Y.view(-1), reduction="none")
        weighed = torch.sum(loss * loss_mask.view(-1)) / loss_mask.sum()
        assert weighed.item() == pytest.approx(math.log(256), rel=1e-4)
    X, Y, loss_mask = rows[0]
    assert 0 < int(loss_mask.sum()) <= 64 and (X[1:][loss_mask[:-1] == 1] == Y[:-1][loss_mask[:-1] == 1]).float().mean() > 0.9


def test_filters_over_datasets() -> None:
    datasets = pytest.importorskip("datasets")
    from map_filters import cleaned

    english = " ".join(PROSE.split("河")[0].format(n=n) for n in range(4))
    texts: list[Any] = [english, None, "too short", "Der Fluss entspringt in den Hügeln über der Stadt. " * 12, english.replace("stone", "stoneâ€™s")]
    kept = cleaned(datasets.Dataset.from_dict({"text": texts}))
    assert list(kept["lang"]) == ["en", "en"]
    assert "stone’s" in list(kept["text"])[1]
