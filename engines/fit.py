"""How an editor's source is brought to a size it was trained at, and its result back."""

from __future__ import annotations

from typing import assert_never

from PIL import Image

from engines.api import EditRequest
from engines.mask import Mask, require_mask
from engines.presets import Preset
from engines.sizes import MEGAPIXEL, Size, closest_size, cover, halved, size_of_area, uncover

__all__ = ["find_mask", "finish", "fit_source"]


def fit_source(image: Image.Image, preset: Preset, factor: int) -> Image.Image:
    """Bring a picture to a size the editor was trained for. Raises UnsupportedSize for long, thin ones."""
    image = image.convert("RGB")
    match preset.fit:
        case "cover":
            return cover(image, closest_size(Size(*image.size), preset.sizes))
        case "squash":
            target = preset.sizes[0]
            return image.resize((target.width, target.height), Image.Resampling.BICUBIC)
        case "area":
            image = halved(image, smallest_side=1024)
            return cover(image, size_of_area(Size(*image.size), MEGAPIXEL, factor))
        case _:
            assert_never(preset.fit)


def find_mask(request: EditRequest, preset: Preset, factor: int) -> Mask | None:
    """The request's mask and how the engine sees it. Raises EngineError when it is useless."""
    if request.mask is None:
        return None
    return require_mask(request.mask, request.image, lambda mask: fit_source(mask, preset, factor))


def finish(edited: Image.Image, request: EditRequest, preset: Preset, mask: Mask | None) -> Image.Image:
    """The result as it was asked for: in the source's outline, at its size, the unmarked to the bit."""
    source = request.image.convert("RGB")
    if mask is not None:
        whole = unsquash(edited, source.size) if preset.fit == "squash" else uncover(edited, source)
        return mask.merge(source, whole)
    if request.keeps_size:
        return unsquash(edited, source.size)
    if preset.fit == "squash":
        scale = (edited.width * edited.height / (source.width * source.height)) ** 0.5
        return unsquash(edited, (max(1, round(source.width * scale)), max(1, round(source.height * scale))))
    return edited


def unsquash(edited: Image.Image, size: tuple[int, int]) -> Image.Image:
    return edited if edited.size == size else edited.resize(size, Image.Resampling.BICUBIC)
