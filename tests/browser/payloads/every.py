"""All vectors."""

from __future__ import annotations

from tests.browser.payloads.fetching import FETCHING
from tests.browser.payloads.hiding import HIDING
from tests.browser.payloads.marked_down import MARKED_DOWN
from tests.browser.payloads.running import RUNNING

__all__ = ["VECTORS"]

VECTORS = (*RUNNING, *FETCHING, *HIDING, *MARKED_DOWN)
