"""Small runs that the tests share: texts to shards with marks, preferences to shards of pairs."""

from __future__ import annotations

import json
from pathlib import Path

import dataprep
import pytest

PROSE = "The river {n} rises in the hills above the town and is crossed by a bridge that was built of stone. It has been mended {n} times since. 河流从山上流下来，经过这座城市。"


def write_texts(path: Path, documents: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for n in range(documents):
            print(json.dumps({"id": f"doc-{n}", "text": " ".join([PROSE.format(n=n)] * (1 + n % 4))}, ensure_ascii=False), file=file)
    return path


def shards_pipeline(texts: Path, output: Path, **sink: object) -> dict[str, object]:
    return {
        "run": {"output": output, "seed": 3},
        "source": {"use": "jsonl", "path": texts},
        "stage": [{"use": "tokenize", "tokenizer": "bytes", "marks": True}],
        "sink": [{"use": "shards", "mask": True, **sink}],
    }


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 texts of English and Chinese as bytes, packed to rows of 64."""
    folder = tmp_path_factory.mktemp("shards")
    report = dataprep.run(shards_pipeline(write_texts(folder / "in.jsonl", 200), folder / "out", seq_len=64))
    assert report.written == 200 and report.tokens_written > 50_000
    return folder / "out" / "shards"


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 preferences."""
    folder = tmp_path_factory.mktemp("pairs")
    with (folder / "in.jsonl").open("w") as file:
        for n in range(40):
            print(json.dumps({"prompt": f"Is {n} even?", "chosen": "Yes, or no.", "rejected": f"Go away {n}."}), file=file)
    special = ["<unk>", "</s>", "<|im_start|>", "<|im_end|>"]
    dataprep.run(
        {
            "run": {"output": folder / "out", "seed": 3},
            "source": {"use": "pairs", "path": folder / "in.jsonl"},
            "stage": [
                {"use": "learn_tokenizer", "name": "bpe", "model": "bpe", "vocab_size": 300, "special_tokens": special},
                {"use": "chat_template", "tokenizer": "stage:bpe", "template": "chatml"},
            ],
            "sink": [{"use": "shards", "seq_len": 300, "mask": True}],
        }
    )
    return folder / "out" / "shards"
