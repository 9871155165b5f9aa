"""Descriptors and scores of the embedded networks, as stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from torch import Tensor

from engines.manifest import file_sha256
from training.data.curation.judge_net import HEADS, JUDGE_NET, load_judge_net
from training.data.curation.shards import Sample
from training.data.curation.small_net import DIMENSIONS, SMALL_NET, load_small_net
from training.data.curation.stage import Annotate, Tables

__all__ = ["SmallDescriptorStage", "SmallScoreStage", "judge_net_hash", "small_net_hash"]


def small_net_hash() -> str:
    """Of the weights that are there: other weights, and the stage runs again."""
    return file_sha256(SMALL_NET / "model.safetensors")[:16]


def judge_net_hash() -> str:
    return file_sha256(JUDGE_NET / "model.safetensors")[:16]


@dataclass(frozen=True, kw_only=True)
class SmallDescriptorStage:
    """Column descriptor, of length one."""

    weights: str

    name: ClassVar[str] = "descriptors"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()

    def open(self) -> Annotate:
        network = load_small_net()

        def annotate(samples: Sequence[Sample], tables: Tables) -> pa.Table:
            return descriptor_table(network.look([sample.open() for sample in samples]), DIMENSIONS)

        return annotate


def descriptor_table(descriptors_ND: Tensor, dimensions: int) -> pa.Table:
    flat = descriptors_ND.numpy().astype(np.float16).reshape(-1)
    column = pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.float16()), dimensions)
    return pa.table({"descriptor": column})


@dataclass(frozen=True, kw_only=True)
class SmallScoreStage:
    """Columns watermark, nsfw, aesthetic and quality, named as the real heads' are: the embedded stand-ins.

    Watermark and nsfw are probabilities, quality one of being sharp; aesthetic goes from 1 to 10.
    """

    weights: str

    name: ClassVar[str] = "scores"
    version: ClassVar[int] = 2
    needs: ClassVar[tuple[str, ...]] = ()

    def open(self) -> Annotate:
        network = load_judge_net()

        def annotate(samples: Sequence[Sample], tables: Tables) -> pa.Table:
            scores = network.look([sample.open() for sample in samples]).numpy().astype(np.float32)
            found = dict(zip(HEADS, scores.T, strict=True))
            return pa.table(
                {
                    "watermark": found["watermark"],
                    "nsfw": found["unsafe"],
                    "aesthetic": 10 - 9 * found["ugly"],
                    "quality": 1 - found["blurred"],
                }
            )

        return annotate
