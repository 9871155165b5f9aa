"""Perceptual hashes: 64 bits that scaling and re-encoding hardly change; a tiny picture checks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import imagehash
import numpy as np
import pyarrow as pa
from PIL import Image

from training.data.curation.shards import Sample
from training.data.curation.stage import Annotate, Tables

__all__ = ["HashStage"]

TINY = (8, 8)


@dataclass(frozen=True, kw_only=True)
class HashStage:
    """Columns phash, the signs of the 8 x 8 lowest cosine terms, and tiny, the picture at 8 x 8 in RGB."""

    name: ClassVar[str] = "hashes"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()

    def open(self) -> Annotate:
        return self._annotate

    def _annotate(self, samples: Sequence[Sample], tables: Tables) -> pa.Table:
        images = [sample.open() for sample in samples]
        bits = [imagehash.phash(image).hash.reshape(-1) for image in images]
        tiny = [image.resize(TINY, Image.Resampling.BOX).tobytes() for image in images]
        packed = np.packbits(np.array(bits, bool).reshape(-1, 64), axis=1)
        return pa.table(
            {
                "phash": pa.array(packed.view(">u8").astype(np.uint64).reshape(-1)),
                "tiny": pa.array(tiny, pa.binary(TINY[0] * TINY[1] * 3)),
            }
        )
