"""Engines on a ZeroGPU Space, where a graphics card is lent for one call at a time.

Such a call runs in a process forked from ours: the weights are loaded before, requests and results are
pickled, and no event or lock crosses over. So a call is a generator that yields after each step, and Stop is
a file that the forked process looks for. Whose quota pays is read by `spaces` from Gradio's request in the
context of the call. Importing this file never imports torch.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from engines.api import EditRequest, Engine, EngineInfo, GenerateRequest, OnProgress, Progress, Sample
from engines.errors import Cancelled, EngineError
from engines.families import Family
from engines.lazy import LazyEngine

__all__ = ["ZeroGpuEngine", "is_zero_gpu", "lent"]

Request = GenerateRequest | EditRequest
Piece = Progress | Sample | EngineError
DEFAULT_STEPS = 50
WARM_UP_SECONDS = 10.0
STEP_SECONDS = 1.0
"""Of the published checkpoints at a megapixel, with guidance: a guess on the safe side."""
MOST_SECONDS = 240
"""Asking for less time comes up sooner in the line; the call is ended when it is over."""


def is_zero_gpu() -> bool:
    """As the Space says, in the words of the package that lends the card."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def lent(load: Callable[[], Family], step_seconds: float = STEP_SECONDS) -> Family:
    """The family, loaded now on what passes for a graphics card, each call of its members on a lent one.

    The speaker stays out. To be called once, on the main thread, before torch has looked for a card. Raises
    EngineError where `spaces` is missing, and what loading raises.
    """
    try:
        importlib.import_module("spaces")  # from here on torch believes that there is a card
    except ImportError as error:
        raise EngineError("This is a ZeroGPU Space without its package: add `spaces` to it.") from error
    family = load()
    painters = {name: ZeroGpuEngine(engine, step_seconds) for name, engine in family.painters.items()}
    editor = None if family.editor is None else ZeroGpuEngine(family.editor, step_seconds)
    return replace(family, painters=painters, editor=editor, speaker=None)


def load_whole(engine: Engine) -> None:
    """Its text encoders too, or each forked process would read them from disk again."""
    from engines.engine import DiffusionEngine

    loaded = engine.get() if isinstance(engine, LazyEngine) else engine
    if isinstance(loaded, DiffusionEngine):
        _ = loaded.parts.text.encoders


def seconds_for(request: Request, default_steps: int, step_seconds: float) -> int:
    """How long to ask for."""
    num_steps = (request.num_steps or default_steps) * request.num_pictures
    return min(MOST_SECONDS, round(WARM_UP_SECONDS + num_steps * step_seconds))


class ZeroGpuEngine:
    """Stands in for `engine`, which is loaded now: what is forked has its weights."""

    def __init__(self, engine: Engine, step_seconds: float) -> None:
        load_whole(engine)
        self.engine, self._info = engine, engine.info
        default_steps = next(iter(self._info.num_steps), DEFAULT_STEPS)
        spaces: Any = importlib.import_module("spaces")

        def stream(request: Request, stop_file: str) -> Iterator[Piece]:
            yield from pieces(engine, request, Path(stop_file))

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
        with tempfile.TemporaryDirectory(prefix="reverie-") as folder, failures_of_lending():
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


@contextmanager
def failures_of_lending() -> Iterator[None]:
    """No card to be had, a quota used up: Gradio's errors, with a sentence each."""
    from gradio.exceptions import Error

    try:
        yield
    except Error as error:
        title = f"{error.title}: " if isinstance(error.title, str) else ""
        raise EngineError(f"{title}{error.message}") from error


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
