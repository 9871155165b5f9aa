"""Pictures encoded once: latents and the plain data they came from, in one safetensors file."""

# N pictures, C channels, H height, W width

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path

import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from engines.vae import Vae
from training.sheets import pictures_to_batch
from training.stickers.render import font_version
from training.stickers.scene import Scene

_CHUNK = 64
_BLOCK = 8_000
_SAME_LATENT = 0.02

Draw = Callable[[int], Image.Image]


@dataclass(frozen=True, kw_only=True)
class LatentCache:
    """`latents_NCHW` are scaled as the transformer reads them, float16; each record has as many of them."""

    latents_NCHW: Tensor
    records: tuple[str, ...]


def cached_latents(
    path: Path, records: Sequence[str], draw: Draw, vae: Vae, say: Callable[[str], None], per_record: int = 1
) -> LatentCache:
    """Latents of the pictures `draw(0)`, `draw(1)` ..., `per_record` for each record.

    What the file at `path` holds of these very records is kept; the rest is encoded and saved block by block,
    so that a sitting that is cut short loses one block.
    """
    cache = _still_true(load_cache(path), records, draw, vae) if path.exists() else None
    done = 0 if cache is None else len(cache.records)
    parts = [] if cache is None else [cache.latents_NCHW]
    while done < len(records):
        say(f"latents {done}/{len(records)}")
        end = min(done + _BLOCK, len(records))
        parts.append(_encode(vae, range(done * per_record, end * per_record), draw))
        done = end
        save_cache(path, LatentCache(latents_NCHW=torch.cat(parts), records=tuple(records[:done])))
    return LatentCache(latents_NCHW=torch.cat(parts), records=tuple(records))


def _still_true(cache: LatentCache, records: Sequence[str], draw: Draw, vae: Vae) -> LatentCache | None:
    """The start of the cache that has the same records, None where the autoencoder is another one by now."""
    first = _encode(vae, range(1), draw)
    if first.shape[1:] != cache.latents_NCHW.shape[1:]:
        return None
    if (first[0].float() - cache.latents_NCHW[0].float()).abs().max() > _SAME_LATENT:
        return None
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(cache.records, records, strict=False))))
    per_record = len(cache.latents_NCHW) // len(cache.records)
    return LatentCache(latents_NCHW=cache.latents_NCHW[: same * per_record], records=cache.records[:same])


def _encode(vae: Vae, indices: range, draw: Draw) -> Tensor:
    """(N, C, H, W) float16."""
    chunks = [indices[start : start + _CHUNK] for start in range(0, len(indices), _CHUNK)]
    return torch.cat(
        [vae.encode(pictures_to_batch([draw(each) for each in chunk])).half() for chunk in chunks]
    )


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
