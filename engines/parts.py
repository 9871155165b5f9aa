"""What the two verbs work with: loaded networks and the preset that rules them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from engines.api import OnProgress, Progress
from engines.errors import EngineError, UnsupportedSize
from engines.placement import Placement
from engines.presets import Preset
from engines.preview import Preview
from engines.ranks import Ranks
from engines.sampling import OnStep, Scheduler
from engines.sizes import Size
from engines.sparse_dit import SparseDiT
from engines.text import TextStack
from engines.vae import Vae

__all__ = ["MAX_STEPS", "Parts", "require_room", "require_steps", "watch"]

MAX_STEPS = 200
NUM_PREVIEWS = 8


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The loaded parts of one engine."""

    preset: Preset
    folder: Path
    weights_hash: str
    placement: Placement
    text: TextStack
    vae: Vae
    preview: Preview
    dit: SparseDiT
    scheduler: Scheduler
    ranks: Ranks | None = None

    @property
    def sampler(self) -> str:
        return type(self.scheduler).__name__.removesuffix("Scheduler")


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


def watch(on_progress: OnProgress, preview: Preview, num_steps: int) -> OnStep:
    """Report every step, with a preview about every eighth of the way but none at the end."""
    on_progress(Progress(step=0, num_steps=num_steps))
    stride = max(1, num_steps // NUM_PREVIEWS)

    def on_step(step: int, clean: Tensor) -> None:
        is_preview = step % stride == 0 and step < num_steps
        picture = preview(clean) if is_preview else None
        on_progress(Progress(step=step, num_steps=num_steps, preview=picture))

    return on_step
