"""A family of engines in a process of its own, which is started again when it ends or hangs. No torch."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import TypeVar

from engines.api import EngineInfo, OnProgress, Progress
from engines.devices import ANY, Device
from engines.errors import EngineError, WorkerDied
from engines.families import Family
from engines.log_lane import hear_logs, levels_here
from engines.orders import Channel, Given, Inform, Order, Piece, is_sign
from engines.process import GRACE_SECONDS, Lane, begin, end
from engines.serving import serve

__all__ = ["Workshop"]

Wanted = TypeVar("Wanted")
LOOK_SECONDS = 0.5
"""How often the process is looked after."""
LOAD_SECONDS = 1_800.0
"""Loading, which includes reading words for the first time, may be silent for so long: disks can be slow."""
NUM_STARTS = 3
"""How many processes may die before they have taken an order."""
MOST_DEATHS = 3
"""In a row, with nothing done between: after these the next request starts it, and it alone."""
log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class Line:
    """A lane to the process, who talks in it, and when (on a clock of seconds) it will have hung."""

    lane: Lane
    lock: threading.Lock = field(default_factory=threading.Lock)
    due: float | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[Lane]:
        """Talk with it: a process that lets this last longer is killed."""
        self.due = time.monotonic() + seconds
        try:
            yield self.lane
        finally:
            self.due = None


@dataclass(kw_only=True, eq=False)
class Life:
    """Of one process. `known`: who has been heard of in it, and so is loaded. `is_noted`: that it is over."""

    lines: tuple[Line, ...]
    known: set[str] = field(default_factory=set)
    has_hung: bool = False
    is_noted: threading.Event = field(default_factory=threading.Event)

    @property
    def process(self) -> BaseProcess:
        return self.lines[0].lane.process

    def end_if_hung(self) -> None:
        now = time.monotonic()
        if any(due is not None and due < now for due in [line.due for line in self.lines]):
            self.has_hung = True
            self.process.kill()


class Workshop:
    """The process in which `load`, picklable, builds a family; it is started when something is asked of it.

    When it ends, or gives no sign of life for `stall_seconds`, whoever waits for its answer gets WorkerDied;
    it is started again and loads again what was loaded. It ends with the one that started it, however that
    ends. Any thread may ask. What it logs is logged here; `label`, called where something is asked, tells
    whose work it is. `device` is all that the process sees. Close it when done.

    `is_able`: not from its death until all is loaded again, and not where that fails. It may be asked anyway.
    """

    def __init__(
        self,
        load: Callable[[], Family],
        stall_seconds: float = 300.0,
        load_seconds: float = LOAD_SECONDS,
        label: Callable[[], str] = str,
        device: Device = ANY,
    ) -> None:
        self.load = load
        self.device = device
        self.label = label
        self.stall_seconds = stall_seconds
        self.load_seconds = load_seconds
        self._lock = threading.Lock()
        self._life: Life | None = None
        self._is_closed = False
        self._infos: dict[str, EngineInfo] = {}
        self.is_able = True
        self.num_deaths = 0
        self._num_starts = 0

    @property
    def num_restarts(self) -> int:
        """How often the process had to be started again."""
        return max(0, self._num_starts - 1)

    @property
    def pid(self) -> int | None:
        life = self._life
        return None if life is None else life.process.pid

    def knows(self, who: str) -> bool:
        """Whether it is loaded in the process that runs."""
        life = self._life
        return life is not None and who in life.known

    def prepare(self, members: Iterable[str]) -> bool:
        """Load these; False if that fails, which is logged."""
        self.is_able, is_loaded = False, True
        for member in members:
            try:
                self._infos[member] = self.ask(Inform(member=member), EngineInfo)
            except EngineError as error:
                is_loaded = False
                if self._is_closed:
                    break
                log.error("%s", f"{self.device.name}: {error}".removeprefix(": "))
        self.is_able = self.is_able or is_loaded
        return is_loaded

    def info(self, member: str) -> EngineInfo:
        """Of a member, which is loaded for it. Raises EngineError."""
        if member not in self._infos:
            self._infos[member] = self.ask(Inform(member=member), EngineInfo)
        return self._infos[member]

    def ask(self, order: Order, kind: type[Wanted], on_progress: OnProgress = lambda _: None) -> Wanted:
        """Have it done. What `on_progress` raises stops it at that step and is raised here.

        Raises EngineError.
        """
        with closing(self.talk(order)) as talk:
            try:
                while True:
                    said = next(talk)
                    if isinstance(said, Progress):
                        on_progress(said)
            except StopIteration as end:
                answer = end.value
        if not isinstance(answer, kind):
            raise TypeError(f"{type(order).__name__} was answered with {answer!r}.")
        return answer

    def talk(self, order: Order) -> Generator[Progress | Piece, None, object]:
        """What is said on the way to the answer, which it returns. Raises EngineError.

        The engine goes on when the next thing is asked for, and stops when this is closed.
        """
        for _ in range(NUM_STARTS):
            life = self._living()
            line = life.lines[order.channel]
            with line.lock:
                try:
                    self._give(life, line, order)
                except WorkerDied as error:
                    death = self._told(life, error)
                    continue
                try:
                    answer = yield from self._hear(life, line, order.who)
                except WorkerDied as error:
                    raise self._told(life, error) from error
            if not isinstance(order, Inform):
                self.num_deaths = 0
            if isinstance(answer, EngineError):
                raise answer
            if not isinstance(order, Inform):
                self.is_able = True
            return answer
        raise death

    def close(self) -> None:
        """End the process; whoever waits for it gets an error."""
        atexit.unregister(self.close)
        with self._lock:
            self._is_closed = True
            life, self._life = self._life, None
        if life is not None:
            end(life.process)

    def _living(self) -> Life:
        with self._lock:
            if self._is_closed:
                raise EngineError("The engine was closed. Please start Reverie again.")
            if self._life is None or not self._life.process.is_alive():
                atexit.register(self.close)  # or it would be taken for a death and started again
                self._life = self._begin()
            return self._life

    def _begin(self) -> Life:
        self._num_starts += 1
        work = partial(serve, self.load, self.device)
        *lanes, logs = begin("engines", "The engine", work, levels_here(), num_lanes=len(Channel) + 1)
        threading.Thread(target=hear_logs, args=(logs.pipe,), name="engine logs", daemon=True).start()
        life = Life(lines=tuple(Line(lane=lane) for lane in lanes))
        threading.Thread(target=self._watch, args=(life,), name="engine watch", daemon=True).start()
        return life

    def _watch(self, life: Life) -> None:
        """To its end; then another one loads what was loaded, unless they only ever die of it."""
        while not wait([life.process.sentinel], LOOK_SECONDS):
            life.end_if_hung()
        end(life.process)
        self.num_deaths += 1
        was_able, self.is_able = self.is_able, False
        life.is_noted.set()
        if self._is_closed:
            return
        who = " on ".join(filter(None, ["The engine's process", self.device.name]))
        if self.num_deaths > MOST_DEATHS:
            log.error("%s ended %d times in a row; it is left alone.", who, self.num_deaths)
            return
        log.warning("%s ended; it is started again.", who)
        if was_able or self._infos:  # else it ended before anything was loaded
            self.prepare([*self._infos])

    def _give(self, life: Life, line: Line, order: Order) -> None:
        """Returns when it has been taken. Raises WorkerDied."""
        with line.within(self.stall_seconds if life.known else self.load_seconds) as lane:
            lane.send(Given(order=order, label=self.label()))
            lane.receive()

    def _hear(self, life: Life, line: Line, who: str) -> Generator[Progress | Piece, None, object]:
        with line.within(self._patience(life, who)) as lane:
            said = lane.receive()
        while isinstance(said, Progress | Piece):
            if not is_sign(said):
                life.known.add(who)
            goes_on = False
            try:
                yield said
                goes_on = True
            finally:
                if not goes_on:
                    self._stop(line)
            with line.within(self._patience(life, who)) as lane:
                if not is_sign(said):
                    lane.send(True)
                said = lane.receive()
        life.known.add(who)
        return said

    def _patience(self, life: Life, who: str) -> float:
        """For how many seconds it may be silent."""
        return self.stall_seconds if who in life.known else self.load_seconds

    def _stop(self, line: Line) -> None:
        """In place of the leave to go on; returns when the engine has stopped, a step later at most."""
        with suppress(WorkerDied):
            with line.within(self.stall_seconds) as lane:
                lane.send(False)
                said = lane.receive()
            while isinstance(said, Progress | Piece):
                with line.within(self.stall_seconds) as lane:
                    said = lane.receive()

    def _told(self, life: Life, death: WorkerDied) -> EngineError:
        """To whoever waited for the answer, when it is known here that there is none."""
        life.is_noted.wait(GRACE_SECONDS)
        if self._is_closed:
            return EngineError("The engine was closed before it was done.")
        if life.has_hung:
            silence = f"no sign of life for {self.stall_seconds:.0f} seconds"
            return WorkerDied(f"The engine gave {silence} and is started again. Please try again.")
        return death
