"""How long jobs take, from how long the latest ones took."""

from __future__ import annotations

import heapq
import statistics
from collections import defaultdict, deque
from collections.abc import Sequence

__all__ = ["Pace", "begins_in"]

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


def begins_in(seconds: Sequence[float], num_at_once: int) -> float:
    """Seconds until one more begins, after those that take so long and begin in this order."""
    free = [0.0] * num_at_once
    for each in seconds:
        heapq.heapreplace(free, free[0] + each)
    return free[0]
