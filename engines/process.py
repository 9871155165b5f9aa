"""A process of our own and our end of a pipe to it; it ends with us, however we end. No torch."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from engines.errors import WorkerDied

__all__ = ["Lane", "begin", "end", "end_with_starter"]

GRACE_SECONDS = 10.0
"""How long a process that closed its pipe may take to end before it is killed."""
SPAWN = multiprocessing.get_context("spawn")
"""CUDA does not survive a fork."""


class Lane:
    """Our end of a pipe to `process`, which `who` calls in sentences. One conversation at a time."""

    def __init__(self, who: str, process: BaseProcess, pipe: Connection) -> None:
        self.who, self.process, self.pipe = who, process, pipe

    def send(self, message: object) -> None:
        """Raises WorkerDied."""
        try:
            self.pipe.send(message)
        except OSError as error:
            raise self.death() from error

    def receive(self) -> object:
        """Wait for a message. Raises WorkerDied."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError) as error:
            raise self.death() from error

    def death(self) -> WorkerDied:
        """How the process ended, which it has, or is made to."""
        self.process.join(GRACE_SECONDS)
        how = how_it_ended(end(self.process))
        return WorkerDied(f"{self.who} stopped unexpectedly ({how}) and is started again. Please try again.")


def begin(name: str, who: str, serve: Callable[..., None], argument: object, num_lanes: int) -> list[Lane]:
    """Run `serve(argument, *pipes)`, both picklable, in a fresh process, and talk with it in these lanes."""
    pairs = [SPAWN.Pipe() for _ in range(num_lanes)]
    process = SPAWN.Process(
        target=serve, args=(argument, *(theirs for _, theirs in pairs)), name=name, daemon=True
    )
    process.start()
    for _, theirs in pairs:
        theirs.close()
    return [Lane(who, process, ours) for ours, _ in pairs]


def how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    return f"{name}, as when memory runs out" if name == "SIGKILL" else name


def end(process: BaseProcess) -> int:
    """Kill it if need be; returns its exit code."""
    process.kill()
    process.join()
    while (code := process.exitcode) is None:  # another thread has heard it first and is about to note it
        time.sleep(0.001)
    return code


def end_with_starter() -> None:
    """Called in the new process: a Ctrl-C is for whoever started us, and we end when they do.

    A killed parent cannot tell us; nor can we listen to the pipe while a network loads or computes.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, name="parent", daemon=True).start()


def end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
