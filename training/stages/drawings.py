"""What the drawing stages learn from: scenes of the small world, or pictures with captions from anywhere."""

# B batch, I image tokens

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from engines.sizes import Size, closest_size, cover
from engines.vae import Vae
from training.data.folder import Captioned
from training.data.latent_reader import LatentReader
from training.data.resize import find_size
from training.data.scenes import encode_scenes
from training.data.shards import encode_shards, members_by_size
from training.distributed import Team
from training.loop import Say
from training.stickers.captions import caption
from training.stickers.layout import TOKEN_PX, layout_labels
from training.stickers.scene import Scene

__all__ = ["Drawings", "PictureDrawings", "SceneDrawings", "labels_on_grid"]


class Drawings(Protocol):
    """Pictures by bucket and number, their latents and words."""

    @property
    def latents(self) -> LatentReader: ...

    @property
    def pairs(self) -> Sequence[Sequence[int]]:
        """By bucket, the numbers of those that show two different things, as far as that is known."""
        ...

    def words(self, bucket: int, index: int, rng: np.random.Generator) -> str: ...

    def layout(self, bucket: int, indices: Sequence[int], grid: tuple[int, int]) -> Tensor | None:
        """What stands at each token of pictures of `grid` tokens: (2, B, I), None where nobody knows."""
        ...


class SceneDrawings:
    """Scenes: all that is to be known of a picture is, and its words are new each time."""

    def __init__(
        self,
        scenes: Sequence[Sequence[Scene]],
        vae: Vae,
        cache: Path,
        say: Say,
        team: Team,
        resolution_px: int | None = None,
    ) -> None:
        """`scenes` of one shape each. Latents are kept in `cache`."""
        self.scenes = [some for some in scenes if some]
        every = [scene for some in self.scenes for scene in some]
        self.latents = encode_scenes(cache, every, vae, say, team, resolution_px)
        self.pairs = [[index for index, scene in enumerate(some) if is_pair(scene)] for some in self.scenes]

    def words(self, bucket: int, index: int, rng: np.random.Generator) -> str:
        return caption(self.scenes[bucket][index], rng)

    def layout(self, bucket: int, indices: Sequence[int], grid: tuple[int, int]) -> Tensor:
        return labels_on_grid([self.scenes[bucket][index] for index in indices], grid)


class PictureDrawings:
    """Pictures from a folder or a curated set: a caption each, and no truth beside it."""

    def __init__(
        self,
        pictures: Sequence[Captioned],
        outlines: Sequence[Size],
        vae: Vae,
        cache: Path,
        say: Say,
        team: Team,
        resolution_px: int | None = None,
    ) -> None:
        """Each is brought to the nearest of `outlines`, cut at the edges where it differs."""
        sizes = [closest_size(each.outline(), outlines) for each in pictures]
        if resolution_px is not None:
            sizes = [find_size(each, "area", resolution_px, TOKEN_PX) for each in sizes]

        def draw(number: int) -> Image.Image:
            return cover(pictures[number].open(), sizes[number])

        encode_shards(cache, [each.sha256 for each in pictures], sizes, draw, vae, say, team=team)
        self.latents = LatentReader(cache)
        self.captions = [
            [pictures[number].caption for number in numbers] for numbers in members_by_size(sizes).values()
        ]
        self.pairs: Sequence[Sequence[int]] = [[] for _ in self.captions]

    def words(self, bucket: int, index: int, rng: np.random.Generator) -> str:
        return self.captions[bucket][index]

    def layout(self, bucket: int, indices: Sequence[int], grid: tuple[int, int]) -> None:
        return None


def is_pair(scene: Scene) -> bool:
    """Two things that a caption tells apart."""
    return len(scene.things) == 2 and scene.things[0].look != scene.things[1].look


def labels_on_grid(scenes: Sequence[Scene], grid: tuple[int, int]) -> Tensor:
    """What stands at each token of pictures of `grid` tokens, which may be smaller ones: (2, B, I)."""
    width, height = scenes[0].size
    labels_2BHW = layout_labels(scenes).view(2, len(scenes), height // TOKEN_PX, width // TOKEN_PX)
    return F.interpolate(labels_2BHW.double(), grid, mode="nearest-exact").long().flatten(2)
