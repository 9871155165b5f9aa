"""Where a picture may change: what is left out stays, on the way in the latents, at the end to the bit."""

# h, w latent rows and columns

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageChops, ImageFilter
from torch import Tensor
from torch.nn.functional import max_pool2d

from engines.errors import EngineError

__all__ = ["Keep", "Mask", "keeper", "require_mask"]

FEATHER_PX = 3
"""How softly a change begins inside the mask."""

Keep = Callable[[Tensor, float], Tensor]
"""(latents, their sigma) to latents whose kept places hold the source at that noise level."""


@dataclass(frozen=True, kw_only=True)
class Mask:
    """`marked` (mode L, 255 or 0) has the source's size; `fitted` is what the engine's crop of it shows."""

    marked: Image.Image
    fitted: Image.Image

    def latent(self, factor: int) -> Tensor:
        """(1, 1, h, w), 1 where any pixel is marked."""
        pixels = torch.from_numpy(np.asarray(self.fitted, np.float32) / 255)[None, None]
        return max_pool2d(pixels, factor)

    def merge(self, source: Image.Image, edited: Image.Image) -> Image.Image:
        """`edited` (of the source's size) where marked, soft inside the edge; else `source` to the bit."""
        soft = ImageChops.darker(self.marked.filter(ImageFilter.BoxBlur(FEATHER_PX)), self.marked)
        return Image.composite(edited.convert("RGB"), source, soft)


def require_mask(mask: Image.Image, source: Image.Image, fit: Callable[[Image.Image], Image.Image]) -> Mask:
    """Black and white from any picture; `fit` crops as for the source. Raises EngineError when useless."""
    if mask.size != source.size:
        found, wanted = (f"{size[0]}x{size[1]}" for size in (mask.size, source.size))
        raise EngineError(f"The mask is {found} and the picture {wanted}: both must be of one size.")
    marked = mask.convert("L").point(lambda value: 255 if value > 127 else 0)
    fitted = fit(marked).convert("L").point(lambda value: 255 if value > 0 else 0)
    if fitted.getbbox() is None:
        raise EngineError(
            "The mask marks nothing of what the engine sees: paint white what may change, black what must "
            "stay."
        )
    return Mask(marked=marked, fitted=fitted)


def keeper(mask: Mask, source_latents: Tensor, noise: Tensor, factor: int) -> Keep:
    """Puts the source back at each noise level: x = (1 - sigma) source + sigma noise outside the mask.

    The way of Lugmayr et al. 2022 (RePaint, eq. 8a) for a straight path, with one noise for the whole run.
    """
    free = mask.latent(factor).to(noise.device)

    def keep(latents: Tensor, sigma: float) -> Tensor:
        return free * latents + (1 - free) * ((1 - sigma) * source_latents + sigma * noise)

    return keep
