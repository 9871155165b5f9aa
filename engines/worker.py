"""An engine in a process of its own: requests go there, progress, pictures and errors come back. No torch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TypeAlias

from engines.api import EditRequest, Engine, EngineInfo, GenerateRequest, OnProgress, Progress, Sample
from engines.errors import Cancelled, EngineError, WorkerDied
from engines.process import Lane, begin, end, end_with_starter

__all__ = ["Answer", "Request", "Worker", "run"]

Request: TypeAlias = GenerateRequest | EditRequest
Answer: TypeAlias = Progress | Sample | EngineError
"""What a worker says: progress, each time waiting for leave to go on, and at last one of the others."""


class Worker:
    """A process that holds the engine that `load` builds there; `load` must be picklable.

    `name` is what it is called in sentences: its device. One request at a time. The process ends with the
    one that started it, however that ends. An error that is no EngineError ends the process: after a bug, or
    a failed kernel, its device can be trusted again only from a fresh one.
    """

    def __init__(self, name: str, load: Callable[[], Engine]) -> None:
        self.name, self.load = name, load
        self._lane: Lane | None = None

    @property
    def is_alive(self) -> bool:
        return self._lane is not None and self._lane.process.is_alive()

    @property
    def pid(self) -> int | None:
        return self._lane.process.pid if self._lane else None

    @property
    def pipe(self) -> Connection:
        """Our end: readable when there is an answer, or when the process has ended."""
        return self._living.pipe

    def start(self) -> None:
        """Begin to load in a fresh process; one that was there before is ended."""
        self.close()
        who = f"The worker on {self.name}"
        (self._lane,) = begin(f"engine on {self.name}", who, serve, self.load, num_lanes=1)

    def ready(self) -> EngineInfo:
        """Wait for the engine to be loaded. Raises what loading raised, or WorkerDied."""
        match self._living.receive():
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
        self._living.send(request)

    def answer(self) -> Answer:
        """Wait for the next one. Raises WorkerDied."""
        match self._living.receive():
            case Progress() | Sample() | EngineError() as answer:
                return answer
            case other:
                raise TypeError(f"The worker on {self.name} answered {other}.")

    def go_on(self) -> None:
        """The leave that follows each progress."""
        self._living.send(True)

    def stop(self) -> None:
        """In place of the leave to go on; returns when the engine has stopped."""
        self._living.send(False)
        if isinstance(self.answer(), Progress):
            raise TypeError(f"The worker on {self.name} went on after it was stopped.")

    def kill(self) -> None:
        """End the process now; whoever waits for its answer gets WorkerDied."""
        if self._lane is not None:
            end(self._lane.process)

    def close(self) -> None:
        """Kill the process and forget it; no other thread may wait for it."""
        self.kill()
        if self._lane is not None:
            self._lane.pipe.close()
            self._lane = None

    @property
    def _living(self) -> Lane:
        if self._lane is None:
            raise WorkerDied(f"The worker on {self.name} was closed.")
        return self._lane


def serve(load: Callable[[], Engine], pipe: Connection) -> None:
    """The worker's own process: load, then answer until the pipe is closed."""
    end_with_starter()
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
