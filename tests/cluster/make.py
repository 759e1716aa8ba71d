"""Writes an input and a pipeline with every kind of barrier into a folder: texts of fixtures/prose, varied, with copies and near copies among them."""

import json
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

STAGES = """
[[stage]]
use = "language"

[[stage]]
use = "dedup_exact"

[[stage]]
use = "dedup_minhash"
index = true

[[stage]]
use = "classify"
keep_share = 0.95

[[stage]]
use = "dedup_lines"
min_copies = 20

[[stage]]
use = "dedup_substring"
min_bytes = 200

[[stage]]
use = "bloom"

[[stage]]
use = "perplexity"
model = "LM"
keep = "head"
head = 0.95

[[stage]]
use = "learn_tokenizer"
name = "bpe"
model = "bpe"
vocab_size = 4000

[[stage]]
use = "tokenize"
tokenizer = "stage:bpe"

[[sink]]
use = "jsonl"

[[sink]]
use = "shards"
seq_len = 512
"""


def make(folder: pathlib.Path, documents: int) -> pathlib.Path:
    """Writes `p.toml`, whose output is `out` unless `--set run.output=...` says otherwise."""
    lots = random.Random(3)
    sentences = [s for path in sorted((ROOT / "fixtures/prose").glob("en-*.md")) for s in path.read_text().replace("\n", " ").split(". ") if len(s) > 30]
    texts: list[str] = []
    for number in range(documents):
        kind = number % 10
        if kind == 8 and texts:
            texts.append(lots.choice(texts))
        elif kind == 9 and texts:
            texts.append(lots.choice(texts) + " And so on.")
        else:
            words = " ".join(". ".join(lots.choices(sentences, k=lots.randint(5, 60))).split())
            texts.append("\n".join(line + f". Number {lots.randrange(10**6)}" for line in words.split(". ")))
    (folder / "in").mkdir(parents=True, exist_ok=True)
    for file in range(12):
        with open(folder / "in" / f"{file:02}.jsonl", "w") as out:
            for number, text in enumerate(texts[file::12]):
                out.write(json.dumps({"id": f"{file}-{number}", "text": text}) + "\n")
    stages = STAGES.replace("LM", str(ROOT / "fixtures/lm/tiny.arpa"))
    head = f'[run]\noutput = "{folder}/out"\npart = "2 MB"\n\n[source]\nuse = "jsonl"\npath = "{folder}/in/*"\n'
    path = folder / "p.toml"
    path.write_text(head + stages)
    return path


if __name__ == "__main__":
    print(make(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
