"""Whose turn it is to compute, where several threads share a device. No torch."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

__all__ = ["Baton"]

SIGN_SECONDS = 0.25


class Baton:
    """A lock that goes to whoever has waited longest, who can tell meanwhile that it waits.

    With threading.Lock whoever gives it back and takes it again at once would mostly have it again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = deque[threading.Event]()
        self._is_taken = False

    @property
    def num_waiting(self) -> int:
        return len(self._waiting)

    def take(self, still_wait: Callable[[], object]) -> None:
        """`still_wait` is called every quarter of a second; what it raises ends the waiting."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        try:
            while not mine.wait(SIGN_SECONDS):
                still_wait()
        except BaseException:
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                else:
                    self._pass_on()
            raise

    def give(self) -> None:
        """To the next; only for whoever has it."""
        with self._lock:
            self._pass_on()

    def _pass_on(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._is_taken = False
