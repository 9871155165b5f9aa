"""What must hold before anything is loaded. Importing this file never imports Gradio."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.errors import AgentError, StorageUnavailable
from agent.logs import LogFormat, is_for_machines, set_up_logs

__all__ = ["describe", "end_within", "give_up", "prepare_environment", "require_free_port", "stop_signal"]

log = logging.getLogger(__name__)
NEVER = str(10**12)
"""Gradio sums up all events that it remembers after each one: with thousands, for a tenth of a second."""


def end_within(seconds: float) -> None:
    """Whatever hangs: the process is gone by then. What turns had finished is on disk."""

    def end() -> None:
        log.error("closing took longer than %.0f seconds: something hangs and is left behind", seconds)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def require_free_port(host: str, port: int) -> None:
    """Known before anything is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise AgentError(
                f"Port {port} of {host} cannot be used ({error.strerror}): stop the other program, or choose "
                f"another port with --port {port + 1}."
            ) from error


def prepare_environment(data_folder: Path, trusted_proxies: str = "") -> None:
    """For the libraries: nothing calls home, uploads stay in our own folder until they are read, and only a
    trusted proxy is believed about where a request comes from."""
    uploads = data_folder / "uploads"
    try:
        data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(uploads, ignore_errors=True)
        uploads.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StorageUnavailable(
            f"The data folder {data_folder} cannot be written ({error.strerror}): make it writable, "
            "or choose another one with --data-folder."
        ) from error
    os.environ.update(
        GRADIO_TEMP_DIR=str(uploads),
        GRADIO_ANALYTICS_ENABLED="False",
        GRADIO_ANALYTICS_MAX_EVENTS="1",
        GRADIO_ANALYTICS_CACHE_FREQUENCY=NEVER,
        HF_HUB_OFFLINE="1",
        DO_NOT_TRACK="1",
        FORWARDED_ALLOW_IPS=trusted_proxies,
    )


def stop_signal() -> threading.Event:
    """Set when the program is told to end."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def describe(error: ErrorDetails) -> str:
    """A setting that cannot be: which one, and why."""
    name = ".".join(str(part) for part in error["loc"])
    return f"{name}: {error['msg'].removeprefix('Value error, ')}."


class Wish(BaseSettings):
    """How to log, alone: known even where another setting cannot be."""

    model_config = SettingsConfigDict(
        env_prefix="REVERIE_", cli_kebab_case=True, cli_ignore_unknown_args=True
    )

    log_format: LogFormat = "text"


def give_up(sentence: str) -> int:
    """Said in the form in which logs are wanted, set up or not."""
    with suppress(ValidationError):
        if not is_for_machines() and Wish(_cli_parse_args=True).log_format == "json":
            set_up_logs("json")
    if is_for_machines():
        log.error("Reverie cannot start. %s", sentence)
    else:
        print(f"Reverie cannot start. {sentence}", file=sys.stderr)
    return 1
