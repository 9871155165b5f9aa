"""Scenes encoded once: latents and the plain data they came from, in one safetensors file."""

# N scenes, C channels, H height, W width

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from engines.vae import Vae
from training.sheets import pictures_to_batch
from training.stickers.render import font_version
from training.stickers.scene import Scene, Thing

_CHUNK = 64


@dataclass(frozen=True, kw_only=True)
class LatentCache:
    """`latents_NCHW` are scaled as the transformer reads them, float16."""

    latents_NCHW: Tensor
    records: tuple[str, ...]


def encode_all(
    vae: Vae, num_pictures: int, picture: Callable[[int], Image.Image], say: Callable[[str], None]
) -> Tensor:
    """Encode pictures 0..num_pictures-1: (N, C, H, W) float16."""
    parts = []
    for start in range(0, num_pictures, _CHUNK):
        chunk = [picture(index) for index in range(start, min(start + _CHUNK, num_pictures))]
        parts.append(vae.encode(pictures_to_batch(chunk)).half())
        if start // _CHUNK % 32 == 0:
            say(f"latents {start}/{num_pictures}")
    return torch.cat(parts)


def save_cache(path: Path, cache: LatentCache) -> None:
    """Write aside, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    metadata = {"records": json.dumps(cache.records), "font": font_version()}
    save_file({"latents": cache.latents_NCHW.contiguous()}, aside, metadata=metadata)
    aside.rename(path)


def load_cache(path: Path) -> LatentCache:
    """Read a cache that save_cache wrote."""
    with safe_open(path, framework="pt") as file:
        return LatentCache(
            latents_NCHW=file.get_tensor("latents"), records=tuple(json.loads(file.metadata()["records"]))
        )


def scene_to_json(scene: Scene) -> str:
    """Compact JSON of a scene."""
    return json.dumps(asdict(scene), separators=(",", ":"))


def scene_from_json(text: str) -> Scene:
    """The scene that scene_to_json wrote."""
    data = json.loads(text)
    things: Sequence[dict[str, object]] = data.pop("things")
    return Scene(**data, things=tuple(Thing(**thing) for thing in things))  # type: ignore[arg-type]
