"""Engines on a ZeroGPU Space, where a graphics card is lent for one call at a time.

Such a call runs in a process forked from ours: the weights are loaded before, requests and results are
pickled, and no event or lock crosses over. So a call is a generator that yields after each step, and Stop is
a file that the forked process looks for (engines/lending.py). Whose quota pays is read by `spaces` from
Gradio's request in the context of the call. Importing this file never imports torch.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from engines.api import EditRequest, Engine, EngineInfo, GenerateRequest, OnProgress, Progress, Sample
from engines.errors import Cancelled, EngineError
from engines.families import Family
from engines.lazy import LazyEngine
from engines.lending import Loan, Piece, heeding_signals
from engines.log_lane import speaking_through_us
from engines.serving import BROKE

__all__ = ["CALLS_AT_ONCE", "ZeroGpuEngine", "is_zero_gpu", "lent"]

Request = GenerateRequest | EditRequest
CALLS_AT_ONCE = 8
"""Each waits for a card of its own, and how many a Space gets is Hugging Face's business."""
DEFAULT_STEPS = 50
WARM_UP_SECONDS = 10.0
STEP_SECONDS = 1.0
"""Of the published checkpoints at a megapixel, with guidance: a guess on the safe side."""
MOST_SECONDS = 240
"""Asking for less time comes up sooner in the line; the call is ended when it is over."""
log = logging.getLogger(__name__)


def is_zero_gpu() -> bool:
    """As the Space says, in the words of the package that lends the card."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def lent(
    load: Callable[[], Family], step_seconds: float = STEP_SECONDS, label: Callable[[], str] = str
) -> Family:
    """The family, loaded now on what passes for a graphics card, each call of its members on a lent one.

    The speaker stays out. `label`, called where something is asked, tells log records whose work it is. To be
    called once, on the main thread, before torch has looked for a card. Raises EngineError where `spaces` is
    missing, what loading raises, and SystemExit when the program is told to end meanwhile.
    """
    with heeding_signals(), speaking_through_us():
        try:
            importlib.import_module("spaces")  # from here on torch believes that there is a card
        except ImportError as error:
            raise EngineError("This is a ZeroGPU Space without its package: add `spaces` to it.") from error
        family = load()
        on_card = partial(ZeroGpuEngine, step_seconds=step_seconds, label=label)
        painters = {name: on_card(engine) for name, engine in family.painters.items()}
        editor = None if family.editor is None else on_card(family.editor)
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

    def __init__(self, engine: Engine, step_seconds: float, label: Callable[[], str] = str) -> None:
        load_whole(engine)
        self.engine, self.label, self._info = engine, label, engine.info
        self.default_steps = default_steps = next(iter(self._info.num_steps), DEFAULT_STEPS)
        spaces: Any = importlib.import_module("spaces")

        def stream(request: Request, stop_file: str, label: str) -> Iterator[Piece]:
            yield from pieces(engine, request, Path(stop_file), label)

        def duration(request: Request, stop_file: str, label: str) -> int:
            return seconds_for(request, default_steps, step_seconds)

        self._stream: Callable[[Request, str, str], Iterator[Piece]] = spaces.GPU(duration=duration)(stream)

    @property
    def info(self) -> EngineInfo:
        return self._info

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        return self._call(request, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        return self._call(request, on_progress)

    def _call(self, request: Request, on_progress: OnProgress) -> Sample:
        label = self.label()
        loan = Loan(lambda stop_file: self._stream(request, stop_file, label))
        return loan.result(on_progress, request.num_steps or self.default_steps)


def pieces(engine: Engine, request: Request, stop_file: Path, label: str) -> Iterator[Piece]:
    """In the forked process: each step as it is done, then the sample or the error.

    A bug is logged here, by class and frames, and ends the process: what broke on its card cannot be trusted.
    """
    heard = SimpleQueue[Piece | BaseException]()

    def look() -> None:
        if stop_file.exists():
            raise Cancelled("Stopped.")

    def on_progress(progress: Progress) -> None:
        look()
        heard.put(progress)

    def work() -> None:
        try:
            look()
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
            from gradio.exceptions import Error

            log.error("the engine on a lent card broke", exc_info=piece, extra={"turn": label})
            raise Error(BROKE, title="", print_exception=False)  # or `spaces` prints what the error quotes
        yield piece
        if not isinstance(piece, Progress):
            return
