"""A deterministic engine without torch, with fault knobs: for tests, and for work on the page."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterable, Mapping
from enum import StrEnum
from random import Random

from PIL import Image, ImageColor, ImageDraw

from engines.api import EditRequest, EngineInfo, GenerateRequest, OnProgress, Progress, Sample, Size
from engines.errors import DeviceOutOfMemory, NonFiniteOutput, UnsupportedSize

__all__ = ["FakeEngine", "Fault"]

COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "gray")
SIZES = (Size(128, 128), Size(160, 96), Size(96, 160))
NUM_PREVIEWS = 4


class Fault(StrEnum):
    """What may go wrong half-way. HANG lasts until `release`; BLACK returns an all-black picture."""

    OUT_OF_MEMORY = "out of memory"
    HANG = "hang"
    NAN = "nan"
    BLACK = "black"
    CRASH = "crash"


class FakeEngine:
    """Paints a disc, coloured by the words and placed by words and seed; an edit repaints the disc.

    Each call takes the next of `faults`; None, or none left, is a good call. `num_calls` and `num_steps_done`
    count what was asked and done.
    """

    def __init__(
        self,
        *,
        preset: str = "fake",
        sizes: tuple[Size, ...] = SIZES,
        num_steps: int = 8,
        step_seconds: float = 0.0,
        vocabulary: Mapping[str, tuple[str, ...]] | None = None,
        can_edit: bool = True,
        takes_other_sizes: bool = False,
        faults: Iterable[Fault | None] = (),
    ) -> None:
        self._info = EngineInfo(
            preset=preset,
            weights_hash=hashlib.sha256(preset.encode()).hexdigest(),
            sizes=sizes,
            max_prompt_tokens=128,
            vocabulary=dict(vocabulary or {}),
            can_edit=can_edit,
            takes_other_sizes=takes_other_sizes,
        )
        self.num_steps = num_steps
        self.step_seconds = step_seconds
        self.num_calls = 0
        self.num_steps_done = 0
        self._faults = iter(faults)
        self._released = threading.Event()

    @property
    def info(self) -> EngineInfo:
        return self._info

    def release(self) -> None:
        """Let hanging calls go on."""
        self._released.set()

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        size = request.size or self.info.sizes[0]
        if self.info.takes_other_sizes:
            size.require_multiple_of(16)
        elif size not in self.info.sizes:
            raise UnsupportedSize(
                f"{size} is not a size of {self.info.preset}: {', '.join(map(str, self.info.sizes))}."
            )
        seeds = range(request.seed, request.seed + request.num_pictures)
        images = [paint(None, size, request.prompt, seed) for seed in seeds]
        return self._sample(images, request, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        size = Size(*request.image.size)
        seeds = range(request.seed, request.seed + request.num_pictures)
        images = [kept(request, paint(request.image, size, request.instruction, seed)) for seed in seeds]
        return self._sample(images, request, on_progress)

    def _sample(
        self, images: list[Image.Image], request: GenerateRequest | EditRequest, on_progress: OnProgress
    ) -> Sample:
        self.num_calls += 1
        num_steps = request.num_steps or self.num_steps
        fault = next(self._faults, None)
        image, *more = images
        on_progress(Progress(step=0, num_steps=num_steps))
        for step in range(1, num_steps + 1):
            time.sleep(self.step_seconds)
            if step == (num_steps + 1) // 2 and fault is not None:
                self._fail(fault)
            self.num_steps_done += 1
            on_progress(Progress(step=step, num_steps=num_steps, preview=preview(image, step, num_steps)))
        return Sample(
            image=Image.new("RGB", image.size) if fault is Fault.BLACK else image,
            more=tuple(more),
            preset=self.info.preset,
            weights_hash=self.info.weights_hash,
            seed=request.seed,
            num_steps=num_steps,
            guidance=5.0 if request.guidance is None else request.guidance,
            image_guidance=(request.image_guidance or 3.0) if isinstance(request, EditRequest) else None,
            sampler="fake",
        )

    def _fail(self, fault: Fault) -> None:
        match fault:
            case Fault.OUT_OF_MEMORY:
                raise DeviceOutOfMemory("The device ran out of memory. Please choose a smaller size.")
            case Fault.NAN:
                raise NonFiniteOutput(
                    "The network returned numbers that are not finite. Please try another seed."
                )
            case Fault.CRASH:
                raise RuntimeError("fake crash")
            case Fault.HANG:
                self._released.wait()


def paint(canvas: Image.Image | None, size: Size, words: str, seed: int) -> Image.Image:
    """A disc on a plain ground or on `canvas`, in the first colour word, else in one they hash to."""
    dice = Random(f"{words}/{seed}")
    ground = tuple(dice.randrange(160, 256) for _ in range(3))
    image = Image.new("RGB", (size.width, size.height), ground) if canvas is None else canvas.convert("RGB")
    named = [word for word in re.findall(r"[a-z]+", words.lower()) if word in COLORS]
    color = ImageColor.getrgb(named[0]) if named else tuple(dice.randrange(256) for _ in range(3))
    radius = min(size.width, size.height) * dice.uniform(0.15, 0.3)
    x = dice.uniform(radius, size.width - radius)
    y = dice.uniform(radius, size.height - radius)
    ImageDraw.Draw(image).ellipse(
        (x - radius, y - radius, x + radius, y + radius), fill=color, outline="black"
    )
    return image


def kept(request: EditRequest, edited: Image.Image) -> Image.Image:
    """The source to the bit where the mask is black."""
    if request.mask is None:
        return edited
    where = request.mask.convert("L").point(lambda value: 255 if value > 127 else 0)
    return Image.composite(edited, request.image.convert("RGB"), where)


def preview(image: Image.Image, step: int, num_steps: int) -> Image.Image | None:
    """Now and then the picture in the coarse: one block at first, finer with each step."""
    if step % max(1, num_steps // NUM_PREVIEWS):
        return None
    width, height = (max(1, side * step // (num_steps * 4)) for side in image.size)
    return image.resize((width, height)).resize(image.size, Image.Resampling.NEAREST)
