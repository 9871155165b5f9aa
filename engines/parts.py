"""What the two verbs work with: loaded networks and the preset that rules them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from engines.adding import adds_something
from engines.api import MAX_PICTURES, Adapter, OnProgress, Progress
from engines.errors import EngineError, UnsupportedSize
from engines.placement import Placement
from engines.presets import Grid, Interval, Preset
from engines.preview import Preview
from engines.ranks import Ranks
from engines.sampling import OnStep, Scheduler, seeded
from engines.sizes import Size
from engines.sparse_dit import SparseDiT
from engines.text import TextStack
from engines.vae import Vae

__all__ = [
    "MAX_STEPS",
    "Parts",
    "find_grid",
    "find_guided",
    "find_step_cache",
    "require_room",
    "require_steps",
    "seeded_each",
    "watch",
]

MAX_STEPS = 200
NUM_PREVIEWS = 8


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The loaded parts of one engine.

    `folder_hash` names the folder's weights, `weights_hash` all that make the picture; `transformer` is the
    file that the network is from, None for the folder's own.
    `editor` is the adapter that makes an editor of a network that draws; `refiner` a network of its own for
    the last steps of an edit, `adder` one for edits that add something.
    """

    preset: Preset
    folder: Path
    folder_hash: str
    weights_hash: str
    placement: Placement
    text: TextStack
    vae: Vae
    preview: Preview
    dit: SparseDiT
    scheduler: Scheduler
    transformer: Path | None = None
    editor: Adapter | None = None
    refiner: SparseDiT | None = None
    adder: SparseDiT | None = None
    ranks: Ranks | None = None

    @property
    def sampler(self) -> str:
        return type(self.scheduler).__name__.removesuffix("Scheduler")

    def for_edit(self, instruction: str) -> Parts:
        """The same with the network that does such edits."""
        if self.adder is None or not adds_something(instruction):
            return self
        return replace(self, dit=self.adder)


def require_room(parts: Parts, size: Size, num_pictures: int = 1) -> Size:
    """Raises UnsupportedSize when `num_pictures` of this size, side by side, do not fit the network."""
    factor = parts.vae.factor * parts.dit.config.patch_size
    size.require_multiple_of(factor)
    num_tokens = num_pictures * (size.width // factor) * (size.height // factor)
    if num_tokens > parts.dit.max_seq:
        raise UnsupportedSize(
            f"{size} needs {num_tokens} image tokens; the network holds {parts.dit.max_seq}."
        )
    return size


def require_steps(num_steps: int) -> int:
    if not 1 <= num_steps <= MAX_STEPS:
        raise EngineError(f"{num_steps} steps cannot be run: choose between 1 and {MAX_STEPS}.")
    return num_steps


def find_grid(preset: Preset, grid: Grid | None) -> Grid | None:
    """The grid to sample on, None where there is but one. Raises EngineError for a choice there is not."""
    if grid is None:
        return next(iter(preset.grids), None)
    if grid not in preset.grids:
        known = ", ".join(preset.grids) or "none to choose from"
        raise EngineError(f"{preset.name} has no sigma grid {grid}: {known}.")
    return grid


def find_guided(preset: Preset, guided: Interval | None) -> Interval:
    """The sigmas that guidance works at. Raises EngineError for what is no interval of them."""
    low, high = preset.guided if guided is None else guided
    if not 0 <= low <= high <= 1:
        raise EngineError(f"Guidance cannot work from {low:g} to {high:g}: sigmas go from 0 up to 1.")
    return low, high


def find_step_cache(parts: Parts, is_wanted: bool) -> float:
    """The threshold to leave steps out at, 0 for none. Raises EngineError where that does not pay."""
    if not is_wanted:
        return 0.0
    if not parts.preset.step_cache:
        raise EngineError(
            f"{parts.preset.name} has few steps, each unlike the last: there is none that a step cache could "
            "leave out. Ask without it."
        )
    if parts.ranks is not None:
        raise EngineError(
            "A step cache needs all passes of a picture on one device. Ask without it, or share pictures out "
            "instead: --split replicas."
        )
    return parts.preset.step_cache


def seeded_each(seed: int, num_pictures: int) -> list[torch.Generator]:
    """One generator a picture. Raises EngineError for too many pictures or a seed beyond torch's."""
    if not 1 <= num_pictures <= MAX_PICTURES:
        raise EngineError(f"{num_pictures} pictures at once cannot be drawn: choose 1 to {MAX_PICTURES}.")
    return [seeded(seed + index) for index in range(num_pictures)]


def watch(on_progress: OnProgress, preview: Preview, num_steps: int) -> OnStep:
    """Report every step; about every eighth shows the first picture so far, the last one does not."""
    on_progress(Progress(step=0, num_steps=num_steps))
    stride = max(1, num_steps // NUM_PREVIEWS)

    def on_step(step: int, clean: Tensor) -> None:
        is_preview = step % stride == 0 and step < num_steps
        picture = preview(clean[:1]) if is_preview else None
        on_progress(Progress(step=step, num_steps=num_steps, preview=picture))

    return on_step
