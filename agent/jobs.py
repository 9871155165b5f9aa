"""One worker a device: jobs wait in line, can be stopped there or on the device, and never overlap."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from queue import SimpleQueue
from typing import TypeVar

from agent.cancel import LOOK_SECONDS, CancelToken
from agent.errors import DeviceStalled
from engines.api import OnProgress, Progress
from engines.errors import Cancelled

__all__ = ["Job", "JobStatus", "Jobs"]

Result = TypeVar("Result")
CLOSE_SECONDS = 10.0


class JobStatus(StrEnum):
    """Life of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(kw_only=True, eq=False)
class Job:
    """One engine call. `given_up` tells the engine at its next step that nobody waits for it any more."""

    token: CancelToken
    status: JobStatus = JobStatus.WAITING
    error: str = ""
    queued: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    ended: datetime | None = None
    given_up: CancelToken = field(default_factory=CancelToken)


class Jobs:
    """The line of one device, first come first served; a turn queues one picture at a time."""

    def __init__(self, stall_seconds: float = 300.0) -> None:
        """A device silent for longer than `stall_seconds` is given up."""
        self.stall_seconds = stall_seconds
        self._lock = threading.Lock()
        self._line: list[Job] = []
        self._last_sign_seconds = time.monotonic()
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._device = threading.Thread(target=self._serve, name="device", daemon=True)
        self._device.start()

    @property
    def line(self) -> tuple[Job, ...]:
        """The running job first, then those that wait."""
        with self._lock:
            return tuple(self._line)

    def run(
        self,
        work: Callable[[OnProgress], Result],
        *,
        token: CancelToken,
        on_place: Callable[[int], None],
        on_progress: OnProgress,
    ) -> Result:
        """Queue `work`, wait, return its result or raise its error. `on_place` hears how many jobs are ahead.

        Raises Cancelled as soon as `token` is cancelled; the device itself is free at its next step. Raises
        DeviceStalled when the device gives no sign of life. `on_progress` is called on the device's thread.
        """
        job, future = Job(token=token), Future[Result]()
        token.raise_if_cancelled()
        with self._lock:
            if not self._line:
                self._last_sign_seconds = time.monotonic()
            self._line.append(job)
            self._tasks.put(lambda: self._perform(job, future, work, on_progress))
        try:
            self._watch(job, future, on_place)
            return future.result()
        finally:
            job.given_up.cancel()
            if future.cancel():
                self._leave(job, JobStatus.CANCELLED)

    def close(self) -> None:
        """Give up every job and end the worker; an engine that hangs is left behind."""
        for job in self.line:
            job.token.cancel()
        self._tasks.put(None)
        self._device.join(CLOSE_SECONDS)

    def _watch(self, job: Job, future: Future[Result], on_place: Callable[[int], None]) -> None:
        """Until the job has ended, been cancelled or found stuck."""
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        told: int | None = None
        while not done.is_set():
            place = self._place(job)
            if place is not None and place != told:
                on_place(place)
                told = place
            done.wait(LOOK_SECONDS)
            if not done.is_set():
                job.token.raise_if_cancelled()
                self._raise_if_stalled()

    def _serve(self) -> None:
        """The device's thread: a daemon, for an engine that hangs must not keep the program alive."""
        while (task := self._tasks.get()) is not None:
            task()

    def _perform(
        self,
        job: Job,
        future: Future[Result],
        work: Callable[[OnProgress], Result],
        on_progress: OnProgress,
    ) -> None:
        """On the device's thread; errors go to the thread that waits."""

        def on_step(progress: Progress) -> None:
            self._last_sign_seconds = time.monotonic()
            job.token.raise_if_cancelled()
            job.given_up.raise_if_cancelled()
            on_progress(progress)

        if not future.set_running_or_notify_cancel():
            return
        job.status, job.started = JobStatus.RUNNING, datetime.now(UTC)
        self._last_sign_seconds = time.monotonic()
        try:
            result = work(on_step)
        except BaseException as error:
            job.error = str(error)
            self._leave(job, JobStatus.CANCELLED if isinstance(error, Cancelled) else JobStatus.FAILED)
            future.set_exception(error)
        else:
            self._leave(job, JobStatus.DONE)
            future.set_result(result)

    def _leave(self, job: Job, status: JobStatus) -> None:
        with self._lock:
            self._line.remove(job)
            self._last_sign_seconds = time.monotonic()
        job.status, job.ended = status, datetime.now(UTC)

    def _place(self, job: Job) -> int | None:
        with self._lock:
            return self._line.index(job) if job in self._line else None

    def _raise_if_stalled(self) -> None:
        silence = time.monotonic() - self._last_sign_seconds
        if silence > self.stall_seconds:
            raise DeviceStalled(
                f"The engine has given no sign of life for {silence:.0f} seconds. "
                "Please restart Reverie and retry."
            )
