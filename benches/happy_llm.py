"""Rows of 512 as the course Happy-LLM makes them (chapter 5: texts cut every 512 characters, a piece a row behind `<|im_start|>`, padded) beside
those of pipelines/happy-llm-pretrain.toml, over the same texts with the same tokenizer.

    dataprep run pipelines/happy-llm-pretrain.toml --set source.path=TEXTS --set run.output=OUT
    python benches/happy_llm.py TEXTS OUT          # needs: pip install tokenizers

TEXTS is JSON lines with `text`, plain or gzip. The course's way gets every text, ours what its filters keep; shares and tokens a row are of each one's own rows.
"""

import gzip
import json
import pathlib
import sys

from tokenizers import Tokenizer

ROW = 512


def texts(path):
    opened = gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8")
    with opened as lines:
        yield from (json.loads(line)["text"] for line in lines)


def main(path, out):
    out = pathlib.Path(out)
    tokenizer = Tokenizer.from_file(str(out / "artifacts/bpe/tokenizer.json"))
    rows = tokens = lost = 0
    for text in texts(path):
        pieces = [text[at : at + ROW] for at in range(0, len(text), ROW)]
        for encoding in tokenizer.encode_batch(["<|im_start|>" + piece for piece in pieces]):
            rows += 1
            tokens += min(len(encoding.ids), ROW)
            lost += max(len(encoding.ids) - ROW, 0)
    print(f"course: {rows} rows, padding {1 - tokens / (rows * ROW):.4f}, {tokens / rows:.1f} tokens a row, {lost} tokens lost behind the row's end")
    pack = next(pack for pack in json.loads((out / "shards/manifest.json").read_text())["packs"] if pack["seq_len"] == ROW)["stats"]
    full = pack["tokens"] / pack["rows"]
    print(f"ours:   {pack['rows']} rows, padding {pack['padding'] / (pack['rows'] * ROW):.4f}, {full:.1f} tokens a row, {pack['needless_cuts']} needless cuts")
    print(f"tokens a row against the course's: {full * rows / tokens:.2f}")


main(*sys.argv[1:])
