"""Any diffusers pipeline as a painter: an id on the hub or a folder; safetensors only, no foreign code."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import diffusers
import torch
from PIL import Image

from engines.engine import device_failures
from engines.manifest import folder_hash
from training.benchmarks.painters import Painted, PainterSettings, Settings
from training.errors import BadRecipe
from training.evaluation.batches import Wish

__all__ = ["DTYPES", "PipelinePainter", "load_pipeline"]

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
GUIDANCE_NAMES = ("guidance_scale", "true_cfg_scale")


class PipelinePainter:
    """Each picture's noise comes from a generator of its own: in a batch it is the one drawn alone."""

    def __init__(self, pipeline: Any, name: str, version: str, dtype: str, asked: PainterSettings) -> None:
        """Raises BadRecipe where the pipeline does not take what is asked."""
        self.pipeline, self.name, self.version, self.dtype, self.asked = pipeline, name, version, dtype, asked
        self.parameters = inspect.signature(pipeline.__call__).parameters
        if "generator" not in self.parameters:
            raise BadRecipe(f"{name} takes no generator: its pictures could not be repeated.")
        self.batch_size = asked.batch_size
        self._arguments = self._fixed_arguments()
        quiet(pipeline)

    @property
    def takes_pictures(self) -> bool:
        return "image" in self.parameters

    @property
    def settings(self) -> Settings:
        return {
            "pipeline": self.name,
            "class": type(self.pipeline).__name__,
            "weights": self.version,
            "steps": self._known("num_inference_steps", self.asked.num_steps),
            "guidance": self._known("guidance_scale", self.asked.guidance),
            "sampler": type(getattr(self.pipeline, "scheduler", None)).__name__,
            "size": None if self.asked.size is None else str(self.asked.size),
            "precision": self.dtype,
        }

    def paint(self, wishes: Sequence[Wish]) -> list[Painted]:
        """Edits one by one: a list of pictures means one edit of many to some pipelines.

        Raises DeviceOutOfMemory, or BadRecipe when the pipeline refuses its arguments.
        """
        if all(wish.source is None for wish in wishes):
            return self._together(wishes)
        return [painted for wish in wishes for painted in self._together([wish])]

    def _together(self, wishes: Sequence[Wish]) -> list[Painted]:
        arguments = dict(self._arguments)
        arguments["prompt"] = [wish.words for wish in wishes]
        arguments["generator"] = [torch.Generator("cpu").manual_seed(wish.seed) for wish in wishes]
        if wishes[0].source is not None:
            arguments["prompt"], arguments["image"] = wishes[0].words, wishes[0].source
        try:
            with device_failures(), torch.inference_mode():
                output = self.pipeline(**arguments)
        except (TypeError, ValueError) as error:
            raise BadRecipe(f"{self.name} refuses what it is asked: {error}") from error
        images: list[Image.Image] = output.images
        blackened = getattr(output, "nsfw_content_detected", None) or [False] * len(images)
        return [
            Painted(
                image=image.convert("RGB"),
                note="The pipeline's safety checker blackened the picture." if is_black else "",
            )
            for image, is_black in zip(images, blackened, strict=True)
        ]

    def _fixed_arguments(self) -> dict[str, Any]:
        """What is the same for every picture. Raises BadRecipe for a flag that the pipeline does not know."""
        asked = self.asked
        fixed: dict[str, Any] = {"output_type": "pil"}
        wanted: list[tuple[str, tuple[str, ...], Any]] = [
            ("--steps", ("num_inference_steps",), asked.num_steps),
            ("--guidance", GUIDANCE_NAMES, asked.guidance),
            ("--size", ("height",), asked.size and asked.size.height),
            ("--size", ("width",), asked.size and asked.size.width),
        ]
        for flag, names, value in wanted:
            if value is None:
                continue
            name = next((name for name in names if name in self.parameters), None)
            if name is None:
                raise BadRecipe(
                    f"{self.name} ({type(self.pipeline).__name__}) knows no {names[0]}: leave {flag} out."
                )
            fixed[name] = value
        return fixed

    def _known(self, name: str, asked: float | None) -> float | None:
        """As asked, or the pipeline's own default."""
        if asked is not None or name not in self.parameters:
            return asked
        default = self.parameters[name].default
        return default if isinstance(default, int | float) else None


def load_pipeline(
    name: str, asked: PainterSettings, *, dtype: str, device: str | None, offloads: bool, edits: bool
) -> PipelinePainter:
    """Fetch and load. Raises BadRecipe for what is no pipeline, or has weights only as pickles."""
    folder = find(name)
    try:
        pipeline = diffusers.DiffusionPipeline.from_pretrained(
            folder, dtype=DTYPES[dtype], use_safetensors=True
        )
    except (OSError, ValueError, ImportError, AttributeError, TypeError) as error:
        raise BadRecipe(f"{name} cannot be loaded as a diffusers pipeline: {error}") from error
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    with device_failures():
        if offloads:
            pipeline.enable_model_cpu_offload(device=place)
        else:
            pipeline.to(place)
    painter = PipelinePainter(pipeline, name, version_of(folder), dtype, asked)
    if edits and not painter.takes_pictures:
        raise BadRecipe(f"{name} ({type(pipeline).__name__}) takes no picture: it cannot edit.")
    return painter


def find(name: str) -> Path:
    """The pipeline's folder on this machine. Raises BadRecipe."""
    if Path(name).is_dir():
        return Path(name)
    if name.count("/") != 1:
        raise BadRecipe(f"--pipeline {name} is neither a folder nor an id like ORGANISATION/NAME.")
    try:
        return Path(diffusers.DiffusionPipeline.download(name, use_safetensors=True))
    except (OSError, ValueError) as error:
        raise BadRecipe(f"{name} cannot be fetched: {error}") from error


def version_of(folder: Path) -> str:
    """The commit of a folder in the hub's cache, else a hash of names and sizes."""
    is_snapshot = folder.parent.name == "snapshots"
    return folder.name if is_snapshot else folder_hash(folder)


def quiet(pipeline: Any) -> None:
    """A bar a batch says less than a line a while."""
    if hasattr(pipeline, "set_progress_bar_config"):
        pipeline.set_progress_bar_config(disable=True)
