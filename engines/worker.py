"""An engine in a process of its own: requests go there, progress, pictures and errors come back. No torch."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TypeAlias

from engines.api import EditRequest, Engine, EngineInfo, GenerateRequest, OnProgress, Progress, Sample
from engines.errors import Cancelled, EngineError, WorkerDied

__all__ = ["Answer", "Request", "Worker"]

Request: TypeAlias = GenerateRequest | EditRequest
Answer: TypeAlias = Progress | Sample | EngineError
"""What a worker says: progress, each time waiting for leave to go on, and at last one of the others."""

GRACE_SECONDS = 10.0
"""How long a process that was told to end may take before it is killed."""
SPAWN = multiprocessing.get_context("spawn")
"""CUDA does not survive a fork."""


class Worker:
    """A process that holds the engine that `load` builds there; `load` must be picklable.

    `name` is what it is called in sentences: its device. One request at a time. The process ends with the
    one that started it, however that ends. An error that is no EngineError ends the process: after a bug, or
    a failed kernel, its device can be trusted again only from a fresh one.
    """

    def __init__(self, name: str, load: Callable[[], Engine]) -> None:
        self.name, self.load = name, load
        self._life: Life | None = None

    @property
    def is_alive(self) -> bool:
        return self._life is not None and self._life.process.is_alive()

    @property
    def pid(self) -> int | None:
        return self._life.process.pid if self._life else None

    @property
    def pipe(self) -> Connection:
        """Our end: readable when there is an answer, or when the process has ended."""
        return self._living.pipe

    def start(self) -> None:
        """Begin to load in a fresh process; one that was there before is ended."""
        self.close()
        ours, theirs = SPAWN.Pipe()
        process = SPAWN.Process(
            target=serve, args=(theirs, self.load), name=f"engine on {self.name}", daemon=True
        )
        process.start()
        theirs.close()
        self._life = Life(process=process, pipe=ours)

    def ready(self) -> EngineInfo:
        """Wait for the engine to be loaded. Raises what loading raised, or WorkerDied."""
        match self._receive():
            case EngineInfo() as info:
                return info
            case EngineError() as error:
                raise error
            case other:
                raise TypeError(f"The worker on {self.name} began with {other}.")

    def run(self, request: Request, on_progress: OnProgress) -> Sample:
        """Have `request` done. What `on_progress` raises stops the engine at that step and is raised here.

        Raises the EngineError that the engine raised, or WorkerDied.
        """
        self.ask(request)
        while isinstance(answer := self.answer(), Progress):
            try:
                on_progress(answer)
            except BaseException:
                with suppress(WorkerDied):
                    self.stop()
                raise
            self.go_on()
        if isinstance(answer, EngineError):
            raise answer
        return answer

    def ask(self, request: Request) -> None:
        self._send(request)

    def answer(self) -> Answer:
        """Wait for the next one. Raises WorkerDied."""
        match self._receive():
            case Progress() | Sample() | EngineError() as answer:
                return answer
            case other:
                raise TypeError(f"The worker on {self.name} answered {other}.")

    def go_on(self) -> None:
        """The leave that follows each progress."""
        self._send(True)

    def stop(self) -> None:
        """In place of the leave to go on; returns when the engine has stopped."""
        self._send(False)
        if isinstance(self.answer(), Progress):
            raise TypeError(f"The worker on {self.name} went on after it was stopped.")

    def kill(self) -> None:
        """End the process now; whoever waits for its answer gets WorkerDied."""
        if self._life is not None:
            self._life.process.kill()
            self._life.process.join()

    def close(self) -> None:
        """Kill the process and forget it; no other thread may wait for it."""
        self.kill()
        if self._life is not None:
            self._life.pipe.close()
            self._life = None

    @property
    def _living(self) -> Life:
        if self._life is None:
            raise WorkerDied(f"The worker on {self.name} was closed.")
        return self._life

    def _send(self, message: Request | bool) -> None:
        try:
            self._living.pipe.send(message)
        except OSError as error:
            raise self._death() from error

    def _receive(self) -> object:
        try:
            return self._living.pipe.recv()
        except (EOFError, OSError) as error:
            raise self._death() from error

    def _death(self) -> WorkerDied:
        process = self._living.process
        process.join(GRACE_SECONDS)
        self.kill()
        code = process.exitcode
        how = f"killed by {signal.Signals(-code).name}" if code and code < 0 else f"exit code {code}"
        return WorkerDied(f"The worker on {self.name} died ({how}); it is started again. Please try again.")


@dataclass(frozen=True, kw_only=True)
class Life:
    """One process and our end of its pipe."""

    process: multiprocessing.process.BaseProcess
    pipe: Connection


def serve(pipe: Connection, load: Callable[[], Engine]) -> None:
    """The worker's own process: load, then answer until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C reaches us too, but it is for whoever started us
    threading.Thread(target=end_with_parent, name="parent", daemon=True).start()
    try:
        engine = load()
        pipe.send(engine.info)
    except EngineError as error:
        pipe.send(error)
        return
    while True:
        try:
            request: Request = pipe.recv()
        except EOFError:
            return
        pipe.send(run(engine, request, pipe))


def run(engine: Engine, request: Request, pipe: Connection) -> Sample | EngineError:
    def on_progress(progress: Progress) -> None:
        pipe.send(progress)
        if not pipe.recv():
            raise Cancelled("Stopped.")

    try:
        if isinstance(request, GenerateRequest):
            return engine.generate(request, on_progress)
        return engine.edit(request, on_progress)
    except EngineError as error:
        return error


def end_with_parent() -> None:
    """A killed parent cannot tell us; nor can we listen to the pipe while a network loads or computes."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
