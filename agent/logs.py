"""Logs for machines or for people: one line a record, naming the turn it belongs to, never quoting anyone.

What people type, keys, tokens and cookies are in no record of our own above the level DEBUG. An error's text
may quote them, so at other levels a traceback is told as the error's class and the lines it came through.
The engines' process sends its records here (engines/log_lane.py); they bring turn and error along.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

__all__ = ["TURN_ID", "LogFormat", "LogLevel", "adopt_server_logs", "is_for_machines", "set_up_logs"]

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning"]

TURN_ID: ContextVar[str] = ContextVar("turn_id", default="")
"""The turn for which this thread works."""

OURS = ("agent", "app", "engines", "ui", "__main__")
SERVER = ("uvicorn", "uvicorn.error", "uvicorn.access")
MOST_FRAMES = 12
ROOT = Path(__file__).parents[1]
log = logging.getLogger(__name__)


def set_up_logs(form: LogFormat, level: LogLevel = "info", stream: IO[str] | None = None) -> None:
    """For the whole process, on standard error. Other people's libraries speak from WARNING on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    formatter = JsonLines if form == "json" else TextLines
    handler.setFormatter(formatter(quotes_errors=level == "debug"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    logging.captureWarnings(True)
    threading.excepthook = log_uncaught


def is_for_machines() -> bool:
    """Whether this process was set up to log JSON."""
    return any(isinstance(each.formatter, JsonLines) for each in logging.getLogger().handlers)


def adopt_server_logs() -> None:
    """After the server has set up its own: its errors go where ours go, its access log nowhere."""
    for name in SERVER:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").addFilter(is_no_goodbye)


def is_no_goodbye(record: logging.LogRecord) -> bool:
    """Pages that still listen when the server ends are cut off, which is no error."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, asyncio.CancelledError) and "graceful shutdown" not in str(record.msg)


def log_uncaught(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_value is not None:
        log.error("a thread broke", exc_info=caught.exc_value)


class Lines(logging.Formatter):
    """What both forms share."""

    def __init__(self, *, quotes_errors: bool) -> None:
        super().__init__()
        self.quotes_errors = quotes_errors

    def error(self, record: logging.LogRecord) -> str:
        """The class and the way it took; with what it says only where errors are quoted."""
        error = record.exc_info[1] if record.exc_info else None
        name = getattr(record, "error_class", "") if error is None else type(error).__name__
        if self.quotes_errors and name:
            return record.exc_text or name if error is None else "".join(traceback.format_exception(error))
        way = " > ".join(
            f"{short(file)}:{line} {function}" for file, line, function in frames_of(record)[-MOST_FRAMES:]
        )
        return f"{name} at {way}" if way else name


def frames_of(record: logging.LogRecord) -> list[tuple[str, int | None, str]]:
    """File, line and function, the innermost last."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return [*getattr(record, "error_frames", ())]
    return [(each.filename, each.lineno, each.name) for each in traceback.extract_tb(error.__traceback__)]


def turn_of(record: logging.LogRecord) -> str:
    return getattr(record, "turn", "") or TURN_ID.get()


class JsonLines(Lines):
    """One JSON object a line: time, level, logger, message, and where there is one turn and error."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": when(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "turn": turn_of(record),
            "error": self.error(record),
        }
        return json.dumps({key: value for key, value in line.items() if value or key == "message"})


class TextLines(Lines):
    """For people; what would break the line is escaped, so no message can pass for two."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{when(record).astimezone():%H:%M:%S} {record.levelname.lower()} {record.name}"
        turn = f" [turn {turn_of(record)[:8]}]" if turn_of(record) else ""
        error = self.error(record)
        line = f"{head}{turn}: {record.getMessage()}{f' ({error})' if error else ''}"
        return line if self.quotes_errors else "".join(map(escaped, line))


def escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def when(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def short(filename: str) -> str:
    """Below our root, or below a library's folder."""
    path = Path(filename)
    if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
        return path.relative_to(ROOT).as_posix()
    return "/".join(path.parts[-2:])
