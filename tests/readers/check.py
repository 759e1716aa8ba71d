"""Opens every export of `dataprep shards export` with the library that reads it in training, and compares tokens, boundaries and masks.

    python -m venv VENV; VENV/bin/pip install -r tests/readers/requirements.txt; VENV/bin/pip install --no-deps mosaicml-streaming==0.13.0
    VENV/bin/python tests/readers/check.py target/release/dataprep WORK [--wide RANKS]

WORK is a folder that is emptied first; RANKS a tokenizer of more than 65,536 entries, for tokens of four bytes. Exit code 1 where anything differs.
"""
import argparse, glob, json, os, random, shutil, subprocess, sys, warnings

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import numpy as np
import pyarrow as pa
import xxhash

SEQ_LEN = 64
DTYPES = {"u16": np.dtype("<u2"), "u32": np.dtype("<u4")}


def run(*arguments):
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stderr}")
    return done.stdout


class Set:
    """A shard set read with numpy and pyarrow alone: what the readers must give back."""

    def __init__(self, folder):
        self.manifest = json.load(open(f"{folder}/manifest.json"))
        self.dtype = DTYPES[self.manifest["dtype"]]
        self.parts, self.documents, self.masks, every, every_mask = [], [], [], [], []
        for part in self.manifest["parts"]:
            tokens = np.fromfile(f"{folder}/{part['payload']['name']}", self.dtype)
            marks = np.fromfile(f"{folder}/{part['mask']['name']}", "u1") if "mask" in part else None
            mask = marks & 1 if marks is not None else None
            ends = pa.ipc.open_file(f"{folder}/{part['docs']['name']}").read_all()["end"].to_pylist()
            every += [tokens[start:end] for start, end in zip([0] + ends, ends)]
            every_mask += [mask[start:end] if mask is not None else None for start, end in zip([0] + ends, ends)]
            spans = [(start, end) for start, end in zip([0] + ends, ends) if end > start]
            self.parts.append((part["name"], tokens, spans, marks))
            self.documents += [tokens[start:end] for start, end in spans]
            self.masks += [mask[start:end] for start, end in spans] if mask is not None else []
        rows = pa.ipc.open_file(f"{folder}/{self.manifest['packs'][0]['file']['name']}").read_all()["spans"].to_pylist()
        piece = lambda of, span: of[span["document"]][span["start"] : span["start"] + span["length"]]
        self.rows = [[piece(every, span) for span in spans] for spans in rows]
        if self.masks:
            self.rows = [row + [piece(every_mask, span) for span in spans] for row, spans in zip(self.rows, rows)]


def mask_some(folder):
    """Takes every third token out of the loss, as fine-tuning data has it, and mends the hashes."""
    path = f"{folder}/manifest.json"
    manifest = json.load(open(path))
    for part in manifest["parts"]:
        name = f"{folder}/{part['mask']['name']}"
        mask = np.fromfile(name, "u1")
        mask[::3] &= 0xFE
        mask.tofile(name)
        part["mask"]["xxh3"] = xxhash.xxh3_128_hexdigest(mask.tobytes())
    manifest["xxh3"] = "0" * 32
    plain = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    digest = xxhash.xxh3_128_hexdigest(plain.encode())
    open(path, "w").write(plain.replace(f'"xxh3": "{"0" * 32}"\n}}', f'"xxh3": "{digest}"\n}}'))


def equal(found, wanted, what):
    found, wanted = list(found), list(wanted)
    assert len(found) == len(wanted), f"{what}: {len(found)} where {len(wanted)} are wanted"
    for number, (one, other) in enumerate(zip(found, wanted)):
        assert np.array_equal(np.asarray(one), np.asarray(other)), f"{what}: number {number} differs"


def megatron(out, wanted, rows):
    from megatron.core.datasets.indexed_dataset import IndexedDataset

    found, starts = [], []
    for name, _, spans, _ in wanted.parts:
        for mmap in (True, False):
            data = IndexedDataset(f"{out}/{name}", mmap=mmap)
            documents = [data[number] for number in range(len(data))]
            equal(data.document_indices, range(len(spans) + 1), "document indices")
        found += documents
    equal(found, wanted.documents, "documents")
    return "IndexedDataset, mapped and not"


