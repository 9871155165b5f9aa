"""Shards annotated by Ray Data's actors, on one machine or many: the stage's own code, and the same bytes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any

import ray

from training.data.curation.run import Done, annotate_shard
from training.data.curation.stage import ShardStage
from training.data.curation.store import Store

__all__ = ["RayWorkers"]


class RayWorkers:
    """A pool of `num_workers` actors; `gpus_each` may be a fraction, where several share a card.

    Uses the cluster that `ray.init` or RAY_ADDRESS names, else one of its own on this machine. An actor that
    dies is replaced and its shard done again: what it left unmarked counts as never done.
    """

    def __init__(self, num_workers: int, gpus_each: float = 0.0) -> None:
        self.num_workers, self.gpus_each = num_workers, gpus_each

    def annotate(self, store: Store, stage: ShardStage, shards: Sequence[str]) -> Iterator[Done]:
        if not ray.is_initialized():
            ray.init(
                num_cpus=None if "RAY_ADDRESS" in os.environ else self.num_workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        done = ray.data.from_items(
            [{"shard": shard} for shard in shards], override_num_blocks=len(shards)
        ).map(
            Annotator,  # type: ignore[arg-type]  # an actor's class, called by Ray
            fn_constructor_args=(store, stage),
            compute=ray.data.ActorPoolStrategy(size=min(self.num_workers, len(shards))),
            num_gpus=self.gpus_each or None,
        )
        for row in done.iter_rows():
            yield Done(shard=row["shard"], num_rows=row["num_rows"], seconds=row["seconds"])


class Annotator:
    """One actor: the stage is opened once."""

    def __init__(self, store: Store, stage: ShardStage) -> None:
        self.store, self.stage, self.annotate = store, stage, stage.open()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        done = annotate_shard(self.store, self.stage, self.annotate, row["shard"])
        return {"shard": done.shard, "num_rows": done.num_rows, "seconds": done.seconds}
