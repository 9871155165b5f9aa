"""Files that hold passwords and keys: none that everybody on this machine can read is taken."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["SECRETS", "is_open_to_all"]

SECRETS = Path("/run/secrets")
"""Where container engines put secrets: readable by all within, by nobody without."""


def is_open_to_all(file: Path) -> bool:
    """Whether everybody on this machine may read or change it. Raises OSError."""
    if os.name != "posix" or SECRETS.resolve() in file.resolve().parents:
        return False
    return bool(file.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))
