"""Curation recipes: which stages run, with which settings, and what is selected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from training.data.curation.checked_copies import CheckedNearCopyStage, ThumbnailStage
from training.data.curation.collect import CollectSettings
from training.data.curation.copies import CopyStage
from training.data.curation.hashes import HashStage
from training.data.curation.measures import MeasureStage
from training.data.curation.near_copies import Search
from training.data.curation.small_stages import SmallDescriptorStage, SmallScoreStage, small_net_hash
from training.data.curation.stage import ShardStage, WholeStage
from training.errors import BadRecipe

__all__ = ["CURATION_RECIPES", "CurationRecipe", "find_curation_recipe"]


@dataclass(frozen=True, kw_only=True)
class CurationRecipe:
    """`stages` in order: each may read the tables of those before it."""

    name: str
    collect: CollectSettings
    stages: tuple[ShardStage | WholeStage, ...]
    select: str


def plain() -> CurationRecipe:
    """No network and no neural net: what any folder can be asked."""
    return CurationRecipe(
        name="plain",
        collect=CollectSettings(),
        stages=(MeasureStage(), HashStage(), CopyStage()),
        select="not is_copy and bytes_per_pixel > 0.02 and contrast > 2",
    )


def stickers() -> CurationRecipe:
    """The report's stages in their order, with the small network that is embedded."""
    weights = small_net_hash()
    return CurationRecipe(
        name="stickers",
        collect=CollectSettings(),
        stages=(
            HashStage(),
            CopyStage(),
            SmallDescriptorStage(weights=weights),
            ThumbnailStage(),
            CheckedNearCopyStage(search=Search(threshold=0.9)),
            SmallScoreStage(weights=weights),
            MeasureStage(),
        ),
        select="not is_copy and not is_near_copy and nsfw < 0.6 and aesthetic > 5.5 and watermark < 0.5 "
        "and quality > 0.1 and contrast > 3",
    )


CURATION_RECIPES: dict[str, Callable[[], CurationRecipe]] = {"plain": plain, "stickers": stickers}


def find_curation_recipe(name: str) -> CurationRecipe:
    """Raises BadRecipe."""
    if name not in CURATION_RECIPES:
        raise BadRecipe(f"There is no curation recipe {name!r}: choose one of {', '.join(CURATION_RECIPES)}.")
    return CURATION_RECIPES[name]()