def megatron_sentences(out, wanted, rows):
    from types import SimpleNamespace

    import torch
    from megatron.core.datasets.bert_dataset import BERTMaskedWordPieceDataset, BERTMaskedWordPieceDatasetConfig
    from megatron.core.datasets.indexed_dataset import IndexedDataset
    from megatron.core.datasets.utils import Split

    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    special = wanted.manifest["special"]
    around = [special[role] for role in ("bos", "cls", "eos", "pad", "sep") if role in special]
    pairs = 0
    for name, tokens, spans, marks in wanted.parts:
        sentences, starts = [], [0]
        for start, end in spans:
            while start < end and tokens[start] in around:
                start += 1
            while start < end and tokens[end - 1] in around:
                end -= 1
            if start < end:
                cuts = [start, *(at for at in range(start + 1, end) if marks[at] & 2), end]
                sentences += [tokens[one:other] for one, other in zip(cuts, cuts[1:])]
                starts.append(len(sentences))
        for mmap in (True, False):
            data = IndexedDataset(f"{out}/{name}", mmap=mmap)
            equal([data[number] for number in range(len(data))], sentences, "sentences")
            equal(data.document_indices, starts, "document indices")
        # Its own dataset over the index: what it draws is [CLS] A [SEP] B [SEP], of which A and B are neighbours of one document.
        id_of = lambda role: special[role]
        vocabulary = {str(number): number for number in range(wanted.manifest["vocab_size"])}
        tokenizer = SimpleNamespace(
            inv_vocab={number: text for text, number in vocabulary.items()}, vocab=vocabulary, vocab_size=len(vocabulary), unique_identifiers={},
            cls=id_of("cls"), sep=id_of("sep"), pad=id_of("pad"), mask=id_of("mask"),
        )
        config = BERTMaskedWordPieceDatasetConfig(
            random_seed=1, sequence_length=SEQ_LEN, split="1,0,0", tokenizer=tokenizer, path_to_cache=f"{out}-cache", classification_head=True,
            masking_probability=0.15, short_sequence_probability=0.0, masking_max_ngram=1, masking_do_full_word=False, masking_do_permutation=False,
            masking_use_longer_ngrams=False, masking_use_geometric_distribution=False,
        )
        documents = np.arange(len(starts) - 1, dtype=np.int32)
        drawn = BERTMaskedWordPieceDataset(IndexedDataset(f"{out}/{name}"), f"{out}/{name}", documents, 100, Split.train, config)
        for number in range(len(drawn)):
            first, last, _ = drawn.sample_index[number]
            assert any(one <= first and last <= other for one, other in zip(starts, starts[1:])), "a sample crosses documents"
            item = drawn[number]
            # With what is masked put back.
            text = np.where(item["loss_mask"] == 1, item["labels"], item["text"]).tolist()
            assert text[0] == tokenizer.cls and text.count(tokenizer.cls) == 1 and text.count(tokenizer.sep) == 2, text
            pairs += 1
    assert pairs > 0, "no sample was drawn"
    return f"IndexedDataset by sentences; BERTMaskedWordPieceDataset, {pairs} pairs"


def datatrove(out, wanted, rows):
    from datatrove.pipeline.tokens import DocumentTokenizerMerger
    from datatrove.utils.dataset import DatatroveFolderDataset

    data = DatatroveFolderDataset(out, seq_len=SEQ_LEN, recursive=False, token_size=wanted.dtype.itemsize, return_positions=True)
    windows, positions = [], []
    for _, tokens, spans, _ in wanted.parts:
        places = np.concatenate([np.arange(end - start) for start, end in spans])
        for start in range(0, len(tokens) - SEQ_LEN, SEQ_LEN + 1):
            windows.append(tokens[start : start + SEQ_LEN + 1])
            # Its positions begin anew at each window, too.
            positions.append(np.minimum(places[start : start + SEQ_LEN + 1], np.arange(SEQ_LEN + 1)))
    items = [data[number] for number in range(len(data))]
    equal([item["input_ids"] for item in items], windows, "windows")
    equal([item["positions"] for item in items], positions, "positions")
    masked = bool(wanted.masks)
    merged = f"{out}-merged"
    DocumentTokenizerMerger(out, merged, "all", shuffle=False, save_loss_metadata=masked, progress=False).run()
    files = sorted(glob.glob(f"{merged}/*.ds"))
    equal(np.concatenate([np.fromfile(file, wanted.dtype) for file in files]), np.concatenate(wanted.documents), "merged tokens")
    ends = np.concatenate([np.fromfile(f"{file}.index", "<u8") for file in files])
    equal(ends, np.cumsum([len(document) for document in wanted.documents]), "merged ends")
    if masked:
        loss = np.concatenate([np.fromfile(f"{file}.loss", "u1") for file in files])
        equal(loss, np.concatenate(wanted.masks), "merged loss")
    return "DatatroveFolderDataset with positions; DocumentTokenizerMerger" + (" with loss" if masked else "")


