"""What an engine takes and gives. Plain types: importing this file never imports torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from PIL import Image

from engines.marks import XMP_KEY, packet, term_of
from engines.presets import ALWAYS, Grid, Interval
from engines.seen import Box, Eyes, Seen, SeenThing
from engines.sizes import Size

__all__ = [
    "LLAMA_ONLY",
    "MAX_PICTURES",
    "SAME_WORDS",
    "XMP_KEY",
    "Adapter",
    "AppliedAdapter",
    "Box",
    "EditRequest",
    "EncoderWords",
    "Engine",
    "EngineInfo",
    "Eyes",
    "GenerateRequest",
    "Grid",
    "Interval",
    "Message",
    "OnProgress",
    "Progress",
    "Sample",
    "Seen",
    "SeenThing",
    "Size",
    "Speaker",
    "packet",
    "term_of",
]


MAX_PICTURES = 16
"""Of one request."""


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """A LoRA file to draw with, under a name of its own; at `weight` 1 it works as it was trained."""

    file: Path
    name: str
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class AppliedAdapter:
    """An adapter that made a picture, its file known by SHA-256."""

    name: str
    file_hash: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One finished denoising step: `step` of `num_steps` (from 1), now and then with a preview picture.

    Below 0 it says that a device is still waited for: no news, but an occasion to stop.
    """

    step: int
    num_steps: int
    preview: Image.Image | None = None


OnProgress = Callable[[Progress], None]
"""Called before the first step (step 0) and after each one. Raise `Cancelled` from it to stop the engine."""


@dataclass(frozen=True, kw_only=True)
class EncoderWords:
    """Other words for some of the text encoders: None reads the request's own, "" reads nothing.

    prompt, prompt_2, prompt_3 and prompt_4 of diffusers' HiDreamImagePipeline, where "" reads `prompt` too.
    """

    clip_l: str | None = None
    clip_g: str | None = None
    t5: str | None = None
    llama: str | None = None


SAME_WORDS = EncoderWords()
LLAMA_ONLY = EncoderWords(clip_l="", clip_g="", t5="")
"""Only the Llama reads the words; the others read the empty text, whose states are not zero."""


@dataclass(frozen=True, kw_only=True)
class GenerateRequest:
    """Draw `prompt`. None means the preset's default.

    `grid` names one of HiDream-I1-Full's published sigma grids. `is_parity` repeats what the published
    scripts do where Reverie does better: Dev and Fast then leave their last step out. With `fits_budget` the
    size is brought to the area that the model was trained at; without it, it is taken as it is. Of
    `num_pictures`, picture i (from 0) is the one that `seed` + i draws alone. `max_tokens`: how many tokens
    of the words T5 and Llama read. Guidance works at sigmas within `guided`. `uses_step_cache` leaves out
    work whose outcome is nearly known, at the preset's threshold: a likeness of the picture, in less time.
    """

    prompt: str
    seed: int
    negative_prompt: str = ""
    size: Size | None = None
    num_steps: int | None = None
    guidance: float | None = None
    grid: Grid | None = None
    is_parity: bool = False
    fits_budget: bool = False
    num_pictures: int = 1
    max_tokens: int | None = None
    encoder_words: EncoderWords = SAME_WORDS
    guided: Interval | None = None
    uses_step_cache: bool = False


@dataclass(frozen=True, kw_only=True)
class EditRequest:
    """Change `image` as `instruction` says. None means the preset's default.

    `description` tells what the result shows, for editors that read it and for the refining stage, which
    draws the last share `refine` of the steps where there is a network for it. `mask` has the picture's size
    and is white where it may change: all else then stays to the bit. With a mask, or with `keeps_size`, the
    result has the picture's own size, else the engine's. `grid`, `num_pictures`, `guided` and
    `uses_step_cache` are as for drawing.
    """

    image: Image.Image
    instruction: str
    seed: int
    negative_prompt: str = ""
    num_steps: int | None = None
    guidance: float | None = None
    image_guidance: float | None = None
    description: str = ""
    refine: float | None = None
    grid: Grid | None = None
    num_pictures: int = 1
    mask: Image.Image | None = None
    keeps_size: bool = False
    max_tokens: int | None = None
    encoder_words: EncoderWords = SAME_WORDS
    guided: Interval | None = None
    uses_step_cache: bool = False


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A finished picture with all that is needed to make it again.

    The words have `num_tokens` tokens, counted by the encoder that needs most. `is_prompt_cut` says that they
    were longer than the engine reads and lost their end; `note` is a sentence on anything else that went
    differently than asked. `grid` is None where there is but one. `more` holds the further pictures of a
    request for several, by seed. `adapters` are those that took part, `refine` the share of the steps that
    the refining network drew, `step_cache` the threshold that steps were left out at, 0 for none.
    """

    image: Image.Image
    preset: str
    weights_hash: str
    seed: int
    num_steps: int
    guidance: float
    sampler: str
    image_guidance: float | None = None
    refine: float = 0.0
    num_tokens: int = 0
    is_prompt_cut: bool = False
    note: str = ""
    grid: Grid | None = None
    is_parity: bool = False
    more: tuple[Image.Image, ...] = ()
    adapters: tuple[AppliedAdapter, ...] = ()
    guided: Interval = ALWAYS
    step_cache: float = 0.0


@dataclass(frozen=True, kw_only=True)
class EngineInfo:
    """What an engine can do.

    `vocabulary` holds the words a small-world engine knows, by kind ("classes", "colors", "backgrounds",
    "styles", and "words" for all it reads); it is empty for an engine that takes any words. `sizes` are the
    sizes it was trained for, `num_steps` the numbers of steps, `grids` the sigma grids to choose from; each
    has the default first. An editor that `reads_description` wants to be told what the result shows.
    """

    preset: str
    weights_hash: str
    sizes: tuple[Size, ...]
    max_prompt_tokens: int
    vocabulary: dict[str, tuple[str, ...]]
    can_edit: bool
    takes_other_sizes: bool = False
    num_steps: tuple[int, ...] = ()
    grids: tuple[Grid, ...] = ()
    reads_description: bool = False


class Engine(Protocol):
    """Draws and edits. Raises EngineError. One call at a time (agent.jobs sees to it)."""

    @property
    def info(self) -> EngineInfo: ...

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample: ...

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample: ...


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to a language model."""

    role: Literal["system", "user", "assistant"]
    content: str


class Speaker(Protocol):
    """Writes with the language model that an engine reads words with. Raises EngineError.

    One call at a time, and none of its engine's meanwhile, but for the time that `on_progress` takes: both
    stand on one device (engines.serving sees to it). It hears of every token; raise `Cancelled` to stop.
    """

    @property
    def pauses(self) -> bool:
        """Whether its engine can draw between two tokens at no cost; else an answer is written in one go."""
        ...

    @property
    def max_tokens(self) -> int:
        """Of messages and answer together."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int: ...

    def answer(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, object],
        num_tokens: int,
        on_progress: OnProgress,
    ) -> str:
        """JSON that the JSON Schema allows, in at most `num_tokens`."""
        ...

    def stream(self, messages: Sequence[Message], num_tokens: int, on_progress: OnProgress) -> Iterator[str]:
        """A free answer, piece by piece; one of more than `num_tokens` is cut."""
        ...
