"""Pipelines from Python: planned, run, stopped, checked; mistakes with their places."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import dataprep
import pytest
from conftest import shards_pipeline, write_texts


def digest(folder: Path) -> str:
    hashed = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        hashed.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return hashed.hexdigest()


def filters(folder: Path, documents: int = 400, output: str = "out") -> dict[str, object]:
    texts = folder / "in.jsonl"
    if not texts.exists():
        write_texts(texts, documents)
    return {
        "run": {"output": folder / output},
        "source": {"use": "jsonl", "path": texts},
        "stage": [{"use": "rules", "set": "gopher", "words": "icu"}, {"use": "dedup_exact"}],
        "sink": [{"use": "jsonl"}],
    }


def test_a_dictionary_is_a_pipeline(tmp_path: Path) -> None:
    told: list[dataprep.Progress] = []
    threads: set[int] = set()

    def on_progress(progress: dataprep.Progress) -> None:
        told.append(progress)
        threads.add(threading.get_ident())

    pipeline = filters(tmp_path)
    plan = dataprep.plan(pipeline)
    assert [(stage.name, stage.barrier) for stage in plan.stages] == [("rules", False), ("dedup_exact", True)]
    assert "too_few_words" in plan.stages[0].reasons and plan.input_bytes > 50_000 and plan.segments == 2
    report = dataprep.run(pipeline, threads=2, on_progress=on_progress)
    assert (report.read, report.dropped + report.written, report.already) == (400, 400, False)
    assert report.drops()["rules"]["too_few_words"] == 100 and report.written > 0
    assert told[-1].done and told[-1].phase == "segment 2 of 2" and threads == {threading.get_ident()}
    assert dataprep.run(pipeline).already
    # The same from a file, with a key changed.
    written = digest(tmp_path / "out" / "docs")
    file = tmp_path / "p.toml"
    file.write_text(
        f'[run]\noutput = "x"\n[source]\nuse = "jsonl"\npath = "{tmp_path}/in.jsonl"\n[[stage]]\nuse = "rules"\nset = "gopher"\nwords = "icu"\n'
        '[[stage]]\nuse = "dedup_exact"\n[[sink]]\nuse = "jsonl"\n'
    )
    dataprep.run(file, settings={"run.output": str(tmp_path / "again")}, threads=1)
    assert digest(tmp_path / "again" / "docs") == written


def test_mistakes_have_a_place(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text('[run]\noutput = "o"\n[source]\nuse = "jsonl"\npath = "a.jsonl"\n[[stage]]\nuse = "rules"\nsett = "gopher"\n[[sink]]\nuse = "jsonl"\n')
    for call in (dataprep.run, dataprep.plan):
        with pytest.raises(dataprep.PipelineError) as caught:
            call(file)
        assert "p.toml:8:1" in str(caught.value) and "^^^^ did you mean `set`?" in str(caught.value)
    with pytest.raises(dataprep.PipelineError, match="no key `sett`"):
        dataprep.run({**filters(tmp_path), "stage": [{"use": "rules", "sett": "gopher"}]})
    with pytest.raises(TypeError, match="`share`: a pipeline has no value as"):
        dataprep.plan({**filters(tmp_path), "stage": [{"use": "sample", "share": object()}]})
    with pytest.raises(dataprep.RunError, match="holds files that are not of a run"):
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "file").touch()
        dataprep.run({**filters(tmp_path), "run": {"output": tmp_path / "other"}})
    assert issubclass(dataprep.RunError, dataprep.Error)


def test_sections_that_are_the_commands_are_told_of(tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        dataprep.run({**filters(tmp_path), "expect": {"kept": {"min": 0}}})
    assert ["`[expect]`" in str(one.message) for one in told] == [True]


def test_an_exception_stops_a_run_that_goes_on_with_the_same_bytes(tmp_path: Path) -> None:
    write_texts(tmp_path / "in.jsonl", 6_000)
    pipeline = filters(tmp_path, output="whole")
    pipeline["run"] = {"output": tmp_path / "whole", "part": "100 kB"}
    dataprep.run(pipeline)
    pipeline["run"] = {"output": tmp_path / "stopped", "part": "100 kB"}

    def fail(progress: dataprep.Progress) -> None:
        if progress.documents > 0:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        dataprep.run(pipeline, threads=1, on_progress=fail)
    dataprep.run(pipeline)
    assert digest(tmp_path / "stopped" / "docs") == digest(tmp_path / "whole" / "docs")


def test_ctrl_c_ends_a_run(tmp_path: Path) -> None:
    write_texts(tmp_path / "in.jsonl", 60_000)
    script = tmp_path / "run.py"
    script.write_text(
        # Whoever starts the tests in the background has it ignored, and a process inherits that.
        "import dataprep, signal, sys\nfrom pathlib import Path\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "stages = [{'use': 'rules', 'set': 'gopher', 'name': f'rules {n}'} for n in range(10)]\n"
        "try:\n"
        "    dataprep.run({'run': {'output': folder / 'out'}, 'source': {'use': 'jsonl', 'path': folder / 'in.jsonl'}, 'stage': stages, 'sink': [{'use': 'jsonl'}]},\n"
        "                 threads=1, on_progress=lambda progress: print('running', flush=True))\n"
        "except KeyboardInterrupt:\n    sys.exit(7)\n"
    )
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 7


def test_other_threads_run_meanwhile(tmp_path: Path) -> None:
    write_texts(tmp_path / "in.jsonl", 4_000)
    ticks, ended = 0, threading.Event()

    def count() -> None:
        nonlocal ticks
        while not ended.is_set():
            ticks += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    dataprep.run(filters(tmp_path), threads=1)
    ended.set()
    counter.join()
    assert ticks > 5


def test_what_a_run_wrote_is_checked(tmp_path: Path) -> None:
    write_texts(tmp_path / "in.jsonl", 50)
    dataprep.run(shards_pipeline(tmp_path / "in.jsonl", tmp_path / "out", seq_len=64))
    results = dataprep.check(tmp_path / "out")
    assert results and len(results) > 5 and {one.outcome for one in results} <= {"pass", "fail", "inconclusive"}
    bounds = tmp_path / "checks.toml"
    bounds.write_text('[[check]]\nname = "many"\nmetric = "documents"\nmin = 1000\n')
    failed = dataprep.check(tmp_path / "out", [bounds], standard=False)
    assert not failed and failed.failed[0].check == "many" and failed.failed[0].value == 50
    bounds.write_text('[[check]]\nname = "many"\nmetrik = "documents"\n')
    with pytest.raises(dataprep.PipelineError, match="metrik"):
        dataprep.check(tmp_path / "out", [bounds])
    with pytest.raises(dataprep.Error, match="neither a finished run nor token shards"):
        (tmp_path / "empty").mkdir()
        dataprep.check(tmp_path / "empty")


def test_the_command_comes_with_the_package(tmp_path: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "dataprep", *arguments], capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "LANG": "en"})

    assert command("--version").stdout == f"dataprep {dataprep.__version__}\n"
    assert command("explain", "rules").stdout.startswith("stage rules")
    wrong = command("plan", "missing.toml")
    assert wrong.returncode == 2 and "cannot read the pipeline file" in wrong.stderr
    assert command("plan").returncode == 2
