"""Log records of a process of ours, sent to the one that started it and logged there. No torch.

A record takes along whose work it belongs to, which is opaque here. What an error says may quote people: its
class and its frames cross over, its words only where the level is DEBUG.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from multiprocessing.connection import Connection

__all__ = ["LABEL", "Levels", "hear_logs", "levels_here", "send_logs", "speaking_through_us"]

LABEL: ContextVar[str] = ContextVar("label", default="")
"""Whose work this thread does."""
OURS = "engines"
KEPT = ("name", "levelno", "levelname", "pathname", "filename", "module", "lineno", "funcName", "created")
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Levels:
    """From which on records are wanted: of our own loggers, and of everybody's."""

    ours: int
    all: int


def levels_here() -> Levels:
    return Levels(ours=logging.getLogger(OURS).getEffectiveLevel(), all=logging.getLogger().level)


def send_logs(pipe: Connection, levels: Levels) -> None:
    """For the whole process, which prints no records any more."""
    logging.setLoggerClass(Through)
    for each in [*logging.root.manager.loggerDict.values()]:
        if isinstance(each, logging.Logger) and each.handlers:
            each.handlers.clear()
            each.propagate = True
    handler = Sending(pipe, quotes_errors=levels.ours <= logging.DEBUG)
    logging.basicConfig(handlers=[handler], level=levels.all, force=True)
    logging.getLogger(OURS).setLevel(levels.ours)
    logging.captureWarnings(True)
    threading.excepthook = log_uncaught


def hear_logs(pipe: Connection) -> None:
    """Log what `send_logs` sends, until the other end is closed."""
    with suppress(EOFError, OSError), pipe:
        while True:
            record: logging.LogRecord = pipe.recv()
            logger = logging.getLogger(record.name)
            if logger.isEnabledFor(record.levelno):
                logger.handle(record)


@contextmanager
def speaking_through_us() -> Iterator[None]:
    """Libraries that are imported meanwhile print nothing: their records go where ours go."""
    before = logging.getLoggerClass()
    logging.setLoggerClass(Through)
    try:
        yield
    finally:
        logging.setLoggerClass(before)


class Through(logging.Logger):
    """Has no handlers of its own: a library that would print is heard by the root's."""

    would_print = False
    is_open = True

    def addHandler(self, hdlr: logging.Handler) -> None:
        self.would_print = True

    @property
    def propagate(self) -> bool:
        return self.is_open or self.would_print

    @propagate.setter
    def propagate(self, value: bool) -> None:
        self.is_open = value


class Sending(logging.Handler):
    """Sends each record, as plain values, with `turn`, `error_class` and `error_frames`."""

    def __init__(self, pipe: Connection, *, quotes_errors: bool) -> None:
        super().__init__()
        self.pipe, self.quotes_errors = pipe, quotes_errors

    def emit(self, record: logging.LogRecord) -> None:
        sent = logging.makeLogRecord({name: getattr(record, name) for name in KEPT})
        sent.msg, sent.turn = said(record), LABEL.get()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            frames = traceback.extract_tb(error.__traceback__)
            sent.error_class = type(error).__name__
            sent.error_frames = [(each.filename, each.lineno, each.name) for each in frames]
            if self.quotes_errors:
                sent.exc_text = "".join(traceback.format_exception(error))
        with suppress(OSError):
            self.pipe.send(sent)


def said(record: logging.LogRecord) -> str:
    """A library that gets its own message wrong breaks nothing."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return str(record.msg)


def log_uncaught(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_value is not None:
        log.error("a thread broke", exc_info=caught.exc_value)
