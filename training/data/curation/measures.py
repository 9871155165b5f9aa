"""What can be measured of a picture without a network: how much there is to see, and how sharply.

Bytes per pixel: JPEG at a fixed quality of a fixed working size (section 2 of the report), for the number
depends on both. Low means blank, blurred or heavily compressed; flat drawings are low by nature, so cut by
percentile in each domain rather than by one constant.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from training.data.curation.shards import Sample
from training.data.curation.stage import Annotate, Tables

__all__ = ["MeasureStage", "bytes_per_pixel", "sharpness"]


@dataclass(frozen=True, kw_only=True)
class MeasureStage:
    """Columns bytes_per_pixel, sharpness, contrast, colors (of 4,096) and aspect (width / height)."""

    jpeg_quality: int = 85
    working_side_px: int = 256

    name: ClassVar[str] = "measures"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()

    def open(self) -> Annotate:
        return self._annotate

    def _annotate(self, samples: Sequence[Sample], tables: Tables) -> pa.Table:
        return pa.Table.from_pylist([self._measured(sample.open()) for sample in samples], schema=SCHEMA)

    def _measured(self, image: Image.Image) -> dict[str, float]:
        small = at_working_size(image, self.working_side_px)
        gray = np.asarray(small.convert("L"), np.float32)
        coarse = np.asarray(small, np.uint16) >> 4
        return {
            "bytes_per_pixel": bytes_per_pixel(small, self.jpeg_quality),
            "sharpness": sharpness(gray),
            "contrast": float(gray.std()),
            "colors": len(np.unique(coarse[..., 0] << 8 | coarse[..., 1] << 4 | coarse[..., 2])),
            "aspect": image.width / image.height,
        }


SCHEMA = pa.schema(
    [
        ("bytes_per_pixel", pa.float32()),
        ("sharpness", pa.float32()),
        ("contrast", pa.float32()),
        ("colors", pa.int32()),
        ("aspect", pa.float32()),
    ]
)


def at_working_size(image: Image.Image, side_px: int) -> Image.Image:
    """The area of a square `side_px` wide, its shape kept; smaller pictures stay as they are."""
    scale = side_px / (image.width * image.height) ** 0.5
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX)


def bytes_per_pixel(image: Image.Image, quality: int) -> float:
    """As a JPEG of `quality` with colours at half size, Huffman tables not optimised."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, subsampling="4:2:0", optimize=False)
    return file.tell() / (image.width * image.height)


def sharpness(gray_HW: npt.NDArray[np.float32]) -> float:
    """The variance of the Laplacian."""
    if min(gray_HW.shape) < 3:
        return 0.0
    middle = gray_HW[1:-1, 1:-1]
    around = gray_HW[:-2, 1:-1] + gray_HW[2:, 1:-1] + gray_HW[1:-1, :-2] + gray_HW[1:-1, 2:]
    return float((4 * middle - around).var())
