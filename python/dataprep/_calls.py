"""How the stage `python` finds its functions, and how their errors are told."""

from __future__ import annotations

import importlib
import importlib.util
import os
import traceback
from types import TracebackType
from typing import Any, Callable


def find(call: str) -> tuple[Callable[..., Any], str | None]:
    """The function that `module:function` or `file.py:function` names, and the file that holds it.

    Raises ValueError with a sentence for the pipeline's author.
    """
    where, colon, name = call.rpartition(":")
    if not colon or not name:
        raise ValueError(f"`{call}` names no function")
    try:
        module = _file(where) if where.endswith(".py") else importlib.import_module(where)
    except Exception as error:
        raise ValueError(f"`{where}` cannot be imported: {type(error).__name__}: {error}") from error
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise ValueError(f"`{where}` has no function `{name}`")
    return found, getattr(module, "__file__", None)


def _file(path: str) -> Any:
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(error: BaseException, trace: TracebackType | None) -> str:
    """An error with its traceback."""
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()
