"""The line to the devices: jobs wait there fairly, can be stopped there or at work, and share no place."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from datetime import UTC, datetime
from typing import TypeVar
from weakref import WeakSet

from pydantic import Field

from agent.cancel import LOOK_SECONDS, CancelToken
from agent.domain import Value
from agent.errors import DeviceStalled, TooBusy
from agent.job import Job, JobStatus, Place
from agent.line import Line
from agent.pace import Pace, begins_in
from agent.sentences import Sentence
from agent.spoken import PICTURES, Things, spoken, spoken_in_chinese
from engines.api import OnProgress, Progress
from engines.errors import Cancelled

__all__ = ["Job", "JobLimits", "JobStatus", "Jobs", "Place"]

Result = TypeVar("Result")
CLOSE_SECONDS = 10.0
ESTIMATE_SECONDS = 1.0
"""How often a new estimate is made for one who waits."""
LOOK_AT_DEVICES_SECONDS = 0.5
"""How soon it is seen that a device has come back."""
FIRST_GUESS_SECONDS = 30.0
"""Of a job, when none has been seen yet."""


class JobLimits(Value):
    """How many jobs may run or wait at once."""

    of_owner: int = Field(8, ge=1)
    in_all: int = Field(64, ge=1)


LIMITS = JobLimits()


class Jobs:
    """The line of one device or several, fair among owners; a turn queues one picture at a time."""

    def __init__(
        self,
        stall_seconds: float = 300.0,
        limits: JobLimits = LIMITS,
        num_at_once: int = 1,
        *,
        num_able: Callable[[], int] | None = None,
        leaves_one: bool = False,
        things: Things = PICTURES,
    ) -> None:
        """A device silent for longer than `stall_seconds` is given up. `num_at_once` jobs may be at work, a
        thread each, of which only as many begin as `num_able` then says. With `leaves_one` the last place is
        never for somebody who has one: where cards are lent, a job may long wait for its own."""
        self.stall_seconds = stall_seconds
        self.limits = limits
        self.num_at_once = num_at_once
        self._num_able = num_able
        self._leaves_one = leaves_one
        self._things = things
        self._change = threading.Condition()
        self._waiting = Line[Job]()
        self._order: list[Job] = []
        self._running: list[Job] = []
        self._pace = Pace()
        self._let_in = WeakSet[CancelToken]()
        self._is_closed = False
        self._last_sign_seconds = time.monotonic()
        self._threads = [
            threading.Thread(target=self._serve, name=name, daemon=True)
            for name in ("device", *(f"device {number}" for number in range(2, num_at_once + 1)))
        ]
        for each in self._threads:
            each.start()

    @property
    def line(self) -> tuple[Job, ...]:
        """Those at work first, then those that wait, as they will be served."""
        with self._change:
            return self._all()

    def run(
        self,
        work: Callable[[OnProgress], Result],
        *,
        token: CancelToken,
        on_place: Callable[[Place], None],
        on_progress: OnProgress,
        kind: str = "",
    ) -> Result:
        """Queue `work`, wait, return its result or raise its error. `on_place` hears of its place in line.

        The `token` tells whose job it is; a turn that was let in with it once is let in from then on. Jobs of
        one `kind` take about as long. Raises TooBusy beyond the limits; Cancelled as soon as `token` is
        cancelled, and the device is free at its next step; DeviceStalled when the device gives no sign of
        life. `work` and `on_progress` are called on the device's thread, in the caller's context.
        """
        job, future = Job(token=token, kind=kind), Future[Result]()
        context = copy_context()
        job.perform = lambda: context.run(self._perform, job, future, work, on_progress)
        token.raise_if_cancelled()
        self._join(job)
        try:
            self._watch(job, future, on_place)
            return future.result()
        finally:
            job.given_up.cancel()
            if future.cancel():
                self._leave(job, JobStatus.CANCELLED)

    def require_room(self, owner: str) -> None:
        """Whether a new job of `owner` would be let in; raises TooBusy, which says how long to wait."""
        with self._change:
            jobs, things = self._all(), self._things
            own = [each for each in jobs if each.owner == owner]
            if len(own) >= self.limits.of_owner:
                num_own = things.counted(len(own))
                what = Sentence(
                    f"You have {num_own} in the making or in line, as many as one may have here.",
                    f"你有 {things.counted_in_chinese(len(own))}正在生成或排队，已经到了一个人的上限。",
                )
                self._refuse(what, own[0])
            if len(jobs) >= self.limits.in_all:
                what = Sentence(
                    f"The line is full, with {things.counted(len(jobs))} in the making or waiting.",
                    f"队伍满了，有 {things.counted_in_chinese(len(jobs))}正在生成或等待。",
                )
                self._refuse(what, jobs[0])

    def close(self) -> None:
        """Give up every job and end the worker; an engine that hangs is left behind."""
        with self._change:
            self._is_closed = True
            self._change.notify_all()
        for job in self.line:
            job.token.cancel()
        latest = time.monotonic() + CLOSE_SECONDS
        for each in self._threads:
            each.join(max(0.0, latest - time.monotonic()))

    def _join(self, job: Job) -> None:
        with self._change:
            if self._is_closed:
                raise Cancelled("Stopped.")
            if job.token not in self._let_in:
                self.require_room(job.owner)
                self._let_in.add(job.token)
            if not self._all():
                self._last_sign_seconds = time.monotonic()
            self._waiting.join(job.owner, job)
            self._order = self._waiting.order()
            self._change.notify_all()

    def _watch(self, job: Job, future: Future[Result], on_place: Callable[[Place], None]) -> None:
        """Until the job has ended, been cancelled or found stuck."""
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        told, made = None, 0.0
        while not done.is_set():
            ahead = self._ahead(job)
            is_due = ahead and time.monotonic() - made > ESTIMATE_SECONDS
            if ahead is not None and (told is None or ahead != told.ahead or is_due):
                place, made = Place(ahead=ahead, seconds=self._seconds_before(job)), time.monotonic()
                if told is None or is_news(place, told):
                    on_place(place)
                    told = place
            done.wait(LOOK_SECONDS)
            if not done.is_set():
                job.token.raise_if_cancelled()
                self._raise_if_stalled(job)

    def _serve(self) -> None:
        """A device's thread: a daemon, for an engine that hangs must not keep the program alive."""
        while True:
            with self._change:
                while not self._change.wait_for(
                    lambda: self._is_closed or self._may_begin(),
                    None if self._num_able is None else LOOK_AT_DEVICES_SECONDS,
                ):
                    pass
                if self._is_closed:
                    return
                job = self._waiting.take(self._passed_over())
                self._running.append(job)
                self._order = self._waiting.order()
            job.perform()

    def _may_begin(self) -> bool:
        is_free = len(self._running) < self._places()
        return is_free and not self._passed_over().issuperset(each.owner for each in self._order)

    def _places(self) -> int:
        """How many may be at work now."""
        return self.num_at_once if self._num_able is None else min(self.num_at_once, self._num_able())

    def _passed_over(self) -> frozenset[str]:
        """Those who have something at work, where they leave the last free place to others."""
        if not self._leaves_one or len(self._running) < self._places() - 1:
            return frozenset()
        return frozenset(each.owner for each in self._running)

    def _perform(
        self,
        job: Job,
        future: Future[Result],
        work: Callable[[OnProgress], Result],
        on_progress: OnProgress,
    ) -> None:
        """On the device's thread; errors go to the thread that waits."""

        def on_step(progress: Progress) -> None:
            self._last_sign_seconds = job.sign_seconds = time.monotonic()
            job.token.raise_if_cancelled()
            job.given_up.raise_if_cancelled()
            if progress.step < 0:
                return
            if progress.step == 0:
                job.begun = time.monotonic()
            job.share = progress.step / progress.num_steps
            on_progress(progress)

        if not future.set_running_or_notify_cancel():
            return
        job.status, job.started = JobStatus.RUNNING, datetime.now(UTC)
        self._last_sign_seconds = job.sign_seconds = job.begun = start = time.monotonic()
        try:
            job.token.raise_if_cancelled()
            result = work(on_step)
        except BaseException as error:
            job.error = str(error)
            self._leave(job, JobStatus.CANCELLED if isinstance(error, Cancelled) else JobStatus.FAILED)
            future.set_exception(error)
        else:
            self._pace.took(job.kind, time.monotonic() - start)
            self._leave(job, JobStatus.DONE)
            future.set_result(result)

    def _leave(self, job: Job, status: JobStatus) -> None:
        """It has ended, wherever it was."""
        with self._change:
            job.status, job.ended = status, datetime.now(UTC)
            if job in self._running:
                self._running.remove(job)
                self._change.notify_all()
            elif job in self._order:
                self._waiting.leave(job.owner, job)
                self._order = self._waiting.order()
            self._last_sign_seconds = time.monotonic()

    def _all(self) -> tuple[Job, ...]:
        return (*self._running, *self._order)

    def _ahead(self, job: Job) -> int | None:
        """How many jobs are to end before it begins; None once it has ended itself."""
        with self._change:
            jobs, first = self._all(), max(len(self._running), self._places()) - 1
            if job not in jobs or job in self._running:
                return 0 if job in jobs else None
            return max(jobs.index(job) - first, int(job.owner in self._passed_over()))

    def _seconds_before(self, job: Job) -> float | None:
        """Until it begins, as far as the pace of those ahead is known."""
        with self._change:
            jobs = self._all()
            if job not in jobs:
                return None
            if job in self._running:
                return 0.0
            seconds = [self._seconds_left(each) for each in jobs[: jobs.index(job)]]
        known = [each for each in seconds if each is not None]
        return begins_in(known, self._places()) if len(known) == len(seconds) else None

    def _seconds_left(self, job: Job) -> float | None:
        """Until one that waits would be done if it began now, or the one that runs is."""
        elapsed = time.monotonic() - job.begun
        if job.share:
            return elapsed * (1 - job.share) / job.share
        expected = self._pace.expected(job.kind)
        if expected is None or job.status is JobStatus.WAITING:
            return expected
        return max(0.0, expected - elapsed)

    def _refuse(self, what: Sentence, first: Job) -> None:
        """Until `first` is done there is no room."""
        before, own = self._seconds_before(first), self._seconds_left(first)
        seconds = FIRST_GUESS_SECONDS if before is None or own is None else before + own
        wait = max(1, math.ceil(seconds))
        sentence = Sentence(
            f"{what} Please try again in about {spoken(wait)}.",
            f"{what.chinese}请在大约 {spoken_in_chinese(wait)}后再试。",
        )
        raise TooBusy(sentence, wait)

    def _raise_if_stalled(self, job: Job) -> None:
        is_at_work = job.status is JobStatus.RUNNING
        silence = time.monotonic() - (job.sign_seconds if is_at_work else self._last_sign_seconds)
        if silence > self.stall_seconds:
            raise DeviceStalled(
                Sentence(
                    f"The engine has given no sign of life for {silence:.0f} seconds. "
                    "Please restart Reverie and retry.",
                    f"引擎已经 {silence:.0f} 秒没有反应。请重启 Reverie 后重试。",
                )
            )


def is_news(place: Place, told: Place) -> bool:
    """Another place, or an estimate so different that a reader would notice."""
    if place.ahead != told.ahead or (place.seconds is None) != (told.seconds is None):
        return True
    if place.seconds is None or told.seconds is None:
        return False
    return not told.seconds / 2 < max(place.seconds, 1.0) < told.seconds * 1.5 + 5
