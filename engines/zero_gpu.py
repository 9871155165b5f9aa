"""Engines on a ZeroGPU Space, where a graphics card is lent for one call at a time.

Such a call runs in a process forked from ours: the weights are loaded before, requests and results are
pickled, and no event or lock crosses over. So a call is a generator that yields after each step, and Stop is
a file that the forked process looks for. Where the `spaces` package is absent, engines stay as they are.
Importing this file never imports torch.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from engines.api import EditRequest, Engine, EngineInfo, GenerateRequest, OnProgress, Progress, Sample
from engines.errors import Cancelled, EngineError

__all__ = ["ZeroGpuEngine", "is_zero_gpu", "on_zero_gpu"]

Request = GenerateRequest | EditRequest
Piece = Progress | Sample | EngineError
DEFAULT_STEPS = 50
WARM_UP_SECONDS = 10.0
MOST_SECONDS = 240
"""Asking for less time comes up sooner in the line; the call is ended when it is over."""


def is_zero_gpu() -> bool:
    """As the Space says, and with the package that lends the card."""
    return bool(os.environ.get("SPACES_ZERO_GPU")) and importlib.util.find_spec("spaces") is not None


def on_zero_gpu(engine: Engine, step_seconds: float) -> Engine:
    """The engine, each of its calls on a lent card and loaded now; itself where none are lent."""
    return ZeroGpuEngine(engine, step_seconds) if is_zero_gpu() else engine


def seconds_for(request: Request, default_steps: int, step_seconds: float) -> int:
    """How long to ask for."""
    num_steps = (request.num_steps or default_steps) * request.num_pictures
    return min(MOST_SECONDS, round(WARM_UP_SECONDS + num_steps * step_seconds))


class ZeroGpuEngine:
    """Stands in for `engine`, which must be loaded before the first call: what is forked has its weights."""

    def __init__(self, engine: Engine, step_seconds: float) -> None:
        self._info = engine.info
        default_steps = next(iter(self._info.num_steps), DEFAULT_STEPS)
        spaces: Any = importlib.import_module("spaces")

        def stream(request: Request, stop_file: str) -> Iterator[Piece]:
            return pieces(engine, request, Path(stop_file))

        def duration(request: Request, stop_file: str) -> int:
            return seconds_for(request, default_steps, step_seconds)

        self._stream: Callable[[Request, str], Iterator[Piece]] = spaces.GPU(duration=duration)(stream)

    @property
    def info(self) -> EngineInfo:
        return self._info

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        return self._call(request, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        return self._call(request, on_progress)

    def _call(self, request: Request, on_progress: OnProgress) -> Sample:
        """To the last piece, even when stopped: the card is given back by whoever ends well."""
        stopped: Cancelled | None = None
        with tempfile.TemporaryDirectory(prefix="reverie-") as folder:
            stop_file = Path(folder) / "stop"
            for piece in self._stream(request, str(stop_file)):
                match piece:
                    case Sample() if stopped is None:
                        return piece
                    case EngineError() if stopped is None:
                        raise piece
                    case Progress() if stopped is None:
                        try:
                            on_progress(piece)
                        except Cancelled as error:
                            stopped = error
                            stop_file.touch()
        raise stopped or EngineError("The lent graphics card was taken back. Please try again.")


def pieces(engine: Engine, request: Request, stop_file: Path) -> Iterator[Piece]:
    """In the forked process: each step as it is done, then the sample or the error."""
    heard = SimpleQueue[Piece | BaseException]()

    def on_progress(progress: Progress) -> None:
        if stop_file.exists():
            raise Cancelled("Stopped.")
        heard.put(progress)

    def work() -> None:
        try:
            match request:
                case GenerateRequest():
                    heard.put(engine.generate(request, on_progress))
                case EditRequest():
                    heard.put(engine.edit(request, on_progress))
        except BaseException as error:
            heard.put(error)

    threading.Thread(target=work, name="engine", daemon=True).start()
    while True:
        piece = heard.get()
        if isinstance(piece, BaseException) and not isinstance(piece, EngineError):
            raise piece
        yield piece
        if not isinstance(piece, Progress):
            return
