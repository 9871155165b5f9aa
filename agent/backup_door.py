"""How `python -m agent.backup` asks a running Reverie: a Unix socket for the data folder's owner only."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from agent.errors import AgentError, BackupFailed

__all__ = ["BackupDoor", "ask"]

NAME = "backup.sock"
MOST_BYTES = 8_192
ASK_SECONDS = 3_600.0
log = logging.getLogger(__name__)


class BackupDoor:
    """Open from the start to `close`; one backup at a time."""

    def __init__(self, data_folder: Path, back_up: Callable[[Path], str]) -> None:
        """`back_up` writes one and says so; it may raise AgentError."""
        self._back_up = back_up
        self._path = data_folder / NAME
        self._socket: socket.socket | None = None
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        try:
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listening.bind(os.fspath(self._path))
            self._path.chmod(0o600)
            listening.listen()
        except (OSError, AttributeError) as error:  # a path too long for a socket, or no such sockets
            log.warning("no backups while the app runs: %s cannot be opened (%s)", self._path, error)
            return
        self._socket = listening
        threading.Thread(target=self._serve, args=(listening,), name="backups", daemon=True).start()

    def close(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._path.unlink(missing_ok=True)

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            with caller, suppress(OSError):
                caller.settimeout(10)
                caller.sendall(json.dumps(self._answer(read_line(caller))).encode() + b"\n")

    def _answer(self, destination: str) -> dict[str, str]:
        if not Path(destination).is_absolute():
            return {"error": "The backup has no place to go to."}
        try:
            return {"done": self._back_up(Path(destination))}
        except AgentError as error:
            return {"error": str(error)}


def ask(data_folder: Path, destination: Path) -> str | None:
    """What the running Reverie says of its backup; None if none runs there. Raises BackupFailed."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.connect(os.fspath(data_folder / NAME))
            caller.settimeout(ASK_SECONDS)
            caller.sendall(os.fspath(destination).encode() + b"\n")
            line = read_line(caller)
    except TimeoutError as error:
        raise BackupFailed("The running Reverie does not answer. Please look at its log.") from error
    except (OSError, AttributeError):
        return None
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise BackupFailed(
            "The running Reverie ended before the backup was done. Please try again."
        ) from error
    if "done" not in answer:
        raise BackupFailed(answer.get("error", ""))
    return str(answer["done"])


def read_line(caller: socket.socket) -> str:
    content = b""
    while not content.endswith(b"\n") and len(content) < MOST_BYTES:
        piece = caller.recv(MOST_BYTES)
        if not piece:
            break
        content += piece
    return content.decode("utf-8", "replace").rstrip("\n")
