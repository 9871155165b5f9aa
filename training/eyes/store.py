"""Pictures for the eyes, made once and kept as arrays: plain, as the engines would give them, and outside."""

# N pictures, H x W pixels of the eyes' input, T things at most

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from engines.engine import DiffusionEngine
from engines.eyes.network import Names
from engines.vae import Vae, to_image, to_pixels
from engines.velocity import prompt_velocity
from training.eyes.drawn import drawn_views
from training.eyes.outside import outside_picture
from training.eyes.views import Labelled, ViewTruth, natural_colors, sample_view
from training.seeds import rng_for
from training.stickers.captions import BACKGROUND_WORDS, noun_phrase
from training.stickers.catalogue import SHAPES, World

__all__ = ["IGNORED", "SHRINK", "Making", "Store", "build_store", "names_of", "roundtrip", "sample_views"]

SHRINK = 2
"""Picture pixels to one of the eyes' input."""
MOST_THINGS = 8
IGNORED = -1
STREAM = "eyes-views"
"""No engine trains or is scored on this stream, and no judge."""
_CHUNK = 8
_LATENT_NOISE = 0.12


@dataclass(frozen=True, kw_only=True)
class Making:
    """How many pictures of each kind an outline gets."""

    num_plain: int = 9_000
    num_decoded: int = 3_000
    num_redrawn: int = 1_600
    num_drawn: int = 800
    num_outside: int = 2_600
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Store:
    """`things` are class, colour, centre, width and height in input pixels; class IGNORED ends them.

    `wholes` are background, style and 1 for the small world; IGNORED where there is none.
    """

    pixels_NHW3: NDArray[np.uint8]
    things_NT6: NDArray[np.float32]
    wholes_N3: NDArray[np.int64]

    def save(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part.npz")
        np.savez(part, pixels=self.pixels_NHW3, things=self.things_NT6, wholes=self.wholes_N3)
        part.rename(file)

    @classmethod
    def load(cls, file: Path) -> Store:
        with np.load(file) as arrays:
            return cls(pixels_NHW3=arrays["pixels"], things_NT6=arrays["things"], wholes_N3=arrays["wholes"])


def names_of(world: World) -> Names:
    return Names(
        classes=world.classes, colors=world.colors, backgrounds=world.backgrounds, styles=world.styles
    )


def build_store(
    folder: Path,
    world: World,
    shape: str,
    making: Making,
    vae: Vae,
    drawer: DiffusionEngine | None,
    say: Callable[[str], None],
) -> dict[str, Store]:
    """The stores by kind, read where they were made before; without a drawer nothing is drawn or redrawn."""
    makers: dict[str, Callable[[], Store]] = {
        "plain": lambda: views_store(
            sample_views(world, shape, "plain", making.num_plain, making.seed), world
        ),
        "decoded": lambda: decoded_store(world, shape, making, vae),
        "outside": lambda: outside_store(shape, making),
    }
    if drawer is not None:
        makers["redrawn"] = lambda: redrawn_store(world, shape, making, vae, drawer)
        makers["drawn"] = lambda: views_store(
            drawn_views(world, shape, making.num_drawn, making.seed, drawer), world
        )
    stores: dict[str, Store] = {}
    for kind, make in makers.items():
        if not getattr(making, f"num_{kind}"):
            continue
        file = folder / f"{kind}-{shape}.npz"
        if not file.is_file():
            make().save(file)
            say(f"eyes: {kind} {shape} pictures made")
        stores[kind] = Store.load(file)
    return stores


def sample_views(world: World, shape: str, kind: str, count: int, seed: int) -> list[ViewTruth]:
    alike = natural_colors(world)
    return [
        sample_view(rng_for(f"{STREAM}-{kind}-{shape}", seed, index), world, alike, shape)
        for index in range(count)
    ]


def views_store(views: Sequence[ViewTruth], world: World) -> Store:
    """Pictures shrunk to the eyes' input with numbers for names."""
    things = np.full((len(views), MOST_THINGS, 6), IGNORED, np.float32)
    wholes = np.full((len(views), 3), 1, np.int64)
    for row, view in enumerate(views):
        for column, thing in enumerate(view.things):
            things[row, column] = numbers_of(thing, world)
        wholes[row, 0] = world.backgrounds.index(view.background)
        wholes[row, 1] = (*world.styles, None).index(view.style)
    return Store(
        pixels_NHW3=np.stack([shrink(view.picture) for view in views]), things_NT6=things, wholes_N3=wholes
    )


def numbers_of(thing: Labelled, world: World) -> tuple[float, ...]:
    left, top, right, bottom = (edge / SHRINK for edge in thing.box)
    kind = len(world.classes) if thing.kind is None else world.classes.index(thing.kind)
    color = (*world.colors, None).index(thing.color) if thing.has_color else IGNORED
    return kind, color, (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def shrink(picture: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3) of half the picture's sides."""
    size = (picture.width // SHRINK, picture.height // SHRINK)
    return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BOX))


def decoded_store(world: World, shape: str, making: Making, vae: Vae) -> Store:
    """Views as the autoencoder gives them back, with some noise on their latents."""
    views = sample_views(world, shape, "decoded", making.num_decoded, making.seed)
    pictures = roundtrip(vae, [view.picture for view in views], _LATENT_NOISE)
    return with_pictures(views, pictures, world)


def roundtrip(vae: Vae, pictures: Sequence[Image.Image], most_noise: float = 0.0) -> list[Image.Image]:
    generator = torch.Generator().manual_seed(0)
    decoded: list[Image.Image] = []
    for first in range(0, len(pictures), _CHUNK):
        latents = vae.encode(torch.cat([to_pixels(each) for each in pictures[first : first + _CHUNK]]))
        noise = torch.randn(latents.shape, generator=generator)
        share = torch.rand((len(latents), 1, 1, 1), generator=generator) * most_noise
        decoded += [to_image(each[None]) for each in vae.decode(latents + share * noise)]
    return decoded


@torch.no_grad()
def redrawn_store(world: World, shape: str, making: Making, vae: Vae, drawer: DiffusionEngine) -> Store:
    """Views a little drowned in noise that the engine drew out of it again: its own hand, things known."""
    views = sample_views(world, shape, "redrawn", making.num_redrawn, making.seed)
    generator = torch.Generator().manual_seed(making.seed)
    pictures: list[Image.Image] = []
    for first in range(0, len(views), _CHUNK):
        some = views[first : first + _CHUNK]
        latents = vae.encode(torch.cat([to_pixels(view.picture) for view in some]))
        latents = redraw(drawer, latents, [words_of(view) for view in some], generator)
        pictures += [to_image(each[None]) for each in vae.decode(latents)]
    return with_pictures(views, pictures, world)


def redraw(
    drawer: DiffusionEngine, clean: torch.Tensor, words: Sequence[str], generator: torch.Generator
) -> torch.Tensor:
    """The engine's last steps, from a sixth to nearly half noise."""
    parts = drawer.parts
    scheduler = parts.scheduler
    scheduler.set_timesteps(parts.preset.num_steps)
    velocity = prompt_velocity(
        parts.dit,
        parts.text.encode(["", *words]).context.to(parts.placement.device, parts.placement.dtype),
        scheduler.timesteps,
        (clean.shape[-2], clean.shape[-1]),
        positives=range(1, len(words) + 1),
        guidance=0.0,
    )
    sigmas = [float(sigma) for sigma in scheduler.sigmas]
    starts = [index for index, sigma in enumerate(sigmas[:-1]) if 0.15 < sigma < 0.45]
    begin = starts[int(torch.randint(len(starts), (), generator=generator))]
    for index in range(begin, len(sigmas) - 1):
        noise = torch.randn(clean.shape, generator=generator)
        latents = (1 - sigmas[index]) * clean + sigmas[index] * noise
        clean = latents - sigmas[index] * velocity(latents, scheduler.timesteps[index])
    return clean


def words_of(view: ViewTruth) -> str:
    """A plain caption of what can be named."""
    looks: dict[tuple[str, str | None], int] = {}
    for thing in view.things:
        if thing.kind is not None:
            looks[thing.kind, thing.color] = looks.get((thing.kind, thing.color), 0) + 1
    phrases = [noun_phrase(look, count) for look, count in looks.items()]
    where = [] if view.background == "plain" else [BACKGROUND_WORDS[view.background][0]]
    return " ".join([" and ".join(phrases), *where, view.style or ""]).strip()


def with_pictures(views: Sequence[ViewTruth], pictures: Sequence[Image.Image], world: World) -> Store:
    labels = views_store(views, world)
    return Store(
        pixels_NHW3=np.stack([shrink(picture) for picture in pictures]),
        things_NT6=labels.things_NT6,
        wholes_N3=labels.wholes_N3,
    )


def outside_store(shape: str, making: Making) -> Store:
    width, height = (side // SHRINK for side in SHAPES[shape])
    pictures = [
        np.asarray(outside_picture(rng_for(f"{STREAM}-outside-{shape}", making.seed, index), width, height))
        for index in range(making.num_outside)
    ]
    wholes = np.full((len(pictures), 3), IGNORED, np.int64)
    wholes[:, 2] = 0
    things = np.full((len(pictures), MOST_THINGS, 6), IGNORED, np.float32)
    return Store(pixels_NHW3=np.stack(pictures), things_NT6=things, wholes_N3=wholes)
