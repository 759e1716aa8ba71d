"""Tokenizers: any that a pipeline can use, with the ids of the reference."""

from __future__ import annotations

import os
from typing import Any, Sequence

from . import _core
from ._core import Table
from ._stage import arrow


class Tokenizer:
    """`"bytes"`, or a file: tokenizer.json of Hugging Face, a model of SentencePiece, tiktoken ranks, a character vocabulary.

    `pattern` ("gpt2", "cl100k", "o200k") says how text is split for ranks of an unknown vocabulary.
    """

    def __init__(self, name: str | os.PathLike[str], pattern: str | None = None) -> None:
        self._keys = (os.fspath(name), pattern)
        self._core = _core.Tokenizer(*self._keys)

    def __reduce__(self) -> Any:
        return Tokenizer, self._keys

    @property
    def vocab_size(self) -> int:
        """One more than the largest id."""
        return self._core.vocab_size

    @property
    def special(self) -> dict[str, int]:
        """Special tokens by role: eos, bos, pad, unk, mask, cls, sep."""
        return self._core.special

    def encode(self, text: str, *, special_tokens: bool = False) -> list[int]:
        """The ids of a text; `special_tokens` adds what the tokenizer puts around a text."""
        return self._core.encode(text, special_tokens)

    def encode_batch(self, texts: Any, *, special_tokens: bool = False, threads: int | None = None) -> Any:
        """Lists of ids for a list of texts; a table with the column `input_ids` for Arrow data. None stays None."""
        if isinstance(texts, Sequence):
            return self._core.encode_many(list(texts), special_tokens, threads)
        return self._core.batch(arrow(texts), special_tokens, threads)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; bytes that are no UTF-8 become U+FFFD."""
        return self._core.decode(list(ids))
