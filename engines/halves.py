"""One engine on two devices: each computes one half of guidance at every step. No torch here."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path

from engines.api import Engine, EngineInfo, OnProgress, Progress, Sample
from engines.errors import EngineError, NonFiniteOutput, WorkerDied
from engines.worker import Answer, Request, Worker

__all__ = ["Halves", "LoadHalf"]

GRACE_SECONDS = 10.0
"""How long one half may be silent after the other has failed, before both are killed."""

LoadHalf = Callable[[int, Path], Engine]
"""(rank, meeting file) to that rank's engine."""


class Halves:
    """Two workers who take the same steps; the first reports and decodes, the second stops before that.

    `loads` build the engines of rank 0 and 1 in their processes. The two stay in step: each is given leave to
    go on once both have finished a step. When one fails alone, or dies, both are ended: is_alive is false.
    """

    def __init__(self, names: Sequence[str], loads: Sequence[LoadHalf]) -> None:
        self.names, self.loads = tuple(names), tuple(loads)
        self.name = " and ".join(self.names)
        self._meeting: Path | None = None
        self._workers: tuple[Worker, ...] = ()

    @property
    def is_alive(self) -> bool:
        return bool(self._workers) and all(each.is_alive for each in self._workers)

    def start(self) -> None:
        """Begin to load in fresh processes; those that were there before are ended."""
        self.close()
        self._meeting = Path(tempfile.mkdtemp(prefix="reverie-halves-"))
        workers = [
            Worker(name, partial(load, rank, self._meeting / "ranks"))
            for rank, (name, load) in enumerate(zip(self.names, self.loads, strict=True))
        ]
        for each in workers:
            each.start()
        self._workers = tuple(workers)

    def ready(self) -> EngineInfo:
        """Wait for both to be loaded. Raises what loading raised, or WorkerDied."""
        waiting = list(self._workers)
        infos: dict[Worker, EngineInfo] = {}
        while waiting:
            for worker in pick_ready(waiting, None):
                try:
                    infos[worker] = worker.ready()
                except EngineError:
                    self.kill()
                    raise
                waiting.remove(worker)
        return infos[self._workers[0]]

    def run(self, request: Request, on_progress: OnProgress) -> Sample:
        """Have `request` done by both. What `on_progress` raises stops both and is raised here.

        Raises the EngineError that an engine raised, or WorkerDied.
        """
        try:
            return self._run(request, on_progress)
        except WorkerDied:
            self.kill()
            raise

    def kill(self) -> None:
        """End both processes now; whoever waits for an answer gets WorkerDied."""
        for each in self._workers:
            each.kill()

    def close(self) -> None:
        """Kill both and forget them; no other thread may wait for them."""
        for each in self._workers:
            each.close()
        self._workers = ()
        if self._meeting is not None:
            shutil.rmtree(self._meeting, ignore_errors=True)

    def _run(self, request: Request, on_progress: OnProgress) -> Sample:
        leader, follower = self._workers
        for each in self._workers:
            each.ask(request)
        while (report := self._hear()).step < report.num_steps:
            self._tell(report, on_progress)
            for each in self._workers:
                each.go_on()
        self._tell(report, on_progress)
        follower.stop()
        leader.go_on()
        answer = leader.answer()
        if not isinstance(answer, Sample):
            raise answer if isinstance(answer, EngineError) else TypeError(f"{leader.name} went on stepping.")
        return answer

    def _tell(self, report: Progress, on_progress: OnProgress) -> None:
        try:
            on_progress(report)
        except BaseException:
            with suppress(WorkerDied):
                for each in self._workers:
                    each.stop()
            raise

    def _hear(self) -> Progress:
        """Wait for a report of each, and return the leader's. Raises what a half raised."""
        answers: dict[Worker, Answer] = {}
        waiting = [*self._workers]
        while waiting:
            has_failed = any(isinstance(each, EngineError) for each in answers.values())
            heard = pick_ready(waiting, GRACE_SECONDS if has_failed else None)
            if not heard:  # it waits in vain for passes of the one that failed
                self.kill()
                break
            for worker in heard:
                answers[worker] = worker.answer()
                waiting.remove(worker)
        errors = [each for each in answers.values() if isinstance(each, EngineError)]
        if errors:
            for worker, answer in answers.items():
                if isinstance(answer, Progress):
                    worker.stop()
            # A half that fails has the other one end with NaN: not what went wrong, unless both say so.
            raise min(errors, key=lambda error: isinstance(error, NonFiniteOutput))
        report = answers[self._workers[0]]
        if not isinstance(report, Progress):
            raise TypeError(f"{self.name} ended before the last step.")
        return report


def pick_ready(workers: Sequence[Worker], seconds: float | None) -> list[Worker]:
    """Those that have an answer, or have died, as soon as there are any; none if that takes too long."""
    pipes = {worker.pipe: worker for worker in workers}
    heard = wait(list(pipes), seconds)
    return [worker for pipe, worker in pipes.items() if pipe in heard]
