"""Curation recipes: which stages run, with which settings, and what is selected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from training.data.curation.checked_copies import CheckedNearCopyStage, ThumbnailStage
from training.data.curation.collect import CollectSettings
from training.data.curation.copies import CopyStage
from training.data.curation.hashes import HashStage
from training.data.curation.judges.files import (
    AESTHETIC_LINEAR,
    AESTHETIC_MLP,
    CLIP,
    NSFW,
    SSCD,
    SSCD_SCRIPT,
    WATERMARK,
    Published,
    find_judges,
)
from training.data.curation.judges.stages import ClipScoreStage, ClipStage, SscdStage, WatermarkStage
from training.data.curation.judges.topiq import TopiqStage, topiq_version
from training.data.curation.measures import MeasureStage
from training.data.curation.near_copies import NearCopyStage, Search
from training.data.curation.small_stages import (
    SmallDescriptorStage,
    SmallScoreStage,
    judge_net_hash,
    small_net_hash,
)
from training.data.curation.stage import ShardStage, WholeStage
from training.errors import BadRecipe

__all__ = ["CURATION_RECIPES", "JUDGED_RECIPES", "CurationRecipe", "Judges", "find_curation_recipe"]


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
    """The report's stages in their order, with the small networks that are embedded."""
    return CurationRecipe(
        name="stickers",
        collect=CollectSettings(),
        stages=(
            HashStage(),
            CopyStage(),
            SmallDescriptorStage(weights=small_net_hash()),
            ThumbnailStage(),
            CheckedNearCopyStage(search=Search(threshold=0.9)),
            SmallScoreStage(weights=judge_net_hash()),
            MeasureStage(),
        ),
        select="not is_copy and not is_near_copy and nsfw < 0.6 and aesthetic > 5.5 and watermark < 0.5 "
        "and quality > 0.1 and contrast > 3",
    )


@dataclass(frozen=True, kw_only=True)
class Judges:
    """A folder of published weights, and the hash of the one program among them that is vouched for."""

    folder: Path
    trusted_sha256: str = ""


def report(judges: Judges) -> CurationRecipe:
    """Section 2 of the report with the judges that it names, and sharpness for TOPIQ.

    The report gives no thresholds. SSCD's is its authors' point, that of watermarks the one of Stable
    Diffusion's sets; the others are ours: look at the histograms.
    """
    return CurationRecipe(
        name="report",
        collect=CollectSettings(),
        stages=(*judged(judges, AESTHETIC_LINEAR), MeasureStage()),
        select=f"{JUDGED} and sharpness > 10 and bytes_per_pixel > 0.02",
    )


def report_topiq(judges: Judges) -> CurationRecipe:
    """The same with TOPIQ itself, whose licence forbids commercial use."""
    topiq = TopiqStage(version_of_pyiqa=topiq_version())
    return CurationRecipe(
        name="report-topiq",
        collect=CollectSettings(),
        stages=(*judged(judges, AESTHETIC_LINEAR), topiq, MeasureStage()),
        select=f"{JUDGED} and topiq > 0.4 and bytes_per_pixel > 0.02",
    )


def laion(judges: Judges) -> CurationRecipe:
    """LAION's improved aesthetic head in place of its first."""
    return CurationRecipe(
        name="laion",
        collect=CollectSettings(),
        stages=(*judged(judges, AESTHETIC_MLP), MeasureStage()),
        select=f"{JUDGED} and bytes_per_pixel > 0.02",
    )


JUDGED = "not is_copy and not is_near_copy and nsfw < 0.3 and aesthetic > 4.5 and watermark < 0.5"


def judged(judges: Judges, aesthetic: Published) -> tuple[ShardStage | WholeStage, ...]:
    """In the report's order. Raises BadRecipe for missing files."""
    descriptor = SSCD_SCRIPT if judges.trusted_sha256 else SSCD
    sscd, clip, nsfw, beauty, watermark = find_judges(
        judges.folder, (descriptor, CLIP, NSFW, aesthetic, WATERMARK)
    )
    return (
        HashStage(),
        CopyStage(),
        SscdStage(weights=sscd, trusted_sha256=judges.trusted_sha256),
        NearCopyStage(search=Search(threshold=0.75)),
        ClipStage(weights=clip),
        ClipScoreStage(nsfw=nsfw, aesthetic=beauty),
        WatermarkStage(weights=watermark),
    )


CURATION_RECIPES: dict[str, Callable[[], CurationRecipe]] = {"plain": plain, "stickers": stickers}
JUDGED_RECIPES: dict[str, Callable[[Judges], CurationRecipe]] = {
    "report": report,
    "report-topiq": report_topiq,
    "laion": laion,
}


def find_curation_recipe(name: str, judges: Judges | None = None) -> CurationRecipe:
    """`judges`: where published weights lie. Raises BadRecipe."""
    if name in CURATION_RECIPES:
        return CURATION_RECIPES[name]()
    if name not in JUDGED_RECIPES:
        known = ", ".join((*CURATION_RECIPES, *JUDGED_RECIPES))
        raise BadRecipe(f"There is no curation recipe {name!r}: choose one of {known}.")
    return JUDGED_RECIPES[name](judges or Judges(folder=Path("judges")))
