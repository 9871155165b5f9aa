"""The decoders as the app sees them: a few processes, kept warm, each replaced as soon as it misbehaves."""

from __future__ import annotations

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from pydantic import TypeAdapter, ValidationError

from agent.decoder.wire import MAX_PIXELS, Answer, Problem, Task, receive, send

__all__ = ["Decoded", "Decoders", "Undecodable"]

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from agent.decoder.process import serve; serve()"
PASSED_ON = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "PYTHONDONTWRITEBYTECODE": "1"}
NUM_DECODERS = 2
FILE_SECONDS = 20.0
WAIT_SECONDS = 30.0
MOST_FILES = 1_000
MOST_HEAD_BYTES = 1024**2
BANDS = {"L": 1, "RGB": 3, "RGBA": 4}
ANSWER = TypeAdapter(Answer)
log = logging.getLogger(__name__)
SIGXCPU = getattr(signal, "SIGXCPU", 0)


class Undecodable(Exception):
    """A file that gave no picture. `width` and `height` are 0 where nobody got to know them."""

    def __init__(self, problem: Problem, width: int = 0, height: int = 0) -> None:
        super().__init__(problem)
        self.problem, self.width, self.height = problem, width, height


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What came of a file. `pixels` fit the answer's size and mode; they are all that is taken from it."""

    answer: Answer
    pixels: bytes

    def image(self) -> Image.Image:
        size = (self.answer.width, self.answer.height)
        return Image.frombytes(self.answer.mode, size, self.pixels)


class Decoders:
    """Any thread may ask. Nobody waits longer than the two time limits together."""

    def __init__(
        self,
        num_decoders: int = NUM_DECODERS,
        file_seconds: float = FILE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """The processes start when they are first needed."""
        self.file_seconds = file_seconds
        self.wait_seconds = wait_seconds
        self.num_started = 0
        self._is_closed = False
        self._places: queue.LifoQueue[Process | None] = queue.LifoQueue()
        for _ in range(num_decoders):
            self._places.put(None)
        weakref.finalize(self, end_all, self._places)

    def start(self) -> None:
        """One process, so that the first picture need not wait for it."""
        with suppress(queue.Empty, Undecodable):
            process = self._places.get_nowait()
            try:
                process = process or self._begin()
            finally:
                self._places.put(process)

    def ask(self, task: Task, content: bytes) -> Decoded:
        """Raises Undecodable, whatever happens in there."""
        try:
            process = self._places.get(timeout=self.wait_seconds)
        except queue.Empty:
            raise Undecodable(Problem.BUSY) from None
        is_kept = False
        try:
            if process is None or not process.is_usable:
                end(process)
                process = self._begin()
            decoded = process.ask(task, content, self.file_seconds)
            is_kept = decoded.answer.problem is not Problem.TOO_HEAVY
        finally:
            if not is_kept or self._is_closed:
                end(process)
                process = None
            self._places.put(process)
        problem, answer = decoded.answer.problem, decoded.answer
        if problem is not None:
            raise Undecodable(problem, answer.width, answer.height)
        return decoded

    def close(self) -> None:
        """A file that is being read is read to its end."""
        self._is_closed = True
        end_all(self._places)

    def _begin(self) -> Process:
        self.num_started += 1
        return Process()


def end_all(places: queue.LifoQueue[Process | None]) -> None:
    """Those that read nothing now."""
    with suppress(queue.Empty):
        while True:
            end(places.get_nowait())


class Process:
    """One decoder. Raises Undecodable where the system has no room for it."""

    def __init__(self) -> None:
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        paths = [str(ROOT), *(str(Path(each).resolve()) for each in sys.path)]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", PROGRAM, *paths],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=passed_on | ENVIRONMENT,
            )
        except OSError as error:
            raise Undecodable(Problem.BUSY) from error
        self.num_files = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        return self.num_files < MOST_FILES and self._process.poll() is None

    def ask(self, task: Task, content: bytes, seconds: float) -> Decoded:
        """Raises Undecodable when it dies over the file, takes too long, or says what cannot be."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.num_files += 1
        with self._ended_after(seconds) as is_late:
            try:
                send(self._process.stdin, task.encode(), content)
                frame = receive(self._process.stdout, MOST_HEAD_BYTES, MAX_PIXELS * BANDS["RGBA"])
            except (OSError, ValueError):
                frame = None
        if is_late.is_set():
            self.num_files = MOST_FILES
        if frame is None:
            problem = Problem.TOO_SLOW if is_late.is_set() or self._ran_out() else Problem.CRASHED
            log.warning("A decoder was lost over a file of %d bytes: %s.", len(content), problem)
            raise Undecodable(problem)
        try:
            answer = ANSWER.validate_json(frame.head)
        except ValidationError as error:
            raise Undecodable(Problem.CRASHED) from error
        if not fits(task, answer, len(frame.body)):
            raise Undecodable(Problem.CRASHED)
        return Decoded(answer=answer, pixels=frame.body)

    def end(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()

    @contextmanager
    def _ended_after(self, seconds: float) -> Iterator[threading.Event]:
        """Sets the event when the time was up."""
        is_late = threading.Event()

        def late() -> None:
            is_late.set()
            self._process.kill()

        watch = threading.Timer(seconds, late)
        watch.daemon = True
        watch.start()
        try:
            yield is_late
        finally:
            watch.cancel()

    def _ran_out(self) -> bool:
        """Whether the system ended it for the time it took."""
        with suppress(subprocess.TimeoutExpired):
            return -self._process.wait(1) == SIGXCPU
        return False


def fits(task: Task, answer: Answer, num_bytes: int) -> bool:
    """Whether there are as many pixels as the answer says, and not more than may be."""
    if task is Task.TEXTS or answer.problem is not None:
        return num_bytes == 0
    num_pixels = answer.width * answer.height
    has_sides = answer.width > 0 and answer.height > 0
    return has_sides and num_pixels <= MAX_PIXELS and num_bytes == num_pixels * BANDS[answer.mode]


def end(process: Process | None) -> None:
    if process is not None:
        process.end()
