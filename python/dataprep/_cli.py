"""The command `dataprep`: that of the library, in this process."""

from __future__ import annotations

import os
import signal
import sys

from . import _core


def main() -> int:
    # The library ends a run by itself at Ctrl-C; everything else just ends.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Functions that a pipeline names are looked for where the command runs, as `python -m` does.
    sys.path.insert(0, os.getcwd())
    return _core.command(["dataprep", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
