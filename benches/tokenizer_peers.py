"""Tokenizer training beside the peers: seconds of CPU, peak memory, and whether the result is as good.

usage: tokenizer_peers.py DATAPREP TEXTS.jsonl [--mb 50] [--vocab 32000] [--held-out 0.05]

DATAPREP is the binary, TEXTS.jsonl has a `text` a line. Needs tokenizers, gigatoken and sentencepiece from PyPI. Every trainer is a process of its own on
one thread and reads the same texts (without a document's share of held-out ones); its time includes reading. For BPE the merges are compared with those of
Hugging Face, for unigram models the log-likelihood of the best cut a character on the held-out texts, by one and the same search for all. Unigram
trainers get a line a text, which is how SentencePiece reads; ours spends 256 of its entries on bytes, which theirs do not."""
import argparse, json, math, os, resource, subprocess, sys, tempfile, time
from pathlib import Path

os.environ.update(RAYON_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")


def hf(kind, texts, out, size):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    if kind == "bpe":
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=2, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    elif kind == "wordpiece":
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        made.normalizer = normalizers.BertNormalizer()
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=size, min_frequency=2, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False)
    else:
        made = Tokenizer(models.Unigram())
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=size, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False)
    made.train_from_iterator(read(texts), trainer)
    made.save(out)


def sentencepiece(texts, out, size):
    import sentencepiece as spm

    spm.SentencePieceTrainer.train(sentence_iterator=read(texts), model_prefix=out, vocab_size=size, model_type="unigram", character_coverage=1.0, num_threads=1,
                                   normalization_rule_name="identity", remove_extra_whitespaces=False, max_sentence_length=1 << 20, minloglevel=2,
                                   split_by_unicode_script=False, split_by_number=False)


def giga(texts, out, size):
    import gigatoken

    # Documents are parted by the special token, which is what its source of text files cuts at.
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("<|endoftext|>".join(read(texts)))
        file.flush()
        begin = time.process_time()
        made = gigatoken.train_bpe(file.name, size, ["<|endoftext|>"])
        print(f"  gigatoken's call alone: {time.process_time() - begin:.2f} s", flush=True)
    merges = [[part.decode("latin-1") for part in merge] for merge in made[1]] if isinstance(made, tuple) else None
    Path(out).write_text(json.dumps(merges))


def read(path):
    with open(path, encoding="utf8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def pieces(path):
    """Piece and log-probability of a unigram model, special tokens and bytes left out."""
    if path.endswith(".vocab"):
        rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf8")]
        return {piece: float(score) for piece, score in rows if not (piece.startswith("<") and piece.endswith(">"))}
    vocab = json.load(open(path, encoding="utf8"))["model"]["vocab"]
    return {piece: score for piece, score in vocab if not (piece.startswith("<") and piece.endswith(">"))}


def likelihood(scores, texts, letters):
    total = math.log(sum(math.exp(score) for score in scores.values()))
    memo, sum_, length = {}, 0.0, 0
    for text in texts:
        for line in text.split("\n"):
            for word in ("▁" + line.lstrip(" ")).replace(" ", "\n▁").split("\n") if line.strip() else []:
                if not set(word) <= letters:
                    continue
                if word not in memo:
                    best = [0.0] + [-1e300] * len(word)
                    for to in range(1, len(word) + 1):
                        for start in range(max(0, to - 16), to):
                            score = scores.get(word[start:to])
                            if score is not None and best[start] + score - total > best[to]:
                                best[to] = best[start] + score - total
                    memo[word] = best[-1]
                sum_, length = sum_ + memo[word], length + len(word)
    return sum_ / length


def main():
    p = argparse.ArgumentParser()
    p.add_argument("dataprep"), p.add_argument("texts")
    p.add_argument("--mb", type=float, default=50), p.add_argument("--vocab", type=int, default=32000), p.add_argument("--held-out", type=float, default=0.05)
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as dir:
        texts, lines, held, size, every = f"{dir}/texts.jsonl", f"{dir}/lines.jsonl", [], 0, round(1 / a.held_out)
        with open(texts, "w", encoding="utf8") as out, open(lines, "w", encoding="utf8") as out_lines:
            for i, text in enumerate(read(a.texts)):
                if i % every == 0:
                    held.append(text)
                else:
                    out.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
                    for line in text.split("\n"):
                        if line.strip():
                            out_lines.write(json.dumps({"text": line}, ensure_ascii=False) + "\n")
                    size += len(text.encode())
                if size > a.mb * 1e6:
                    break

        def run(name, command):
            pid = os.fork()
            if pid == 0:
                os.execvp(command[0], command)
            _, status, used = os.wait4(pid, 0)
            cpu = used.ru_utime + used.ru_stime
            print(f"{name}: {size / 1e6:.1f} MB, cpu {cpu:.2f} s, {size / 1e6 / cpu:.2f} MB/s, peak {used.ru_maxrss / 1024:.0f} MiB{'' if status == 0 else ', FAILED'}", flush=True)
            return status == 0

        for kind in ["bpe", "wordpiece", "unigram"]:
            print(f"-- {kind}, {a.vocab} entries", flush=True)
            texts = lines if kind == "unigram" else texts
            run("ours", [a.dataprep, "learn-tokenizer", texts, "--model", kind, "--out", f"{dir}/ours-{kind}.json", "--vocab-size", str(a.vocab)])
            run("tokenizers", [sys.executable, __file__, "--peer", "hf", kind, texts, f"{dir}/hf-{kind}.json", str(a.vocab)])
            ours, theirs = (json.load(open(f"{dir}/{who}-{kind}.json", encoding="utf8")) for who in ["ours", "hf"])
            if kind == "bpe":
                same = sum(x == y for x, y in zip(ours["model"]["merges"], theirs["model"]["merges"]))
                print(f"merges in the same place: {same} of {len(ours['model']['merges'])} and {len(theirs['model']['merges'])}")
                run("gigatoken", [sys.executable, __file__, "--peer", "gigatoken", kind, texts, f"{dir}/giga.json", str(a.vocab)])
            elif kind == "wordpiece":
                print(f"pieces in both: {len(ours['model']['vocab'].keys() & theirs['model']['vocab'].keys())} of {len(ours['model']['vocab'])}")
            else:
                models = {"ours": pieces(f"{dir}/ours-unigram.json"), "tokenizers": pieces(f"{dir}/hf-unigram.json")}
                if run("sentencepiece", [sys.executable, __file__, "--peer", "sentencepiece", kind, texts, f"{dir}/spm", str(a.vocab)]):
                    models["sentencepiece"] = pieces(f"{dir}/spm.vocab")
                letters = set.intersection(*({piece for piece in scores if len(piece) == 1} for scores in models.values()))
                for name, scores in models.items():
                    print(f"{name}: {len(scores)} pieces, held-out log-likelihood {likelihood(scores, held, letters):.4f} nats a character", flush=True)


if sys.argv[1:2] == ["--peer"]:
    peer, kind, texts, out, size = sys.argv[2:]
    {"hf": lambda: hf(kind, texts, out, int(size)), "sentencepiece": lambda: sentencepiece(texts, out, int(size)), "gigatoken": lambda: giga(texts, out, int(size))}[peer]()
else:
    main()