def olmo(out, wanted, rows):
    from olmo_core.data import NumpyDatasetDType, NumpyFSLDatasetConfig, TokenizerConfig
    from olmo_core.data.utils import iter_document_indices

    names = [f"{out}/{name}" for name, *_ in wanted.parts]
    for name, (_, _, spans, _) in zip(names, wanted.parts):
        equal(list(iter_document_indices(f"{name}.npy", use_array_if_local=False)), spans, "document indices")
    masked = bool(wanted.masks)
    config = NumpyFSLDatasetConfig(
        paths=[f"{name}.npy" for name in names],
        label_mask_paths=[f"{name}.mask.npy" for name in names] if masked else None,
        sequence_length=SEQ_LEN,
        tokenizer=TokenizerConfig(vocab_size=wanted.manifest["vocab_size"], eos_token_id=0, pad_token_id=0),
        dtype=NumpyDatasetDType.uint16 if wanted.dtype.itemsize == 2 else NumpyDatasetDType.uint32,
        work_dir=f"{out}-work",
    )
    data = config.build()
    data.prepare()
    windows = lambda arrays: [array[at : at + SEQ_LEN] for array in arrays for at in range(0, len(array) - SEQ_LEN + 1, SEQ_LEN)]
    items = [data[number] for number in range(len(data))]
    equal([item["input_ids"].numpy() for item in items], windows([tokens for _, tokens, _, _ in wanted.parts]), "instances")
    if masked:
        equal([item["label_mask"].numpy() for item in items], windows([(marks & 1).astype(bool) for *_, marks in wanted.parts]), "label masks")
    return "NumpyFSLDataset; iter_document_indices" + (" with label masks" if masked else "")


def mds(out, wanted, rows):
    import streaming

    streaming.base.util.clean_stale_shared_memory()
    data = streaming.StreamingDataset(local=out, shuffle=False, batch_size=1)
    items = [data[number] for number in range(len(data))]
    if rows:
        columns = ["tokens", "loss"] if wanted.masks else ["tokens"]
        cut = lambda item, column: [item[column][start:end] for start, end in zip(item["cu_seqlens"], item["cu_seqlens"][1:])]
        same_rows([sum((cut(item, column) for column in columns), []) for item in items], wanted)
    else:
        equal([item["tokens"] for item in items], wanted.documents, "samples")
        if wanted.masks:
            equal([item["loss"] for item in items], wanted.masks, "loss")
    return "StreamingDataset"


def litdata(out, wanted, rows):
    from litdata import StreamingDataset
    from litdata.streaming.item_loader import TokensLoader

    data = StreamingDataset(out, item_loader=TokensLoader(block_size=SEQ_LEN), shuffle=False, drop_last=False)
    tokens = np.concatenate(wanted.documents)
    whole = len(tokens) // SEQ_LEN * SEQ_LEN
    equal([np.asarray(data[number]) for number in range(len(data))], tokens[:whole].reshape(-1, SEQ_LEN), "blocks")
    return "StreamingDataset with TokensLoader"


def table(data, wanted, rows):
    if rows:
        columns = ["input_ids", "loss_mask"] if wanted.masks else ["input_ids"]
        cut = lambda item, column: np.split(np.asarray(item[column]), np.cumsum(item["seq_lens"])[:-1])
        same_rows([sum((cut(item, column) for column in columns), []) for item in data], wanted)
    else:
        data = list(data)
        equal([item["input_ids"] for item in data], wanted.documents, "documents")
        if wanted.masks:
            equal([item["loss_mask"] for item in data], wanted.masks, "loss masks")


def parquet(out, wanted, rows):
    from datasets import load_dataset

    files = sorted(glob.glob(f"{out}/*.parquet"))
    load = lambda streaming: load_dataset("parquet", data_files=files, split="train", streaming=streaming, cache_dir=f"{out}-cache")
    table(load(True), wanted, rows)
    table(load(False), wanted, rows)
    return "load_dataset, streaming and not"


def arrow(out, wanted, rows):
    from datasets import Dataset, concatenate_datasets, load_from_disk

    table(load_from_disk(out), wanted, rows)
    table(concatenate_datasets([Dataset.from_file(file) for file in sorted(glob.glob(f"{out}/*.arrow"))]), wanted, rows)
    return "load_from_disk, Dataset.from_file"


