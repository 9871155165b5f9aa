"""What an edit changed: where two pictures differ by more than a codec's noise, and how much of them."""

# H, W pixel rows and columns; h, w rows and columns of cells

from __future__ import annotations

import io
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter, ImageOps

from agent.adjust import flat
from agent.domain import Change

__all__ = ["Locate", "changed_region", "compare", "is_wide", "overlay", "paste_back"]

BLUR_PX = 2
NOISE = 10.0
"""Of 255, as a distance in YCbCr after the blur. Of pictures that only went through the stickers' autoencoder
0.03% of the pixels are above (python -m tests.bench.drift)."""
NUM_CELLS = 64
"""Along the long side of the grid that regions are found in."""
CELL_SHARE = 0.1
"""Of a cell's pixels, for the cell to count as changed."""
MAIN_SHARE = 0.15
"""Of the largest region: smaller ones are taken for drift."""
WIDE_SHARE = 0.95
FEATHER_PX = 3
TINT = (214, 40, 57)


class Locate(Protocol):
    """Finds the things of these words in a picture: white (mode L) where they are, None where none is."""

    def __call__(self, image: Image.Image, words: str) -> Image.Image | None: ...


def compare(
    before: Image.Image, after: Image.Image, region: Image.Image | None = None, *, is_kept: bool = False
) -> Change:
    """How much differs; `region` is white where change was meant.

    With `is_kept` the rest was to stay to the bit, and so any bit counts outside; else noise does not.
    """
    before = fitted(before, after.size)
    changed = differs(before, after)
    if region is None:
        return Change(share=float(changed.mean()))
    stays = ~marked(region)
    found = is_other(before, after) if is_kept else changed
    outside = float(found[stays].mean()) if stays.any() else 0.0
    return Change(share=float(changed.mean()), outside=outside)


def changed_region(before: Image.Image, after: Image.Image) -> Image.Image:
    """White (mode L) around the main places of change, of the size of `after`; black where there is none."""
    changed = differs(fitted(before, after.size), after)
    cell_px = max(1, -(-max(after.size) // NUM_CELLS))
    cells = main_components(shares(changed, cell_px) >= CELL_SHARE)
    grown = widened(cells.astype(np.uint8)) > 0
    pixels = grown.repeat(cell_px, axis=0).repeat(cell_px, axis=1)[: after.height, : after.width]
    return Image.fromarray(pixels.astype(np.uint8) * 255)


def paste_back(source: Image.Image, edited: Image.Image, region: Image.Image) -> Image.Image:
    """`edited` within the region, soft inside its edge; outside it `source` to the bit, transparency and all.

    Within the region nothing shines through.
    """
    soft = ImageChops.darker(region.filter(ImageFilter.BoxBlur(FEATHER_PX)), region)
    pasted = Image.composite(edited.convert("RGB"), flat(source), soft)
    if source.mode != "RGBA":
        return pasted
    solid = Image.new("L", source.size, 255)
    pasted.putalpha(Image.composite(solid, source.getchannel("A"), soft))
    return Image.composite(pasted, source, soft.point(lambda level: 255 if level else 0))


def is_wide(region: Image.Image) -> bool:
    """Whether hardly anything is left outside."""
    return float(marked(region).mean()) >= WIDE_SHARE


def overlay(before: Image.Image, after: Image.Image) -> bytes:
    """The map of change as PNG: the picture in pale grey, what changed in red, the more the stronger."""
    before = fitted(before, after.size)
    after = after.convert("RGB")
    strength = np.where(differs(before, after), np.clip(distance(before, after) * 3, 110, 255), 0)
    grey = Image.blend(after.convert("L").convert("RGB"), Image.new("RGB", after.size, "white"), 0.5)
    mask = Image.fromarray(strength.astype(np.uint8))
    file = io.BytesIO()
    Image.composite(Image.new("RGB", after.size, TINT), grey, mask).save(file, "PNG")
    return file.getvalue()


def fitted(before: Image.Image, size: tuple[int, int]) -> Image.Image:
    """As the editor saw it: cut from the middle to the result's outline."""
    before = before.convert("RGB")
    return before if before.size == size else ImageOps.fit(before, size, Image.Resampling.LANCZOS)


def differs(before: Image.Image, after: Image.Image) -> NDArray[np.bool_]:
    """(H, W): a difference that is more than noise. The blur carries none to a pixel that stayed."""
    return (distance(before, after) > NOISE) & is_other(before, after)


def is_other(before: Image.Image, after: Image.Image) -> NDArray[np.bool_]:
    """(H, W): any difference at all."""
    found: NDArray[np.bool_] = (np.asarray(before) != np.asarray(after.convert("RGB"))).any(axis=-1)
    return found


def distance(before: Image.Image, after: Image.Image) -> NDArray[np.float32]:
    """(H, W): brightness and colour apart, both pictures blurred alike."""
    first, second = (
        np.asarray(each.convert("RGB").filter(ImageFilter.GaussianBlur(BLUR_PX)).convert("YCbCr"), np.float32)
        for each in (before, after)
    )
    gap: NDArray[np.float32] = np.sqrt(((first - second) ** 2).sum(-1))
    return gap


def marked(region: Image.Image) -> NDArray[np.bool_]:
    return np.asarray(region.convert("L")) > 127


def shares(changed_HW: NDArray[np.bool_], cell_px: int) -> NDArray[np.float64]:
    """(h, w): the share of changed pixels in each cell; a cell cut by the border counts what it has."""
    height, width = changed_HW.shape
    rows, columns = -(-height // cell_px), -(-width // cell_px)
    padded = np.full((rows * cell_px, columns * cell_px), np.nan)
    padded[:height, :width] = changed_HW
    means: NDArray[np.float64] = np.nanmean(
        padded.reshape(rows, cell_px, columns, cell_px).swapaxes(1, 2).reshape(rows, columns, -1), axis=-1
    )
    return means


def main_components(cells_hw: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The cells of the largest connected place, and of those not much smaller."""
    labels = components(cells_hw)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    kept: NDArray[np.bool_] = (sizes >= max(1, sizes.max() * MAIN_SHARE))[labels]
    return kept


def components(cells_hw: NDArray[np.bool_]) -> NDArray[np.int64]:
    """A number for each connected place, the same in all its cells; 0 elsewhere."""
    labels = np.where(cells_hw, np.arange(1, cells_hw.size + 1).reshape(cells_hw.shape), 0)
    while True:
        spread = np.where(cells_hw, widened(labels), 0)
        if (spread == labels).all():
            return spread
        labels = spread


def widened(grid_hw: NDArray[np.int64] | NDArray[np.uint8]) -> NDArray[np.int64]:
    """Each cell takes the largest number of its neighbourhood of 3 x 3."""
    rows, columns = grid_hw.shape
    padded = np.pad(grid_hw.astype(np.int64), 1)
    around = [padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
    largest: NDArray[np.int64] = np.max(around, axis=0)
    return largest
