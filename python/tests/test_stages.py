"""Stages, MinHash and tokenizers as functions: over texts, tables of several libraries, and dictionaries of lists."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dataprep
import pytest
from conftest import PROSE

TEXT = " ".join(PROSE.format(n=n) for n in range(3))
PAGE = """<html><head><title>Bridges</title></head><body><nav><a href="/">Home</a> <a href="/all">All</a></nav>
<article><h1>Bridges</h1><p>{}</p><p>{}</p></article><footer>Imprint</footer></body></html>"""


def page(n: int) -> str:
    return PAGE.format(PROSE.format(n=n) * 2, PROSE.format(n=n + 1) * 2)


def test_verdicts_say_what_was_measured() -> None:
    gopher = dataprep.rules("gopher")
    assert gopher("too short")[:4] == (False, "too_few_words", 2.0, 50.0)
    kept = gopher(TEXT)
    assert kept.keep and kept.reason is None and kept.text == TEXT
    cleaned = dataprep.rules("c4", disable=["too_few_sentences"])(f"{PROSE.format(n=1)}\nHome\n")
    assert cleaned.keep and cleaned.text is not None and "Home" not in cleaned.text
    assert dataprep.rules("gopher", bounds={"too_few_words": {"min": 1}}, disable=["too_few_stop_words"])("two words").keep
    by_language = dataprep.rules("multilingual")
    assert by_language.needs == ["text", "lang"] and by_language("kurz", lang="de").reason is not None


def test_pages_and_languages() -> None:
    found = dataprep.extract(page(4).encode("utf-16"), content_type="text/html; charset=utf-16")
    assert found.text == dataprep.extract(page(4)).text and found.title == "Bridges" and "Imprint" not in found.text and "河流" in found.text
    assert dataprep.extract(b"\x89PNG\r\n\x1a\n" + bytes(100)).reason == "not_text"
    assert dataprep.stage("extract", format="markdown")(page(4)).text.startswith("# Bridges")
    said = dataprep.identify("Der Fluss entspringt in den Hügeln und fließt durch die Stadt.")
    assert said.lang == "de" and 0.5 < said.lang_score <= 1.0
    with pytest.raises(AttributeError, match="it gives lang, lang_score"):
        said.novel
    blocked = dataprep.stage("url", block=["bad.example"])
    assert blocked.needs == ["url"] and (blocked("http://www.bad.example/x").reason, blocked("http://good.example/").reason) == ("blocked_domain", None)


def test_mistakes_have_a_place() -> None:
    with pytest.raises(dataprep.PipelineError, match=r"(?s)no rule set `gofer`.*stage rules:2:\d"):
        dataprep.rules("gofer")("text")
    with pytest.raises(dataprep.PipelineError, match="did you mean `rules`"):
        dataprep.stage("rulez")("text")
    with pytest.raises(dataprep.PipelineError, match="sees all documents before it judges one"):
        dataprep.stage("dedup_exact")("text")
    with pytest.raises(TypeError, match="reads no `lang`"):
        dataprep.rules("gopher")("text", lang="de")
    with pytest.raises(TypeError, match="which is str"):
        dataprep.rules("gopher")(b"text")
    with pytest.raises(TypeError, match="int is no Arrow data"):
        dataprep.rules("gopher").batch(7)


def tables(columns: dict[str, list[Any]]) -> dict[str, Any]:
    """The same table in every library that is here."""
    pa = pytest.importorskip("pyarrow")
    table = pa.table(columns)
    made: dict[str, Any] = {"pyarrow": table, "batch": table.combine_chunks().to_batches()[0], "chunks": pa.concat_tables([table.slice(0, 2), table.slice(2)])}
    for name, kind in [("large", pa.large_string()), ("view", pa.string_view()), ("dictionary", pa.dictionary(pa.int32(), pa.string()))]:
        if all(isinstance(value, str) for value in columns["text"] if value is not None):
            made[name] = table.set_column(0, "text", table["text"].cast(pa.string()).cast(kind) if name != "dictionary" else table["text"].dictionary_encode())
    try:
        import polars

        made["polars"] = polars.DataFrame(columns)
    except ImportError:
        pass
    try:
        import duckdb

        made["duckdb"] = duckdb.sql("select * from table_here", connection=_duck(duckdb, table))
    except ImportError:
        pass
    try:
        import datasets

        made["datasets"] = datasets.Dataset.from_dict(columns)
        made["datasets, chosen"] = datasets.Dataset.from_dict({name: values[::-1] for name, values in columns.items()}).select(range(len(columns["text"]) - 1, -1, -1))
    except ImportError:
        pass
    return made


def _duck(duckdb: Any, table: Any) -> Any:
    connection = duckdb.connect()
    connection.register("table_here", table)
    return connection


def test_tables_of_every_library_give_the_verdicts_of_single_texts() -> None:
    texts = ["too short", None, TEXT, "", "short again"] + [PROSE.format(n=n) * (n % 3 + 1) for n in range(60)]
    gopher = dataprep.rules("gopher")
    wanted = [None if text is None else gopher(text) for text in texts]
    seen = set()
    for name, table in tables({"text": texts, "other": list(range(len(texts)))}).items():
        for threads in (1, 3):
            said = gopher.batch(table, threads=threads).to_pydict()
            for column in ("keep", "reason", "value", "threshold", "text"):
                assert said[column] == [None if one is None else getattr(one, column) for one in wanted], (name, column)
        seen.add(name)
    assert {"pyarrow", "batch", "chunks", "large", "view", "dictionary"} <= seen


def test_tables_come_back_to_every_library() -> None:
    pa = pytest.importorskip("pyarrow")
    texts = pa.chunked_array([["too short", TEXT], [None]], type=pa.large_string())
    said = dataprep.rules("gopher").batch(texts)
    back = pa.table(said)
    assert back.column_names[:4] == ["keep", "reason", "value", "threshold"] and back["keep"].to_pylist() == [False, True, None]
    # Nothing was edited, so the texts are those that came in: the same memory.
    assert back["text"].type == pa.large_string() and back["text"].chunk(0).buffers()[2].address == texts.chunk(0).buffers()[2].address
    line = "The bridge was built of stone."
    lines = pa.table({"text": pa.array([f"{line}\nHome", line, None], pa.string_view())})
    edited = pa.table(dataprep.rules("c4", disable=["too_few_sentences"]).batch(lines))
    assert edited["text"].type == pa.string_view() and edited["text"].to_pylist() == [line, line, None]
    with pytest.raises(ValueError, match="there is no column `text` among: body"):
        dataprep.rules("gopher").batch(pa.table({"body": ["x"]}))
    with pytest.raises(TypeError, match="holds Int64, not texts"):
        dataprep.rules("gopher").batch(pa.table({"text": [1]}))
    assert len(dataprep.rules("gopher").batch(pa.table({"text": pa.array([], pa.string())}))) == 0
    polars = pytest.importorskip("polars")
    assert polars.DataFrame(said)["reason"].to_list() == ["too_few_words", None, None]
    assert dataprep.rules("gopher").batch(polars.Series("anything", ["too short"])).to_pydict()["keep"] == [False]


def test_pages_in_tables() -> None:
    pa = pytest.importorskip("pyarrow")
    pages = [page(n).encode() for n in range(20)] + [None, b""]
    wanted = [None if one is None else dataprep.extract(one) for one in pages]
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view()):
        said = dataprep.extract.batch(pa.table({"html": pa.array(pages, kind)}), threads=2).to_pydict()
        assert said["text"] == [None if one is None else one.text for one in wanted]
        assert said["title"][:20] == ["Bridges"] * 20 and said["reason"][20:] == [None, "no_content"]
    languages = dataprep.identify.batch(pa.table({"text": [TEXT, "你好，世界。今天天气很好，我们去公园散步。"]})).to_pydict()
    assert languages["lang"][1].startswith("zh") and languages["lang_score"][1] > 0.5
    german = dataprep.rules("multilingual").batch(pa.table({"text": ["kurz"], "lang": ["de"]}))
    assert german.to_pydict()["keep"] == [False]


def test_dictionaries_of_lists_as_datasets_gives_them() -> None:
    pytest.importorskip("pyarrow")
    rows = {"text": ["too short", None, TEXT]}
    gopher = dataprep.rules("gopher")
    assert gopher.keeps(rows) == [False, False, True]
    mapped = gopher.map(rows)
    assert mapped["rules.reason"] == ["too_few_words", None, None] and mapped["rules.keep"] == [False, None, True] and mapped["text"] == rows["text"]
    assert dataprep.identify.map(rows)["lang"][1] is None and dataprep.identify.map({"text": [None]})["lang"] == [None]
    assert dataprep.extract.map({"html": [page(1).encode(), None], "url": ["http://a.example/", None]})["title"] == ["Bridges", None]


def test_stages_go_to_other_processes_and_threads() -> None:
    gopher = dataprep.rules("gopher", disable=["too_few_words"])
    again = pickle.loads(pickle.dumps(gopher))
    assert again("too short") == gopher("too short") and repr(again) == repr(gopher)
    assert pickle.loads(pickle.dumps(dataprep.minhash))(TEXT) == dataprep.minhash(TEXT)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda n: gopher(TEXT).keep, range(50))) == {True}


def test_minhash_finds_what_is_alike() -> None:
    pa = pytest.importorskip("pyarrow")
    changed = TEXT.replace("stone", "rock", 1)
    digests = dataprep.minhash(TEXT)
    assert len(digests) == 16 and 1 <= len(set(digests) & set(dataprep.minhash(changed))) < 16
    assert dataprep.minhash("...") == [] and not set(digests) & set(dataprep.minhash("Another text about something else that shares no words at all."))
    batch = dataprep.minhash.batch(pa.table({"text": [TEXT, None, changed]}), threads=2).to_pydict()["digests"]
    assert batch == [digests, None, dataprep.minhash(changed)]
    assert len(dataprep.MinHash(bands=4, rows=2)(TEXT)) == 4
    with pytest.raises(ValueError, match="bands is 0"):
        dataprep.MinHash(bands=0)


def test_tokenizers() -> None:
    pa = pytest.importorskip("pyarrow")
    tokenizer = dataprep.Tokenizer("bytes")
    ids = tokenizer.encode("aé")
    assert ids == [97, 195, 169] and tokenizer.decode(ids) == "aé" and tokenizer.vocab_size == 256
    assert tokenizer.encode_batch(["a", None, "b"]) == [[97], None, [98]]
    assert tokenizer.encode_batch(pa.table({"text": ["a", None]})).to_pydict() == {"input_ids": [[97], None]}
    assert pickle.loads(pickle.dumps(tokenizer)).encode("a") == [97]
    with pytest.raises(dataprep.Error, match="missing.json"):
        dataprep.Tokenizer("missing.json")
    with pytest.raises(dataprep.Error):
        tokenizer.decode([256])
    with pytest.raises(ValueError, match="no pattern"):
        dataprep.Tokenizer("bytes", pattern="x")