def nanogpt(out, wanted, rows):
    equal(np.memmap(f"{out}/train.bin", dtype=np.uint16, mode="r"), np.concatenate(wanted.documents), "tokens")
    return "numpy, as its training script"


def llmc(out, wanted, rows):
    found = []
    for file in sorted(glob.glob(f"{out}/*_train_*.bin")):
        header = np.fromfile(file, "<i4", 256)
        assert (header[0], header[1]) == ((20240520, 1) if wanted.dtype.itemsize == 2 else (20240801, 7))
        tokens = np.fromfile(file, wanted.dtype, offset=1024)
        assert header[2] == len(tokens)
        found.append(tokens)
    equal(np.concatenate(found), np.concatenate(wanted.documents), "tokens")
    return "numpy, as its loader"


def same_rows(found, wanted):
    """Rows as lists of pieces, those of the mask after those of the tokens. They come in the order of the seed; the list stores them in another."""
    key = lambda row: b"|".join(np.asarray(piece).astype("<u4").tobytes() for piece in row)
    assert sorted(map(key, found)) == sorted(map(key, wanted.rows)), "the rows differ"


BERT = '[[stage]]\nuse = "learn_tokenizer"\nname = "bert"\nmodel = "wordpiece"\nvocab_size = 60\n'


def check(binary, work, name, tokenizer, masked, sentences=False):
    run_dir = f"{work}/{name}"
    mask = "mask = true\n" if masked or sentences else ""
    pipeline = (
        f'[run]\noutput = "{run_dir}"\n[source]\nuse = "jsonl"\npath = "{work}/in"\n{BERT if sentences else ""}'
        f'[[stage]]\nuse = "tokenize"\ntokenizer = "{tokenizer}"\n{"marks = true" if sentences else ""}\n'
        f'[[sink]]\nuse = "shards"\nseq_len = {SEQ_LEN}\n{mask}'
    )
    open(f"{work}/{name}.toml", "w").write(pipeline)
    run(binary, "run", f"{work}/{name}.toml", "--quiet")
    if masked:
        mask_some(f"{run_dir}/shards")
    run(binary, "shards", "verify", run_dir)
    wanted = Set(f"{run_dir}/shards")
    wide = wanted.dtype.itemsize == 4
    maskless = [] if masked else [megatron, litdata, llmc] + ([] if wide else [nanogpt])
    failed = 0
    readers = [(reader, False) for reader in maskless + [datatrove, olmo, mds, parquet, arrow]] + [(reader, True) for reader in [mds, parquet, arrow]]
    for reader, rows in [(megatron_sentences, False)] if sentences else readers:
        out = f"{work}/{name}-{reader.__name__}{'-rows' if rows else ''}"
        run(binary, "shards", "export", run_dir, "--to", reader.__name__.replace("_", "-"), "--out", out, *(["--rows", SEQ_LEN] if rows else []))
        what = f"{name:<7} {reader.__name__:<18} {'rows' if rows else 'documents':<10}"
        try:
            print(f"{what} equal   {reader(out, wanted, rows)}", flush=True)
        except Exception as error:
            failed += 1
            print(f"{what} DIFFERS {type(error).__name__}: {error}", flush=True)
    tokens = sum(map(len, wanted.documents))
    print(f"{name}: {len(wanted.documents)} documents, {tokens} tokens of {wanted.dtype}, {len(wanted.parts)} parts", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("work")
    parser.add_argument("--wide")
    arguments = parser.parse_args()
    work = os.path.abspath(arguments.work)
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(f"{work}/in")
    draw = random.Random(7)
    words = ["river", "мост", "桥梁", "and", "é", "0", ".", "\n"]
    for name, documents in [("a", 120), ("b", 80)]:
        with open(f"{work}/in/{name}.jsonl", "w") as file:
            for number in range(documents):
                text = " ".join(draw.choices(words, k=draw.choice([0, 1, 5, 30, 200])))
                file.write(json.dumps({"id": f"{name}{number}", "url": f"https://{name}.example/{number},x", "text": text}) + "\n")
    failed = check(arguments.binary, work, "narrow", "bytes", False) + check(arguments.binary, work, "masked", "bytes", True)
    failed += check(arguments.binary, work, "bert", "stage:bert", False, sentences=True)
    if arguments.wide:
        failed += check(arguments.binary, work, "wide", os.path.abspath(arguments.wide), False)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
