"""The published judges as stages, in the columns that the embedded stand-ins fill too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import torch
from PIL import Image
from torch import Tensor, nn

from training.data.curation.judges.clip_eyes import load_clip_eyes
from training.data.curation.judges.clip_heads import (
    AestheticLinear,
    AestheticMlp,
    NsfwHead,
    load_aesthetic,
    load_nsfw,
)
from training.data.curation.judges.files import JudgeFile
from training.data.curation.judges.inputs import skewed_inputs
from training.data.curation.judges.sscd import DIMENSIONS, load_sscd
from training.data.curation.judges.watermark import load_watermark
from training.data.curation.shards import Sample
from training.data.curation.small_stages import descriptor_table
from training.data.curation.stage import Annotate, Tables
from training.errors import BadRecipe

__all__ = ["ClipScoreStage", "ClipStage", "SscdStage", "WatermarkStage"]

BATCH = 32


@dataclass(frozen=True, kw_only=True)
class SscdStage:
    """Column descriptor: 512 numbers of length one.

    Pictures are skewed to a square, which its authors recommend for batches. `trusted_sha256` vouches for a
    TorchScript file.
    """

    weights: JudgeFile
    trusted_sha256: str = ""
    side_px: int = 320

    name: ClassVar[str] = "descriptors"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()

    def open(self) -> Annotate:
        network = load_sscd(self.weights, self.trusted_sha256).to(device())

        def look(images: Sequence[Image.Image]) -> Tensor:
            return seen(network, skewed_inputs(images, self.side_px))

        return lambda samples, tables: descriptor_table(in_batches(look, samples, DIMENSIONS), DIMENSIONS)


@dataclass(frozen=True, kw_only=True)
class ClipStage:
    """Column descriptor: CLIP's embedding of the picture, of length one. Heads on it cost next to nothing."""

    weights: JudgeFile

    name: ClassVar[str] = "clip"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()

    def open(self) -> Annotate:
        eyes = load_clip_eyes(self.weights)
        eyes.model.to(device())
        width = int(eyes.model.config.projection_dim)
        return lambda samples, tables: descriptor_table(
            in_batches(lambda images: eyes.look(images).cpu(), samples, width), width
        )


@dataclass(frozen=True, kw_only=True)
class ClipScoreStage:
    """Columns nsfw, a probability, and aesthetic, from about 1 to 10, by LAION's heads."""

    nsfw: JudgeFile
    aesthetic: JudgeFile

    name: ClassVar[str] = "clip_scores"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("clip",)

    def open(self) -> Annotate:
        nsfw, aesthetic = load_nsfw(self.nsfw), load_aesthetic(self.aesthetic)

        def annotate(samples: Sequence[Sample], tables: Tables) -> pa.Table:
            embeddings = embeddings_in(tables["clip"])
            return pa.table({"nsfw": scores(nsfw, embeddings), "aesthetic": scores(aesthetic, embeddings)})

        return annotate


@dataclass(frozen=True, kw_only=True)
class WatermarkStage:
    """Column watermark, a probability. Words in a scene alarm it too: look at what it drops."""

    weights: JudgeFile
    side_px: int = 256

    name: ClassVar[str] = "watermarks"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()

    def open(self) -> Annotate:
        network = load_watermark(self.weights).to(device())

        def look(images: Sequence[Image.Image]) -> Tensor:
            return seen(network, skewed_inputs(images, self.side_px))[:, None]

        def annotate(samples: Sequence[Sample], tables: Tables) -> pa.Table:
            return pa.table({"watermark": in_batches(look, samples, 1).squeeze(1).numpy()})

        return annotate


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def seen(network: nn.Module, inputs: Tensor) -> Tensor:
    with torch.inference_mode():
        made: Tensor = network(inputs.to(device()))
    return made.cpu()


def in_batches(
    look: Callable[[Sequence[Image.Image]], Tensor], samples: Sequence[Sample], width: int
) -> Tensor:
    """(pictures, `width`), decoded a batch at a time."""
    found = [torch.empty(0, width)]
    for start in range(0, len(samples), BATCH):
        found.append(look([sample.open() for sample in samples[start : start + BATCH]]))
    return torch.cat(found)


def embeddings_in(clip: pa.Table) -> Tensor:
    """(pictures, width), of length one again after their rounding."""
    column = clip["descriptor"]
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return nn.functional.normalize(torch.from_numpy(flat.reshape(-1, column.type.list_size)), dim=1)


def scores(head: NsfwHead | AestheticLinear | AestheticMlp, embeddings_ND: Tensor) -> pa.Array:
    """Raises BadRecipe for a head of another CLIP."""
    if head.width != embeddings_ND.shape[1]:
        raise BadRecipe(
            f"The {type(head).__name__} was made for embeddings of {head.width} numbers, and this CLIP gives "
            f"{embeddings_ND.shape[1]}: take the head of the same CLIP."
        )
    with torch.inference_mode():
        return pa.array(head(embeddings_ND).numpy(), pa.float32())
