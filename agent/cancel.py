"""Stopping: one token a turn, noticed by everything that waits or works for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from engines.errors import Cancelled

__all__ = ["LOOK_SECONDS", "CancelToken", "run_apart"]

Result = TypeVar("Result")
LOOK_SECONDS = 0.05
"""How often those who wait look at the token."""


class CancelToken:
    """One Stop button: pressed once, seen by all who hold it."""

    def __init__(self) -> None:
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
    future = Future[Result]()
    done = threading.Event()

    def carry_out() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)
        finally:
            done.set()

    threading.Thread(target=carry_out, name="apart", daemon=True).start()
    while not done.wait(LOOK_SECONDS):
        token.raise_if_cancelled()
    return future.result()
