"""Scenes of the small world as shards: drawn, brought to a resolution, encoded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from engines.sizes import Size, cover
from engines.vae import Vae
from training.data.latent_reader import LatentReader
from training.data.resize import find_size
from training.data.shards import encode_shards
from training.distributed import Team
from training.loop import Say
from training.stickers.layout import TOKEN_PX
from training.stickers.render import font_version, render
from training.stickers.scene import Scene

__all__ = ["encode_scenes", "scene_size", "scene_to_json"]


def scene_to_json(scene: Scene) -> str:
    """Compact JSON of a scene."""
    return json.dumps(asdict(scene), separators=(",", ":"))


def scene_size(scene: Scene, resolution_px: int | None = None) -> Size:
    """The size that it is trained at: its own, or one of its outline with the area of a square so wide."""
    size = Size(*scene.size)
    return size if resolution_px is None else find_size(size, "area", resolution_px, TOKEN_PX)


def encode_scenes(
    folder: Path, scenes: Sequence[Scene], vae: Vae, say: Say, team: Team, resolution_px: int | None = None
) -> LatentReader:
    """Latents of the scenes, a bucket for each size in the order of first appearance."""
    sizes = [scene_size(scene, resolution_px) for scene in scenes]

    def draw(number: int) -> Image.Image:
        return cover(render(scenes[number]), sizes[number])

    records = [scene_to_json(scene) for scene in scenes]
    encode_shards(folder, records, sizes, draw, vae, say, source=font_version(), team=team)
    return LatentReader(folder)
