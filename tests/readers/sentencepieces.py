"""Holds BPE and unigram models of SentencePiece, read as they are, against the package: ids of texts of every kind.

    python -m venv VENV; VENV/bin/pip install sentencepiece==0.2.3 protobuf numpy pyarrow
    VENV/bin/python tests/readers/sentencepieces.py target/release/dataprep WORK [TEXTS...]

WORK is a folder that is emptied first; TEXTS are JSON lines with `text`, learnt from and encoded beside what is made here. Exit code 1 where an id differs, save for unigram models with
pieces of the user's: what these cost there is not known, and of cuts that cost the same another may be found (6 of 250 made-up texts, most of them runs of `=`).
"""
import io, json, os, pathlib, random, re, shutil, subprocess, sys

import numpy as np
import pyarrow as pa
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

# Every fifth piece of two characters or more is without use in these.
UNUSED = "with unused pieces"
OPTIONS = {
    "plain": {},
    "bytes": {"byte_fallback": True},
    "as Llama 2": {"byte_fallback": True, "normalization_rule_name": "identity", "remove_extra_whitespaces": False, "split_digits": True, "allow_whitespace_only_pieces": True},
    "without the first space": {"add_dummy_prefix": False},
    "of whole lines": {"split_by_whitespace": False},
    "with the user's pieces": {"user_defined_symbols": ["<sep>", "中文", "aab", "=====", "a  b"]},
    "with the user's pieces and no first space": {"user_defined_symbols": ["<sep>", "的", "aa", "e i"], "add_dummy_prefix": False, "remove_extra_whitespaces": False},
    UNUSED: {},
    f"{UNUSED} in bytes": {"byte_fallback": True},
}


def unused(model):
    """The model with every fifth piece of two characters or more without use."""
    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    for piece in [piece for piece in proto.pieces if piece.type == piece.NORMAL and len(piece.piece) > 1][::5]:
        piece.type = piece.UNUSED
    return proto.SerializeToString()


def made(count):
    dice = random.Random(5)
    letters = "aabcdeeeinorst,.-=  \n\t0123éß中文的河桥かな🦀\u200d\ufb01Å"
    return ["".join(dice.choice(letters) for _ in range(dice.randint(1, 60))) for _ in range(count)] + ["=" * n for n in range(1, 40)] + [f"x{'aab' * n}<sep>中文{' ' * n}aab a  b" for n in range(20)] + ["a" * n + " " * n + "b" for n in range(1, 20)]


def main(binary, work, *files):
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    texts = made(2000)
    for file in files:
        texts += [json.loads(line)["text"][:3000] for line in open(file, encoding="utf-8")][:500]
    # SentencePiece reads lines, and a NUL ends its texts.
    texts = [text.replace("\x00", " ") for text in texts]
    differing = 0
    for kind in ["bpe", "unigram"]:
        for name, options in OPTIONS.items():
            folder = f"{work}/{kind}-{re.sub('[^a-z]+', '-', name.lower())}"
            os.makedirs(folder)
            model = io.BytesIO()
            lines = (line for text in texts for line in text.split("\n") if line)
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=lines, model_writer=model, model_type=kind, vocab_size=2000, hard_vocab_limit=False, character_coverage=0.995, minloglevel=2, **options
            )
            model = unused(model.getvalue()) if name.startswith(UNUSED) else model.getvalue()
            pathlib.Path(f"{folder}/m.model").write_bytes(model)
            pathlib.Path(f"{folder}/in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
            toml = f"""[run]\noutput = "{folder}/out"\n[source]\nuse = "jsonl"\npath = "{folder}/in.jsonl"\n[[stage]]\nuse = "tokenize"\ntokenizer = "{folder}/m.model"
special_tokens = false\n[[sink]]\nuse = "shards"\n"""
            pathlib.Path(f"{folder}/p.toml").write_text(toml)
            done = subprocess.run([binary, "run", f"{folder}/p.toml", "--quiet"], capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"{kind}, {name}: {done.stderr}")
            part = json.load(open(f"{folder}/out/shards/manifest.json"))["parts"][0]
            ids = np.fromfile(f"{folder}/out/shards/{part['payload']['name']}", "<u2").tolist()
            package = sentencepiece.SentencePieceProcessor(model_proto=model)
            ends = pa.ipc.open_file(f"{folder}/out/shards/{part['docs']['name']}").read_all()["end"].to_pylist()
            found = [ids[start:end] for start, end in zip([0] + ends, ends)]
            unequal = [text for text, ours in zip(texts, found, strict=True) if package.encode(text) != ours]
            print(f"{kind}, {name}: {len(texts) - len(unequal)} of {len(texts)} texts equal{f', the first that is not: {unequal[0][:80]!r}' if unequal else ''}")
            differing += 0 if kind == "unigram" and "user" in name else len(unequal)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
