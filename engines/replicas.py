"""Several engines of one preset behind one line: each request goes to the first that is free. No torch."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from dataclasses import dataclass, replace
from itertools import pairwise
from types import TracebackType
from typing import Protocol

from engines.api import MAX_PICTURES, EditRequest, EngineInfo, GenerateRequest, OnProgress, Progress, Sample
from engines.errors import Cancelled, EngineError, WorkerDied
from engines.worker import Request

__all__ = ["Replica", "Replicas", "split"]

LOOK_SECONDS = 0.5
"""How soon the death of an idle replica is noticed."""
log = logging.getLogger(__name__)


class Replica(Protocol):
    """An engine that lives elsewhere: a Worker with one device, or Halves with two."""

    @property
    def name(self) -> str: ...

    @property
    def is_alive(self) -> bool: ...

    def start(self) -> None: ...

    def ready(self) -> EngineInfo: ...

    def run(self, request: Request, on_progress: OnProgress) -> Sample: ...

    def kill(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Errand:
    """A request in line, and where its sample is awaited."""

    request: Request
    on_progress: OnProgress
    sample: Future[Sample]


class Replicas:
    """An engine; calls from several threads run at the same time, one on each replica.

    A request for several pictures is split over the replicas. `on_progress` is called on a replica's thread.
    A replica that dies fails its request with WorkerDied and is started again while the others work on; one
    that cannot be is given up. Loading raises what load_engine raises. Close it when done.
    """

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self.replicas = tuple(replicas)
        self._line: deque[Errand] = deque()
        self._change = threading.Condition()
        self._num_left = len(self.replicas)
        self._end: EngineError | None = None
        try:
            for each in self.replicas:
                each.start()
            self._info, *_ = [each.ready() for each in self.replicas]
        except BaseException:
            for each in self.replicas:
                each.close()
            raise
        self._threads = [
            threading.Thread(target=self._serve, args=(each,), name=f"line to {each.name}", daemon=True)
            for each in self.replicas
        ]
        for thread in self._threads:
            thread.start()

    @property
    def info(self) -> EngineInfo:
        return self._info

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        """Draw; several pictures on as many replicas. Raises EngineError, or what `on_progress` raises."""
        return self._together(request, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        """Change a picture, as `generate` draws. Raises EngineError, or what `on_progress` raises."""
        return self._together(request, on_progress)

    def _together(self, request: Request, on_progress: OnProgress) -> Sample:
        first, *others = self._all(split(request, len(self.replicas)), on_progress)
        notes = dict.fromkeys(each.note for each in (first, *others) if each.note)
        pictures = [picture for each in others for picture in (each.image, *each.more)]
        return replace(first, more=(*first.more, *pictures), note=" ".join(notes))

    def close(self) -> None:
        """End all processes; requests still in line or at work fail."""
        self._stop(EngineError("The engine was closed before the picture was done."))
        for thread in self._threads:
            thread.join()
        for each in self.replicas:
            each.close()

    def __enter__(self) -> Replicas:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _all(self, requests: Sequence[Request], on_progress: OnProgress) -> list[Sample]:
        """Have them done side by side; when one fails, the others are stopped."""
        chorus = Chorus(on_progress, len(requests))
        samples: list[Future[Sample]] = [Future() for _ in requests]
        try:
            with self._change:
                if self._end is not None:
                    raise self._end
                for index, (request, sample) in enumerate(zip(requests, samples, strict=True)):
                    errand = Errand(request=request, on_progress=chorus.listener(index), sample=sample)
                    self._line.append(errand)
                self._change.notify_all()
            done, _ = wait(samples, return_when=FIRST_EXCEPTION)
            failures = [error for each in done if (error := each.exception())]
        finally:
            chorus.stop()
            for each in samples:
                each.cancel()
        wait([each for each in samples if not each.cancelled()])
        if failures:
            raise chorus.error or failures[0]
        return [each.result() for each in samples]

    def _serve(self, replica: Replica) -> None:
        """A replica's thread: one errand after the other, and a new process when the old one has died."""
        while self._end is None:
            if not replica.is_alive:
                try:
                    self._start_again(replica)
                except EngineError as error:
                    self._give_up(replica, error)
                    return
            errand = self._next()
            if errand is not None and not replica.is_alive:
                self._put_back(errand)
            elif errand is not None and errand.sample.set_running_or_notify_cancel():
                self._run(replica, errand)

    def _run(self, replica: Replica, errand: Errand) -> None:
        try:
            sample = replica.run(errand.request, errand.on_progress)
        except BaseException as error:  # it is raised again where the sample is awaited
            is_end = self._end is not None and isinstance(error, WorkerDied)
            errand.sample.set_exception(self._end if is_end else error)
        else:
            errand.sample.set_result(sample)

    def _next(self) -> Errand | None:
        with self._change:
            if not self._line and self._end is None:
                self._change.wait(LOOK_SECONDS)
            return self._line.popleft() if self._line else None

    def _put_back(self, errand: Errand) -> None:
        with self._change:
            self._line.appendleft(errand)
            self._change.notify()

    def _start_again(self, replica: Replica) -> None:
        log.warning("The engine on %s died; it is started again.", replica.name)
        replica.start()
        if self._end is None:
            replica.ready()

    def _give_up(self, replica: Replica, error: EngineError) -> None:
        if self._end is not None:
            return
        log.error("The engine on %s could not be started again: %s", replica.name, error)
        with self._change:
            self._num_left -= 1
        if not self._num_left:
            self._stop(EngineError(f"No engine is left: {error} Start the program again."))

    def _stop(self, reason: EngineError) -> None:
        with self._change:
            self._end = self._end or reason
            errands = [*self._line]
            self._line.clear()
            self._change.notify_all()
        for errand in errands:
            if errand.sample.set_running_or_notify_cancel():
                errand.sample.set_exception(self._end)
        for each in self.replicas:
            each.kill()


class Chorus:
    """Several engines' progress as one: as far as the slowest, with the first one's previews.

    Every report of any is passed on, so that a step may be told more than once and a cancel is soon noticed:
    what `on_progress` raises, kept in `error`, stops all voices.
    """

    def __init__(self, on_progress: OnProgress, num_voices: int) -> None:
        self.on_progress = on_progress
        self.steps = [0] * num_voices
        self.is_stopped = False
        self.error: BaseException | None = None
        self._lock = threading.Lock()

    def listener(self, voice: int) -> Callable[[Progress], None]:
        def on_progress(progress: Progress) -> None:
            with self._lock:
                if self.is_stopped:
                    raise Cancelled("Another part of the request has failed.")
                self.steps[voice] = progress.step
                preview = progress.preview if voice == 0 else None
                try:
                    self.on_progress(replace(progress, step=min(self.steps), preview=preview))
                except BaseException as error:
                    self.error, self.is_stopped = error, True
                    raise

        return on_progress

    def stop(self) -> None:
        """At their next report all voices are cancelled."""
        self.is_stopped = True


def split(request: Request, num_replicas: int) -> list[Request]:
    """As many requests as can work at once: of `num_pictures`, neighbours by seed stay together."""
    count = request.num_pictures
    if not 1 < count <= MAX_PICTURES:
        return [request]
    num_parts = min(count, num_replicas)
    starts = [count * part // num_parts for part in range(num_parts + 1)]
    return [
        replace(request, seed=request.seed + start, num_pictures=end - start)
        for start, end in pairwise(starts)
    ]
