"""Who makes the pictures: an engine of ours, or any diffusers pipeline (pipeline.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

from engines.api import EditRequest, GenerateRequest, Progress, Size
from engines.engine import DiffusionEngine
from engines.load_engine import load_engine
from engines.presets import PRESETS
from training.errors import BadRecipe
from training.evaluation.batches import Sampling, Wish, draw_all, edit_all

__all__ = ["EnginePainter", "Painted", "Painter", "PainterSettings", "Settings", "load_painter_engine"]

Settings = Mapping[str, str | int | float | None]


@dataclass(frozen=True, kw_only=True)
class PainterSettings:
    """What a run asks of its painter; None means its own default."""

    num_steps: int | None = None
    guidance: float | None = None
    size: Size | None = None
    batch_size: int = 8


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A picture, and a sentence on what went differently than asked."""

    image: Image.Image
    note: str = ""


class Painter(Protocol):
    """Makes pictures. A picture depends on its words, seed and source, never on those beside it."""

    @property
    def settings(self) -> Settings:
        """All that its pictures depend on, for run.json: what differs, differs here."""
        ...

    @property
    def batch_size(self) -> int: ...

    def paint(self, wishes: Sequence[Wish]) -> list[Painted]:
        """One picture a wish, in order. Raises EngineError or TrainingError."""
        ...


class EnginePainter:
    """One of our presets. Embedded ones draw many pictures at once, published ones one by one."""

    def __init__(self, engine: DiffusionEngine, settings: PainterSettings) -> None:
        self.engine = engine
        self.asked = settings
        preset = engine.parts.preset
        self.is_together = preset.is_embedded and settings.size is None
        self.batch_size = settings.batch_size if self.is_together else 1

    @property
    def settings(self) -> Settings:
        preset, asked = self.engine.parts.preset, self.asked
        return {
            "engine": preset.name,
            "weights": self.engine.info.weights_hash,
            "steps": asked.num_steps or preset.num_steps,
            "guidance": preset.guidance if asked.guidance is None else asked.guidance,
            "sampler": self.engine.parts.sampler,
            "size": str(asked.size or preset.sizes[0]) if preset.verb == "generate" else "the source's",
            "precision": self.engine.parts.placement.precision_of("transformer").value,
        }

    def paint(self, wishes: Sequence[Wish]) -> list[Painted]:
        edits = self.engine.parts.preset.verb == "edit"
        if self.is_together:
            sampling = Sampling(
                num_steps=self.asked.num_steps,
                guidance=self.asked.guidance,
                batch_size=self.asked.batch_size,
            )
            together = edit_all if edits else draw_all
            return [Painted(image=image) for image in together(self.engine, wishes, sampling, _unheard)]
        return [self._edit(wish) if edits else self._draw(wish) for wish in wishes]

    def _draw(self, wish: Wish) -> Painted:
        request = GenerateRequest(
            prompt=wish.words,
            seed=wish.seed,
            size=self.asked.size,
            num_steps=self.asked.num_steps,
            guidance=self.asked.guidance,
        )
        sample = self.engine.generate(request, _unseen)
        return Painted(image=sample.image, note=sample.note)

    def _edit(self, wish: Wish) -> Painted:
        if wish.source is None:
            raise BadRecipe("An edit needs a picture to change.")
        request = EditRequest(
            image=wish.source,
            instruction=wish.words,
            seed=wish.seed,
            num_steps=self.asked.num_steps,
            guidance=self.asked.guidance,
        )
        sample = self.engine.edit(request, _unseen)
        return Painted(image=sample.image, note=sample.note)


def load_painter_engine(
    name: str, weights: Path | None, settings: PainterSettings, *, edits: bool
) -> EnginePainter:
    """The preset `name`, which must draw or edit as the benchmark needs. Raises BadRecipe or EngineError."""
    fitting = [preset.name for preset in PRESETS.values() if (preset.verb == "edit") is edits]
    if name not in fitting:
        verb = "edits" if edits else "draws"
        raise BadRecipe(f"This benchmark {verb}: --engine is one of {', '.join(fitting)}, not {name}.")
    return EnginePainter(load_engine(name, weights), settings)


def _unseen(progress: Progress) -> None:
    pass


def _unheard(count: int) -> None:
    pass
