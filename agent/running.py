"""A turn at work, as the coordinator keeps it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.cancel import CancelToken
from agent.graph import TurnContext
from agent.pipe import EventPipe
from agent.sentences import Sentence

__all__ = ["BROKE", "BUSY", "CLOSING", "OpenTurn", "Running", "RunningTurns", "join", "wind_down"]

STOP_WAIT_SECONDS = 10.0
BROKE = Sentence(
    "Something inside Reverie broke. Please retry; the log says more.",
    "Reverie 内部出错了。请重试；日志里有详情。",
)
BUSY = Sentence(
    "I am still busy with your last message. Please wait for it or press Stop.",
    "上一条消息还在处理。请等它完成，或者点“停止”。",
)
CLOSING = Sentence(
    "Reverie is just closing, so I did not begin. Please send this again in a moment.",
    "程序正在关闭，所以没有开始。请稍后再发一次。",
)


@dataclass(kw_only=True)
class Running:
    """A turn at work: its Stop button, its way out, its thread and (once open) what its nodes share.

    `language` is that of the words it begins with, for what is to be said before a brain has read them.
    """

    owner: str
    language: str = "en"
    token: CancelToken = field(init=False)
    pipe: EventPipe = field(default_factory=EventPipe)
    thread: threading.Thread | None = None
    turn: TurnContext | None = None

    def __post_init__(self) -> None:
        self.token = CancelToken(self.owner)


OpenTurn = Callable[[Running], TurnContext]


class RunningTurns:
    """One a session at most, and none once they are closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Running] = {}
        self._is_closing = False

    def enter(self, session_id: str, running: Running) -> Sentence | None:
        """Why it may not: another turn of the session runs, or the program ends."""
        with self._lock:
            if self._is_closing:
                return CLOSING
            return None if self._running.setdefault(session_id, running) is running else BUSY

    def leave(self, session_id: str) -> None:
        with self._lock:
            del self._running[session_id]

    def of(self, session_id: str, owner: str) -> Running | None:
        with self._lock:
            running = self._running.get(session_id)
        return running if running is not None and running.owner == owner else None

    def close(self) -> Sequence[Running]:
        """Nothing enters any more; those that run."""
        with self._lock:
            self._is_closing = True
            return tuple(self._running.values())


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
