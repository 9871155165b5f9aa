"""Words from elsewhere as a terminal may print them."""

from __future__ import annotations

import re

__all__ = ["plain"]

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Without what would command the terminal instead of being read."""
    return CONTROLS.sub("", text)
