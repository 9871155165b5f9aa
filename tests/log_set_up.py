"""Logging as it was before a test set it up for the whole process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from agent.logs import TURN_ID

__all__ = ["logging_as_before"]


@contextmanager
def logging_as_before() -> Iterator[None]:
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = [*root.handlers], root.level
    levels = {name: logging.getLogger(name).level for name in ("agent", "app", "engines", "ui", "__main__")}
    TURN_ID.set("")  # this thread may have worked for another test's turn
    yield
    TURN_ID.set("")
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    threading.excepthook = hook
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
