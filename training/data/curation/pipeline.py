"""A recipe from sources to manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from training.data.curation.collect import collect
from training.data.curation.links.fetch import FetchSettings
from training.data.curation.marks import Mark, read_mark
from training.data.curation.recipes import CurationRecipe
from training.data.curation.report import REPORT, write_report
from training.data.curation.run import Alone, Workers, run_stage
from training.data.curation.select import Selection, select
from training.data.curation.shards import SHARDS
from training.data.curation.sources import find_source
from training.data.curation.store import Store

__all__ = ["curate", "told"]

Say = Callable[[str], None]


def curate(
    recipe: CurationRecipe,
    store: Store,
    sources: list[Path],
    say: Say,
    *,
    expression: str | None = None,
    workers: Workers | None = None,
    links: FetchSettings | None = None,
) -> Selection:
    """Every stage over every shard, what is done already left alone; then the manifest."""

    def on_shard(shard: str, num_seen: int) -> None:
        mark = read_mark(store, f"{SHARDS}/{shard}.tar")
        say(f"collect: shard {shard}, {kept_of(mark)} of {num_seen} are pictures")

    shards = collect(store, [find_source(path, links) for path in sources], recipe.collect, on_shard)
    for stage in recipe.stages:
        run_stage(store, stage, shards, workers or Alone(), say)
    names = [stage.name for stage in recipe.stages]
    selection = select(store, shards, names, expression or recipe.select)
    write_report(store, shards, names)
    return selection


def kept_of(mark: Mark | None) -> int:
    return 0 if mark is None else mark.num_rows


def told(selection: Selection) -> str:
    """The funnel in words."""
    lines = [f"{selection.num_seen:,} seen"]
    lines += [f"  {count:,} dropped: {reason}" for reason, count in selection.dropped.items() if count]
    lines.append(
        f"{selection.num_kept:,} kept, in manifest.parquet ({selection.seconds:.1f} s); {REPORT} shows them"
    )
    return "\n".join(lines)
