"""Near copies whose pictures are laid over one another before they count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from training.data.curation.keepers import Indices
from training.data.curation.near_copies import Floats, NearCopyStage
from training.data.curation.overlay import Overlay
from training.data.curation.shards import Sample
from training.data.curation.stage import Annotate, Tables
from training.data.curation.store import Store
from training.data.curation.tables import read_table

__all__ = ["CheckedNearCopyStage", "ThumbnailStage", "as_pictures"]

SIDE_PX = 48


@dataclass(frozen=True, kw_only=True)
class ThumbnailStage:
    """Column thumbnail: the picture in RGB at 48 x 48, skewed."""

    name: ClassVar[str] = "thumbnails"
    version: ClassVar[int] = 2
    needs: ClassVar[tuple[str, ...]] = ()

    def open(self) -> Annotate:
        return self._annotate

    def _annotate(self, samples: Sequence[Sample], tables: Tables) -> pa.Table:
        small = [
            sample.open().resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX).tobytes() for sample in samples
        ]
        return pa.table({"thumbnail": pa.array(small, pa.binary(SIDE_PX * SIDE_PX * 3))})


def as_pictures(column: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    """(N, H, W, 3)"""
    return np.frombuffer(b"".join(column.to_pylist()), np.uint8).reshape(-1, SIDE_PX, SIDE_PX, 3)


@dataclass(frozen=True, kw_only=True)
class CheckedNearCopyStage(NearCopyStage):
    """Pairs count where one fits over the other."""

    overlay: Overlay = field(default_factory=Overlay)

    version: ClassVar[int] = 3
    needs: ClassVar[tuple[str, ...]] = ("collect", "descriptors", "thumbnails")

    def checked(
        self, store: Store, shards: Sequence[str], pairs: Indices, alike: Floats
    ) -> npt.NDArray[np.bool_]:
        pictures = np.concatenate(
            [as_pictures(read_table(store, "thumbnails", shard)["thumbnail"]) for shard in shards]
        )
        return self.overlay.fits(pictures, *pairs.T)
