"""What benches/encode.rs measures, of gigatoken, tiktoken and Hugging Face tokenizers, on one thread.

usage: encode.py TEXTS.jsonl TOKENIZER... [--mb N]; TOKENIZER is a tokenizer.json or a rank file named r50k_base.tiktoken, cl100k_base.tiktoken
or o200k_base.tiktoken. Needs: pip install gigatoken tiktoken tokenizers. Ids are compared among the peers.
"""

import argparse
import os

os.environ.update(RAYON_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")

import json
import time
from pathlib import Path



def measure(name, encode, texts):
    """Two passes of an encoder; returns its ids."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    told = []
    for run in ("cold", "warm"):
        start = time.process_time()
        ids = [encode(text) for text in texts]
        told.append(f"{run} {size / (time.process_time() - start):.1f} MB/s")
    print(f"  {name}: {', '.join(told)} ({size:.1f} MB)", flush=True)
    return ids


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts")
    parser.add_argument("tokenizers", nargs="+")
    parser.add_argument("--mb", type=float, default=1e9, help="of the text, for gigatoken")
    parser.add_argument("--slow-mb", type=float, default=5, help="of the text, for tiktoken and tokenizers")
    options = parser.parse_args()
    texts, slow, size = [], [], 0
    for line in open(options.texts, encoding="utf-8"):
        text = json.loads(line)["text"]
        if size < options.mb * 1e6:
            texts.append(text)
        if size < options.slow_mb * 1e6:
            slow.append(text)
        size += len(text.encode())
    for path in options.tokenizers:
        print(path)
        answers = {}
        try:
            import gigatoken

            tokenizer = gigatoken.Tokenizer.from_tiktoken(path) if path.endswith(".tiktoken") else gigatoken.Tokenizer(path)
            ids = measure("gigatoken", tokenizer.encode, texts)
            answers["gigatoken"] = [list(map(int, row)) for row in ids[: len(slow)]]
        except Exception as fault:
            print(f"  gigatoken: {type(fault).__name__}: {str(fault)[:120]}")
        if path.endswith(".tiktoken"):
            import tiktoken
            from tiktoken.load import load_tiktoken_bpe
            from tiktoken_ext import openai_public

            def loaded(source, expected_hash=None):
                return load_tiktoken_bpe(path)

            openai_public.load_tiktoken_bpe = loaded
            openai_public.data_gym_to_mergeable_bpe_ranks = lambda **_: load_tiktoken_bpe(path)
            plan = openai_public.ENCODING_CONSTRUCTORS[Path(path).stem]()
            encoding = tiktoken.Encoding(**{**plan, "explicit_n_vocab": None})
            answers["tiktoken"] = measure("tiktoken", encoding.encode_ordinary, slow)
        else:
            import tokenizers

            tokenizer = tokenizers.Tokenizer.from_file(path)
            tokenizer.no_truncation()
            answers["tokenizers"] = measure("tokenizers", lambda text: tokenizer.encode(text, add_special_tokens=False).ids, slow)
        if len(answers) == 2:
            one, other = answers.values()
            print(f"  {sum(a != b for a, b in zip(one, other))} of {len(slow)} texts differ between {' and '.join(answers)}")


if __name__ == "__main__":
    main()
