"""`python -m dataprep` is the command `dataprep`."""

import sys

from ._cli import main

sys.exit(main())
