"""Stopping: one token a turn, noticed by everything that waits or works for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import TypeVar

from engines.errors import Cancelled

__all__ = ["LOOK_SECONDS", "CancelToken", "run_apart", "stream_apart"]

Result = TypeVar("Result")
LOOK_SECONDS = 0.05
"""How often those who wait look at the token."""


class CancelToken:
    """One Stop button: pressed once, seen by all who hold it. `owner` is whose work it stops."""

    def __init__(self, owner: str = "") -> None:
        self.owner = owner
        self._event = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        return self._event.is_set()

    def cancel(self) -> None:
        self._event.set()

    def raise_if_cancelled(self) -> None:
        if self.is_cancelled:
            raise Cancelled("Stopped.")


def run_apart(work: Callable[[], Result], token: CancelToken) -> Result:
    """Run what cannot be interrupted on its own thread; raises Cancelled at once and drops a late result."""
    (result,) = stream_apart(lambda: iter([work()]), token)
    return result


def stream_apart(start: Callable[[], Iterator[Result]], token: CancelToken) -> Iterator[Result]:
    """The same for what comes piece by piece; its error is raised after the last piece."""
    heard: SimpleQueue[Result | Future[None]] = SimpleQueue()

    def carry_out() -> None:
        end = Future[None]()
        try:
            for piece in start():
                if token.is_cancelled:
                    break
                heard.put(piece)
            end.set_result(None)
        except BaseException as error:
            end.set_exception(error)
        heard.put(end)

    threading.Thread(target=copy_context().run, args=(carry_out,), name="apart", daemon=True).start()
    while True:
        token.raise_if_cancelled()
        try:
            piece = heard.get(timeout=LOOK_SECONDS)
        except Empty:
            continue
        if isinstance(piece, Future):
            piece.result()
            return
        yield piece
