"""The pipes of turns by turn: of those at work, and for a while of those that are over."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.domain import Turn
from agent.pipe import EventPipe

__all__ = ["Pipes", "milliseconds_of"]

KEPT_SECONDS = 600.0
MOST_KEPT = 200


@dataclass(frozen=True, kw_only=True)
class Opened:
    session_id: str
    pipe: EventPipe


class Pipes:
    """For whoever comes late or comes back. Whose turn it is, the caller has checked."""

    def __init__(self, kept_seconds: float = KEPT_SECONDS, most_kept: int = MOST_KEPT) -> None:
        """`kept_seconds` and `most_kept` are for turns that are over."""
        self.kept_seconds = kept_seconds
        self.most_kept = most_kept
        self._lock = threading.RLock()
        self._opened: dict[str, Opened] = {}

    def open(self, pipe: EventPipe, turn: Turn, *, is_again: bool = False) -> None:
        """The turn tells through this pipe now. Taken up again, its ids are above all it ever told.

        The store keeps the id of its end. If it had none, it has told fewer events than it is old in
        milliseconds.
        """
        with self._lock:
            before = self._opened.pop(turn.id, None)
            told = max(before.pipe.last_id if before else 0, turn.last_event_id, milliseconds_of(turn))
            self._opened[turn.id] = Opened(session_id=turn.session_id, pipe=pipe)
            self._sweep()
            pipe.begin(turn.id, base=told + 1 if is_again else 0)

    def find(self, turn_id: str) -> EventPipe | None:
        with self._lock:
            self._sweep()
            opened = self._opened.get(turn_id)
        return None if opened is None else opened.pipe

    def forget(self, session_id: str) -> None:
        """The session is deleted, and so is what its turns told."""
        with self._lock:
            for turn_id in [key for key, each in self._opened.items() if each.session_id == session_id]:
                del self._opened[turn_id]

    def _sweep(self) -> None:
        """Those that ended first, if that is too long ago or they are too many."""
        over = [(each.pipe.over, key) for key, each in self._opened.items() if each.pipe.over is not None]
        latest = time.monotonic() - self.kept_seconds
        for place, (ended, turn_id) in enumerate(sorted(over)):
            if ended < latest or place < len(over) - self.most_kept:
                del self._opened[turn_id]


def milliseconds_of(turn: Turn) -> int:
    """How old it is."""
    return max(0, int((datetime.now(UTC) - turn.created).total_seconds() * 1000))
