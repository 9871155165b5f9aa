"""A turn at work, as the coordinator keeps it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.cancel import CancelToken
from agent.graph import TurnContext
from agent.pipe import EventPipe

__all__ = ["OpenTurn", "Running", "join"]

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


def join(running: Running) -> None:
    """Wait for its thread, for a while."""
    if running.thread is not None and running.thread is not threading.current_thread():
        running.thread.join(STOP_WAIT_SECONDS)
