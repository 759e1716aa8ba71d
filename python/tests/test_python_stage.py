"""Functions of Python as stages of a pipeline."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import dataprep
import pytest
from conftest import write_texts

pa = pytest.importorskip("pyarrow")

FILTERS = '''
import pyarrow as pa
import pyarrow.compute as pc


def judge(batch):
    table = pa.table(batch)
    assert table.column_names == ["id", "text", "lang"]
    lengths = pc.utf8_length(table["text"]).cast("float64")
    return pa.table({
        "keep": pc.greater_equal(lengths, 250.0),
        "value": lengths,
        "threshold": pa.repeat(pa.scalar(250.0), len(table)),
        "text": pc.utf8_upper(table["text"]),
        "loudness": pc.divide(lengths, 1000.0),
    })


def fail(batch):
    raise ValueError("no such luck")


def wrong(batch):
    return {"keep": [True]}


NUMBER = 7
'''


def pipeline(folder: Path, call: str, output: str = "out", **keys: object) -> dict[str, object]:
    return {
        "run": {"output": folder / output, "dropped": 1.0},
        "source": {"use": "jsonl", "path": folder / "in.jsonl"},
        "stage": [{"use": "language"}, {"use": "python", "call": call, "needs": ["text", "lang"], **keys}],
        "sink": [{"use": "parquet"}],
    }


def read(folder: Path) -> list[dict[str, object]]:
    import pyarrow.parquet as pq

    return [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_texts(tmp_path / "in.jsonl", 300)
    (tmp_path / "filters_of_mine.py").write_text(FILTERS)
    return tmp_path


def test_a_function_is_a_stage_like_any_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(folder))
    keys = {"gives": {"loudness": "float"}, "reasons": ["quiet"]}
    report = dataprep.run(pipeline(folder, "filters_of_mine:judge", **keys), threads=2)
    # Texts of one in four documents are said once, and are shorter than 250 characters.
    assert report.drops()["python"] == {"quiet": 75} and report.written == 225
    rows = read(folder / "out" / "docs")
    assert all(row["text"] == str(row["text"]).upper() and row["loudness"] >= 0.25 for row in rows) and len(rows) == 225
    # From a file, on one thread, the same documents.
    again = dataprep.run(pipeline(folder, f"{folder}/filters_of_mine.py:judge", output="again", **keys), threads=1)
    assert again.drops() == report.drops() and read(folder / "again" / "docs") == rows
    assert [stage.gives for stage in dataprep.plan(pipeline(folder, "filters_of_mine:judge", **keys)).stages][1] == ["loudness"]


def test_errors_say_where_they_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(folder))

    def fault(call: str, error: type[Exception], **keys: object) -> str:
        with pytest.raises(error) as caught:
            dataprep.run(pipeline(folder, call, output=call.replace(":", "-"), **keys))
        return str(caught.value)

    raised = fault("filters_of_mine:fail", dataprep.RunError)
    assert "`filters_of_mine:fail` has failed" in raised and 'raise ValueError("no such luck")' in raised
    assert "dict is no Arrow data" in fault("filters_of_mine:wrong", dataprep.RunError)
    assert "has given a column `loudness`, which `gives` does not list" in fault("filters_of_mine:judge", dataprep.RunError)
    missing = fault("filters_of_mine:missing", dataprep.PipelineError)
    assert "has no function `missing`" in missing and "^^^" in missing
    assert "has no function `NUMBER`" in fault("filters_of_mine:NUMBER", dataprep.PipelineError)
    assert "`novel` cannot be imported: ModuleNotFoundError" in fault("novel:f", dataprep.PipelineError)
    assert "names no function" in fault("novel", dataprep.PipelineError)
    assert "nothing before it gives" in fault("filters_of_mine:judge", dataprep.PipelineError, needs=["text", "score"])


def test_a_change_of_the_function_makes_another_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call, keys = f"{folder}/filters_of_mine.py:judge", {"gives": {"loudness": "float"}}
    before = dataprep.plan(pipeline(folder, call, **keys)).fingerprint
    assert dataprep.plan(pipeline(folder, call, **keys)).fingerprint == before
    (folder / "filters_of_mine.py").write_text(FILTERS.replace("250.0", "400.0"))
    assert dataprep.plan(pipeline(folder, call, **keys)).fingerprint != before


def test_the_command_finds_functions_where_it_runs(folder: Path) -> None:
    (folder / "p.toml").write_text(
        '[run]\noutput = "out"\n[source]\nuse = "jsonl"\npath = "in.jsonl"\n[[stage]]\nuse = "language"\n'
        '[[stage]]\nuse = "python"\ncall = "filters_of_mine:judge"\nneeds = ["text", "lang"]\ngives = { loudness = "float" }\n[[sink]]\nuse = "jsonl"\n'
    )
    done = subprocess.run([sys.executable, "-m", "dataprep", "run", "p.toml", "--quiet"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "out" / "report.json").read_text())["stages"][1]["drops"] == {"rejected": 75}
