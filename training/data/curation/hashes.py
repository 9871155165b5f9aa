"""Perceptual hashes: 64 bits that scaling and re-encoding hardly change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import imagehash
import numpy as np
import pyarrow as pa

from training.data.curation.shards import Sample
from training.data.curation.stage import Annotate, Tables

__all__ = ["HashStage"]


@dataclass(frozen=True, kw_only=True)
class HashStage:
    """Column phash: the signs of the 8 x 8 lowest cosine terms, most significant bit first."""

    name: ClassVar[str] = "hashes"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()

    def open(self) -> Annotate:
        return self._annotate

    def _annotate(self, samples: Sequence[Sample], tables: Tables) -> pa.Table:
        bits = [imagehash.phash(sample.open()).hash.reshape(-1) for sample in samples]
        packed = np.packbits(np.array(bits, bool).reshape(-1, 64), axis=1)
        return pa.table({"phash": pa.array(packed.view(">u8").astype(np.uint64).reshape(-1))})
