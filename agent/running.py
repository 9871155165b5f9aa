"""A turn at work, as the coordinator keeps it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.cancel import CancelToken
from agent.graph import TurnContext
from agent.pipe import EventPipe

__all__ = ["OpenTurn", "Running", "join", "wind_down"]

STOP_WAIT_SECONDS = 10.0


@dataclass(kw_only=True)
class Running:
    """A turn at work: its Stop button, its way out, its thread and (once open) what its nodes share."""

    owner: str
    token: CancelToken = field(default_factory=CancelToken)
    pipe: EventPipe = field(default_factory=EventPipe)
    thread: threading.Thread | None = None
    turn: TurnContext | None = None


OpenTurn = Callable[[Running], TurnContext]


def join(running: Running, seconds: float = STOP_WAIT_SECONDS) -> None:
    """Wait for its thread, for a while."""
    if running.thread is not None and running.thread is not threading.current_thread():
        running.thread.join(max(seconds, 0.0))


def wind_down(turns: Sequence[Running], patience_seconds: float) -> None:
    """Those that do not end by themselves in that time are stopped, and then waited for."""
    wait_for(turns, patience_seconds)
    for running in turns:
        running.token.cancel()
    wait_for(turns, STOP_WAIT_SECONDS)


def wait_for(turns: Sequence[Running], seconds: float) -> None:
    """All of them together."""
    last_moment = time.monotonic() + seconds
    for running in turns:
        join(running, last_moment - time.monotonic())
