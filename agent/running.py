"""A turn at work, as the coordinator keeps it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.cancel import CancelToken
from agent.graph import TurnContext
from agent.pipe import EventPipe

__all__ = ["OpenTurn", "Running", "RunningTurns", "join"]

STOP_WAIT_SECONDS = 10.0


@dataclass(kw_only=True)
class Running:
    """A turn at work: its Stop button, its way out, its thread and (once open) what its nodes share."""

    owner: str
    token: CancelToken = field(init=False)
    pipe: EventPipe = field(default_factory=EventPipe)
    thread: threading.Thread | None = None
    turn: TurnContext | None = None

    def __post_init__(self) -> None:
        self.token = CancelToken(self.owner)


OpenTurn = Callable[[Running], TurnContext]


class RunningTurns:
    """One a session at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Running] = {}

    def enter(self, session_id: str, running: Running) -> bool:
        """False while another turn of the session runs."""
        with self._lock:
            return self._running.setdefault(session_id, running) is running

    def leave(self, session_id: str) -> None:
        with self._lock:
            del self._running[session_id]

    def of(self, session_id: str, owner: str) -> Running | None:
        with self._lock:
            running = self._running.get(session_id)
        return running if running is not None and running.owner == owner else None

    def all(self) -> Sequence[Running]:
        with self._lock:
            return tuple(self._running.values())


def join(running: Running) -> None:
    """Wait for its thread, for a while."""
    if running.thread is not None and running.thread is not threading.current_thread():
        running.thread.join(STOP_WAIT_SECONDS)
