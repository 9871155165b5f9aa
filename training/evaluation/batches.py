"""Many pictures at once with one engine: on two cores a batch costs far less than its pictures one by one.

Each picture is the one that `engine.generate` or `engine.edit` makes for the same words and seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from PIL import Image

from engines.adding import adds_something
from engines.edit import first_number
from engines.engine import DiffusionEngine
from engines.fit import fit_source
from engines.generate import latent_shape
from engines.sampling import Scheduler, Velocity, denoise, draw_noise, start
from engines.sizes import Size
from engines.text import TextContext
from engines.vae import to_image, to_pixels
from engines.velocity import edit_velocity, prompt_velocity

__all__ = ["Sampling", "draw_all", "edit_all"]


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How to sample; None means the preset's default."""

    num_steps: int | None = None
    guidance: float | None = None
    batch_size: int = 8


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Words and a seed; the size of a new picture (None is the preset's first), or the source of an edit."""

    words: str
    seed: int
    size: Size | None = None
    source: Image.Image | None = None

    @property
    def outline(self) -> tuple[int, int]:
        if self.source is not None:
            return self.source.size
        return (0, 0) if self.size is None else (self.size.width, self.size.height)

    @property
    def kind(self) -> tuple[int, int, bool]:
        """What the wishes of one batch have in common: their outline, and which network edits."""
        return (*self.outline, self.source is not None and adds_something(self.words))


OnBatch = Callable[[int], None]
"""Told how many pictures are finished."""


def draw_all(
    engine: DiffusionEngine, wishes: Sequence[Wish], sampling: Sampling, on_batch: OnBatch
) -> list[Image.Image]:
    """One picture a wish, in order. Raises EngineError."""
    return in_batches(engine, wishes, sampling, on_batch, draw_batch)


def edit_all(
    engine: DiffusionEngine, wishes: Sequence[Wish], sampling: Sampling, on_batch: OnBatch
) -> list[Image.Image]:
    """One edited picture a wish, in order. Raises EngineError."""
    return in_batches(engine, wishes, sampling, on_batch, edit_batch)


Together = Callable[[DiffusionEngine, Sequence[Wish], Sampling], list[Image.Image]]


def in_batches(
    engine: DiffusionEngine,
    wishes: Sequence[Wish],
    sampling: Sampling,
    on_batch: OnBatch,
    together: Together,
) -> list[Image.Image]:
    pictures: dict[int, Image.Image] = {}
    for kind in dict.fromkeys(wish.kind for wish in wishes):
        own = [index for index, wish in enumerate(wishes) if wish.kind == kind]
        for first in range(0, len(own), sampling.batch_size):
            batch = own[first : first + sampling.batch_size]
            made = together(engine, [wishes[index] for index in batch], sampling)
            pictures |= dict(zip(batch, made, strict=True))
            on_batch(len(pictures))
    return [pictures[index] for index in range(len(wishes))]


@torch.no_grad()
def draw_batch(engine: DiffusionEngine, wishes: Sequence[Wish], sampling: Sampling) -> list[Image.Image]:
    parts = engine.parts
    shape = latent_shape(parts, wishes[0].size or parts.preset.sizes[0])
    scheduler = start_each(engine, sampling)
    velocity = prompt_velocity(
        parts.dit,
        encode(engine, wishes),
        scheduler.timesteps,
        (shape[-2], shape[-1]),
        positives=range(1, len(wishes) + 1),
        guidance=first_number(sampling.guidance, parts.preset.guidance),
        guided=parts.preset.guided,
    )
    return sample(engine, wishes, scheduler, shape, velocity)


@torch.no_grad()
def edit_batch(engine: DiffusionEngine, wishes: Sequence[Wish], sampling: Sampling) -> list[Image.Image]:
    parts = engine.parts.for_edit(wishes[0].words)
    factor = parts.vae.factor * parts.dit.config.patch_size
    pixels = [to_pixels(fit_source(wish.source, parts.preset, factor)) for wish in wishes if wish.source]
    source = parts.vae.encode(torch.cat(pixels)).to(parts.placement.device)
    scheduler = start_each(engine, sampling)
    velocity = edit_velocity(
        parts.dit,
        encode(engine, wishes),
        scheduler.timesteps,
        source,
        instructions=range(1, len(wishes) + 1),
        guidance=first_number(sampling.guidance, parts.preset.guidance),
        image_guidance=first_number(parts.preset.image_guidance, 1.0),
        is_clipped=parts.preset.edit_guidance == "clipped",
        guided=parts.preset.guided,
    )
    return sample(engine, wishes, scheduler, (1, *source.shape[1:]), velocity)


def start_each(engine: DiffusionEngine, sampling: Sampling) -> Scheduler:
    preset = engine.parts.preset
    return start(engine.parts.scheduler, sampling.num_steps or preset.num_steps, preset.shift, preset.grid)


def encode(engine: DiffusionEngine, wishes: Sequence[Wish]) -> TextContext:
    """The empty text, then the wishes' words."""
    place = engine.parts.placement
    texts = engine.parts.text.encode(["", *(wish.words for wish in wishes)])
    return texts.context.to(place.device, place.dtype)


def sample(
    engine: DiffusionEngine,
    wishes: Sequence[Wish],
    scheduler: Scheduler,
    shape: tuple[int, ...],
    velocity: Velocity,
) -> list[Image.Image]:
    """All noise of a picture comes from its wish's own seed."""
    parts = engine.parts
    generators = [torch.Generator().manual_seed(wish.seed) for wish in wishes]
    noise = torch.cat([draw_noise(shape, generator, parts.placement.device) for generator in generators])
    latents = denoise(velocity, noise, scheduler, generators, lambda step, clean: None)
    return [to_image(each[None]) for each in parts.vae.decode(latents)]
