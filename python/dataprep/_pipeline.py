"""Pipelines: planned, run, and what they wrote checked."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Sequence, Union

from . import _core

Pipeline = Union[str, "os.PathLike[str]", Mapping[str, Any]]


class Progress(NamedTuple):
    """How far a run is. Told a few times a second, in the thread that called `run`."""

    phase: str
    """What is being done, as "segment 1 of 3"."""
    documents: int
    """Documents read in this phase, by this process."""
    kept: int
    bytes: int
    """Bytes of documents read."""
    consumed: int
    """Bytes of input consumed, of `input`."""
    input: int
    top_reason: tuple[str, int] | None
    """The commonest reason of a drop so far, as "stage/reason", with its count."""
    seconds: float
    done: bool
    """Whether the phase has ended."""


@dataclass(frozen=True)
class Report:
    """What a run did: `report.json`."""

    read: int
    dropped: int
    written: int
    tokens_written: int
    already: bool
    """Whether the run had been finished before, so that nothing was left to do."""
    data: Mapping[str, Any]
    """All of report.json."""

    def drops(self) -> dict[str, dict[str, int]]:
        """Drops by stage and reason."""
        return {stage["name"]: dict(stage["drops"]) for stage in self.data["stages"]}


@dataclass(frozen=True)
class PlannedStage:
    """A stage in its place."""

    name: str
    use: str
    needs: list[str]
    gives: list[str]
    reasons: list[str]
    barrier: bool
    """Whether it sees all documents before it judges one."""


@dataclass(frozen=True)
class Plan:
    """What a pipeline would do."""

    source: str
    files: list[str]
    input_bytes: int
    stages: list[PlannedStage]
    segments: int
    outputs: list[str]
    memory: int
    """Bytes of memory at most, if every document is kept."""
    disk: int
    """Bytes of disk beside the output at most."""
    fingerprint: str


@dataclass(frozen=True)
class CheckResult:
    """A check that was made on one fact."""

    check: str
    metric: str
    outcome: str
    """"pass", "fail", or "inconclusive" where it cannot be told."""
    severity: str
    value: float | None
    min: float | None
    max: float | None
    message: str
    help: str
    examples: list[str]


class CheckResults(Sequence[CheckResult]):
    """Results in the order of the checks. True where nothing failed that is an error."""

    def __init__(self, results: Sequence[CheckResult]) -> None:
        self._results = list(results)

    @property
    def failed(self) -> list[CheckResult]:
        return [one for one in self._results if one.outcome == "fail" and one.severity == "error"]

    def __bool__(self) -> bool:
        return not self.failed

    def __len__(self) -> int:
        return len(self._results)

    def __getitem__(self, at: Any) -> Any:
        return self._results[at]

    def __iter__(self) -> Iterator[CheckResult]:
        return iter(self._results)

    def __repr__(self) -> str:
        return f"CheckResults({len(self)} checks, {len(self.failed)} failed)"


def _settings(settings: Mapping[str, Any] | Sequence[str] | None) -> list[str]:
    if settings is None:
        return []
    if isinstance(settings, Mapping):
        return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
    return list(settings)


def _source(pipeline: Pipeline) -> Any:
    return dict(pipeline) if isinstance(pipeline, Mapping) else pipeline


def run(
    pipeline: Pipeline,
    *,
    settings: Mapping[str, Any] | Sequence[str] | None = None,
    threads: int | None = None,
    on_progress: Callable[[Progress], object] | None = None,
) -> Report:
    """Runs a pipeline: a file, or its tables as a dictionary. Or goes on with a run that was stopped.

    `settings` override single keys, as `{"stage.language.min_score": 0.7}`. The bytes written do not depend on `threads`. Ctrl-C, or an exception from `on_progress`,
    stops the run; the same call goes on from there. `[train]`, `[validate]` and `[expect]` are the command's.

    Raises PipelineError with every mistake in the pipeline and its place, RunError where the run cannot go on.
    """
    told = None if on_progress is None else lambda *fields: on_progress(Progress(*fields))
    text, already = _core.run(_source(pipeline), _settings(settings), threads, told)
    data = json.loads(text)
    totals = data["documents"]
    return Report(totals["read"], totals["dropped"], totals["written"], totals["tokens_written"], already, data)


def plan(pipeline: Pipeline, *, settings: Mapping[str, Any] | Sequence[str] | None = None) -> Plan:
    """Checks a pipeline and says what it would do, without running it. Raises PipelineError."""
    data = json.loads(_core.plan(_source(pipeline), _settings(settings)))
    return Plan(**{**data, "stages": [PlannedStage(**stage) for stage in data["stages"]]})


def check(
    folder: str | os.PathLike[str],
    checks: Sequence[str | os.PathLike[str]] = (),
    *,
    standard: bool = True,
    baseline: str | os.PathLike[str] | None = None,
    quick: bool = False,
) -> CheckResults:
    """Judges what a run wrote, or token shards, by the standard checks and by lists of your own (TOML files).

    With `baseline`, changes against an earlier day are judged too; `quick` leaves the payloads of shards unread. Raises PipelineError where a list of checks is not
    written as it must be, Error where there is nothing to check.
    """
    results = json.loads(_core.check(folder, list(checks), standard, baseline, quick))
    fields = CheckResult.__dataclass_fields__
    return CheckResults([CheckResult(**{name: value for name, value in one.items() if name in fields}) for one in results])
