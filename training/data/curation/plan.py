"""`python -m training curate --plan 1000000000 --machines 16`: what a set of that size takes, beforehand.

Work on processors is measured, on one core of an AMD EPYC (AVX-512), by the commands that MEASURED names.
Work on GPUs is computed from the published networks' sizes and a rate that is an assumption. Nothing here was
run at that size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from training.errors import BadRecipe

__all__ = ["COSTS", "Cluster", "Cost", "Line", "NearCopyCost", "plan", "told"]

MEASURED = "python -m tests.bench.curation_speed (1024 px JPEG), python -m tests.bench.dedup"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Machines alike. `teraflops`: sustained by one GPU in bfloat16. `gigabytes_a_second`: to one machine."""

    machines: int = 16
    cores: int = 96
    gpus: int = 8
    memory_gb: float = 1_024.0
    teraflops: float = 300.0
    gigabytes_a_second: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one picture: seconds of a core, or operations of a GPU; bytes of table."""

    stage: str
    core_seconds: float = 0.0
    gigaflop: float = 0.0
    table_bytes: int = 0
    is_measured: bool = True


@dataclass(frozen=True, kw_only=True)
class NearCopyCost:
    """Of the whole set, in one process: measured at a million, and how it grows from 100,000 to there."""

    core_seconds_a_million: float
    exponent: float
    bytes_a_row: float

    def core_seconds(self, pictures: int) -> float:
        return float(self.core_seconds_a_million * (pictures / 1e6) ** self.exponent)


COSTS = (
    Cost(stage="collect", core_seconds=1 / 147, table_bytes=330),
    Cost(stage="hashes", core_seconds=1 / 95, table_bytes=200),
    Cost(stage="measures", core_seconds=1 / 141, table_bytes=24),
    Cost(stage="thumbnails", core_seconds=1 / 63, table_bytes=1_728),
    Cost(stage="descriptors (SSCD, ResNet-50 at 320)", gigaflop=16.8, table_bytes=1_024, is_measured=False),
    Cost(stage="CLIP ViT-L/14 and its heads", gigaflop=162.0, table_bytes=1_536, is_measured=False),
    Cost(stage="watermark (EfficientNet-B3 at 256)", gigaflop=2.6, table_bytes=8, is_measured=False),
    Cost(stage="captions (8 B, 640 + 300 tokens)", gigaflop=15_000.0, table_bytes=1_500, is_measured=False),
)
NEAR_COPIES = NearCopyCost(core_seconds_a_million=52.9, exponent=1.18, bytes_a_row=1_900.0)
COPIES = NearCopyCost(core_seconds_a_million=77.0, exponent=1.0, bytes_a_row=700.0)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One stage on the cluster. `bound`: what it waits for. `fits`: whether one machine can hold it."""

    stage: str
    hours: float
    bound: str
    terabytes: float
    is_measured: bool
    fits: bool = True


def plan(pictures: int, cluster: Cluster, bytes_a_picture: float = 300_000.0) -> list[Line]:
    """Raises BadRecipe."""
    sizes = (pictures, cluster.machines, cluster.cores, cluster.memory_gb, bytes_a_picture)
    if min(sizes) <= 0 or min(cluster.teraflops, cluster.gigabytes_a_second) <= 0 or cluster.gpus < 0:
        raise BadRecipe("A plan needs at least one picture, machine and core, and rates above 0.")
    shard_by_shard = [on_all(cost, pictures, cluster, bytes_a_picture) for cost in COSTS]
    whole = [
        on_one(name, cost, pictures, cluster)
        for name, cost in (("copies", COPIES), ("near copies", NEAR_COPIES))
    ]
    return [*shard_by_shard[:2], whole[0], *shard_by_shard[2:5], whole[1], *shard_by_shard[5:]]


def on_all(cost: Cost, pictures: int, cluster: Cluster, bytes_a_picture: float) -> Line:
    """Shards on all machines: the slowest of cores, GPUs and reading decides."""
    reading = bytes_a_picture / (cluster.machines * cluster.gigabytes_a_second * 1e9)
    waits = {"reading": reading, "cores": cost.core_seconds / (cluster.machines * cluster.cores)}
    if cost.gigaflop:
        rate = cluster.machines * cluster.gpus * cluster.teraflops * 1e3
        waits["GPUs"] = cost.gigaflop / rate if rate else float("inf")
    bound = max(waits, key=lambda name: waits[name])
    stored = cost.table_bytes + (bytes_a_picture if cost.stage == "collect" else 0)
    return Line(
        stage=cost.stage,
        hours=pictures * waits[bound] / 3_600,
        bound=bound,
        terabytes=pictures * stored / 1e12,
        is_measured=cost.is_measured,
    )


def on_one(name: str, cost: NearCopyCost, pictures: int, cluster: Cluster) -> Line:
    """One process that holds the whole set, on one core: what more would bring was not measured."""
    return Line(
        stage=name,
        hours=cost.core_seconds(pictures) / 3_600,
        bound="one core",
        terabytes=pictures * 50 / 1e12,
        is_measured=True,
        fits=pictures * cost.bytes_a_row / 1e9 <= cluster.memory_gb,
    )


def told(pictures: int, cluster: Cluster, say: Callable[[str], None]) -> list[Line]:
    """The plan in words."""
    lines = plan(pictures, cluster)
    say(
        f"{pictures:,} pictures on {cluster.machines} machines of {cluster.cores} cores, {cluster.gpus} GPUs "
        f"({cluster.teraflops:g} TFLOP/s each, an assumption), {cluster.memory_gb:g} GB and "
        f"{cluster.gigabytes_a_second:g} GB/s of reading"
    )
    for line in lines:
        source = "measured" if line.is_measured else "computed"
        say(f"{line.stage:<40}{line.hours:>10,.1f} h  {line.bound:<20}{line.terabytes:>9,.2f} TB  {source}")
    hours, stored = sum(line.hours for line in lines), sum(line.terabytes for line in lines)
    say(f"{'together':<40}{hours:>10,.1f} h  {'':<20}{stored:>9,.2f} TB")
    for line, cost in zip(
        (each for each in lines if each.bound.startswith("one")), (COPIES, NEAR_COPIES), strict=True
    ):
        if not line.fits:
            needed = pictures * cost.bytes_a_row / 1e9
            parts = -(-needed // cluster.memory_gb)
            say(
                f"{line.stage} holds the whole set in one process, {needed:,.0f} GB: more than a machine's "
                f"{cluster.memory_gb:,.0f} GB. It needs a division into {parts:.0f} parts, which is not "
                "built."
            )
    if pictures > 8_000_000:
        say(
            f"near copies: with one cluster for 500 pictures, {pictures // 500:,} of them, in place of the "
            "recipe's most, 16,000: the measured growth holds no further than clusters keep their size."
        )
    say(f"Measured: {MEASURED}; and never at this size.")
    return lines
