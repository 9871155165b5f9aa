"""How long jobs take, from how long the latest ones took."""

from __future__ import annotations

import statistics
from collections import defaultdict, deque

__all__ = ["Pace"]

NUM_REMEMBERED = 8
"""Of a kind: a median of these forgets a slow start soon."""


class Pace:
    """Durations by kind of job ("a change in good quality")."""

    def __init__(self) -> None:
        self._seconds = defaultdict[str, deque[float]](lambda: deque(maxlen=NUM_REMEMBERED))

    def took(self, kind: str, seconds: float) -> None:
        self._seconds[kind].append(seconds)

    def expected(self, kind: str) -> float | None:
        """Seconds that one of `kind` will take: as the latest of it did, or of any kind; None at first."""
        known = self._seconds.get(kind) or [each for some in self._seconds.values() for each in some]
        return statistics.median(known) if known else None
