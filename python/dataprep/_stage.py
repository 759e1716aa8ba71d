"""Stages as functions: over one text, over tables, over dictionaries of lists as `datasets.map(batched=True)` gives them."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

from . import _core
from ._core import Table


class Verdict(NamedTuple):
    """What a stage says of a document. Tags that it gives are attributes too: `identify(text).lang`."""

    keep: bool
    reason: str | None
    """The fault found, where it is dropped."""
    value: float | None
    """What was measured."""
    threshold: float | None
    """Against what."""
    detail: str | None
    """What was found, in words."""
    text: str | None
    """The text as the stage left it."""
    tags: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.tags[name]
        except KeyError:
            raise AttributeError(f"the stage gives no `{name}`: it gives {', '.join(self.tags) or 'no tags'}") from None


def arrow(data: Any) -> Any:
    """The Arrow form of `datasets.Dataset`, which has none of its own; anything else as it is."""
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return data
    if type(data).__module__.partition(".")[0] == "datasets" and hasattr(data, "with_format"):
        return data.with_format("arrow")[:]
    return data


class Stage:
    """A stage of a pipeline that sees one document, as a function.

    `Stage("rules", set="gopher")` takes the keys that `[[stage]]` takes (`dataprep explain rules`). It is built when it is first used, and pickled by its keys, so that it
    goes to other processes. Stages that must see a whole corpus are for `dataprep.run`.
    """

    def __init__(self, use: str, **keys: Any) -> None:
        self._use, self._keys = use, keys
        self._made: _core.Stage | None = None

    @property
    def _core(self) -> _core.Stage:
        if self._made is None:
            self._made = _core.Stage(self._use, self._keys)
        return self._made

    def __getstate__(self) -> Any:
        return self._use, self._keys

    def __setstate__(self, state: Any) -> None:
        (self._use, self._keys), self._made = state, None

    def __repr__(self) -> str:
        keys = "".join(f", {key}={value!r}" for key, value in self._keys.items())
        return f"dataprep.Stage({self._use!r}{keys})"

    @property
    def needs(self) -> list[str]:
        """The columns it reads, the main one first. `id`, `url` and (of pages) `content_type` are read where they are there."""
        return self._core.needs

    @property
    def gives(self) -> list[str]:
        """The tags it gives."""
        return self._core.gives

    def __call__(self, document: str | bytes, **beside: Any) -> Verdict:
        """The verdict over one document; `beside` are its `id`, `url`, `content_type` and the tags that the stage needs."""
        return Verdict(*self._core.one(document, beside))

    def batch(self, data: Any, threads: int | None = None) -> Table:
        """The verdicts over a table, or over one column, of pyarrow, polars, duckdb, datasets or another library that speaks Arrow.

        Gives a table of as many rows: `keep`, `reason`, `value`, `threshold`, `detail`, `text` and the tags. Rows without a document are null. Works on `threads` threads, all
        cores where it is not said, and lets other Python threads run.
        """
        return self._core.batch(arrow(data), threads)

    def map(self, rows: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """For `dataset.map(stage.map, batched=True)`: the text as the stage left it, its tags, and the verdict under the names `use.keep`, `use.reason`, `use.value` and
        `use.threshold`. None where there was no document. One thread: `num_proc` makes processes."""
        said = self._said(rows)
        columns = {f"{self._use}.{name}": said.pop(name) for name in ("keep", "reason", "value", "threshold")}
        del said["detail"]
        return {**said, **columns}

    def keeps(self, rows: Mapping[str, Sequence[Any]]) -> list[bool]:
        """For `dataset.filter(stage.keeps, batched=True)`. A row without a document is not kept."""
        return [keep is True for keep in self._said(rows)["keep"]]

    def _said(self, rows: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        import pyarrow

        read = [*self.needs, "id", "url", "content_type"]
        return self.batch(pyarrow.table({name: rows[name] for name in read if name in rows}), threads=1).to_pydict()


def stage(use: str, **keys: Any) -> Stage:
    """A stage by its name in pipelines, with the keys of its table."""
    return Stage(use, **keys)


def rules(set: str, **keys: Any) -> Stage:
    """A set of rules: "gopher", "c4", "fineweb", ... or the path of a `.toml` file. `dataprep explain rules` lists sets and keys."""
    return Stage("rules", set=set, **keys)


class MinHash:
    """MinHash digests in bands, as `dedup_minhash` makes them: texts that share a digest are candidates for near-duplicates."""

    def __init__(self, ngram: int = 5, by: str = "word", bands: int = 16, rows: int = 7, seed: int = 0) -> None:
        self._keys = (ngram, by, bands, rows, seed)
        self._core = _core.MinHash(*self._keys)

    def __reduce__(self) -> Any:
        return MinHash, self._keys

    def __call__(self, text: str) -> list[int]:
        """A digest of 64 bits for each band; none where the text has no words."""
        return self._core.one(text)

    def batch(self, data: Any, threads: int | None = None) -> Table:
        """A table with the column `digests`, for the column `text` of a table or for one column."""
        return self._core.batch(arrow(data), threads)


extract = Stage("extract")
"""Pages into text: `extract(html).text`, and `.title`, `.author`, `.date`, ... . Bytes are decoded by the rules of the web, str is taken as it is."""

identify = Stage("language")
"""The language of a text: `identify(text).lang`, a BCP 47 tag, and `.lang_score`."""

minhash = MinHash()
"""Digests with the settings that `dedup_minhash` has where a pipeline says nothing."""
