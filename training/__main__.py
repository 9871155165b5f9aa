"""`python -m training STAGE --recipe NAME [--set a.b=c] [--minutes M]`."""

from __future__ import annotations

import sys

from engines.quiet import hush

if __name__ == "__main__":
    hush()
    from training.commands import main

    sys.exit(main())
