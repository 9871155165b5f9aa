"""Running stages over shards: what is done stays done, here or in the hands of many workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
from typing_extensions import TypeIs

from training.data.curation.collect import COLLECT
from training.data.curation.marks import Mark, identity_of, is_done, read_mark, write_marked
from training.data.curation.shards import SHARDS, read_shard
from training.data.curation.stage import Annotate, ShardStage, Stage, WholeStage, identity
from training.data.curation.store import Store
from training.data.curation.tables import KEY, pack_table, read_table, table_name
from training.errors import BadRecipe

__all__ = ["Alone", "Done", "Workers", "annotate_shard", "ok_rows", "run_stage"]

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Done:
    """A shard that a stage has just finished."""

    shard: str
    num_rows: int
    seconds: float


class Workers(Protocol):
    """Who annotates shards; the results are the same whoever does it."""

    def annotate(self, store: Store, stage: ShardStage, shards: Sequence[str]) -> Iterator[Done]:
        """As they are finished."""
        ...


class Alone:
    """This process, one shard after the other."""

    def annotate(self, store: Store, stage: ShardStage, shards: Sequence[str]) -> Iterator[Done]:
        annotate = stage.open()
        for shard in shards:
            yield annotate_shard(store, stage, annotate, shard)


def run_stage(
    store: Store, stage: ShardStage | WholeStage, shards: Sequence[str], workers: Workers, say: Say
) -> None:
    """Whatever of it is not done yet. Raises BadRecipe when a stage that it needs has not been run."""
    if is_whole(stage):
        run_whole(store, stage, shards, say)
        return
    left = [
        shard for shard in shards if not is_annotated(store, stage, shard, inputs_of(store, stage, [shard]))
    ]
    if not left:
        say(f"{stage.name}: done before")
        return
    pace = Pace(stage.name, sum(rows_of(store, shard) for shard in left), say)
    for done in workers.annotate(store, stage, left):
        pace.step(done.num_rows)
    pace.end()


def is_whole(stage: ShardStage | WholeStage) -> TypeIs[WholeStage]:
    return not hasattr(stage, "open")


def annotate_shard(store: Store, stage: ShardStage, annotate: Annotate, shard: str) -> Done:
    """One shard's table, written and marked."""
    begun = time.monotonic()
    samples = [*read_shard(store, shard)]
    tables = {need: read_table(store, need, shard) for need in stage.needs}
    table = keyed(annotate(samples, tables), [sample.key for sample in samples], stage)
    seconds = time.monotonic() - begun
    write(store, stage, shard, table, made_of(stage, shard, inputs_of(store, stage, [shard])), seconds)
    return Done(shard=shard, num_rows=len(samples), seconds=seconds)


def run_whole(store: Store, stage: WholeStage, shards: Sequence[str], say: Say) -> None:
    inputs = inputs_of(store, stage, shards)
    if all(is_annotated(store, stage, shard, inputs) for shard in shards):
        say(f"{stage.name}: done before")
        return
    begun, num_rows = time.monotonic(), 0
    for shard, table in stage.annotate(store, shards, say):
        keys = ok_rows(read_table(store, COLLECT, shard, [KEY, "status"]))[KEY].to_pylist()
        num_rows += len(keys)
        if not is_annotated(store, stage, shard, inputs):  # a run that was killed had come so far
            seconds = time.monotonic() - begun
            write(store, stage, shard, keyed(table, keys, stage), made_of(stage, shard, inputs), seconds)
    seconds = time.monotonic() - begun
    pace = num_rows / max(seconds, 1e-9)
    say(f"{stage.name}: {num_rows:,} pictures in {seconds:.1f} s, {pace:,.0f} a second")


def write(store: Store, stage: Stage, shard: str, table: pa.Table, identity: str, seconds: float) -> None:
    write_marked(
        store,
        table_name(stage.name, shard),
        pack_table(table),
        made_of=identity,
        num_rows=table.num_rows,
        seconds=seconds,
    )


def keyed(table: pa.Table, keys: Sequence[str], stage: Stage) -> pa.Table:
    """With the samples' keys in front."""
    if table.num_rows != len(keys):
        raise BadRecipe(f"Stage {stage.name} gave {table.num_rows} rows for {len(keys)} pictures.")
    return table.add_column(0, KEY, pa.array(keys, pa.string()))


def ok_rows(collected: pa.Table) -> pa.Table:
    """Those that became pictures: the rows that every other table has."""
    return collected.filter(pa.compute.equal(collected["status"], "ok"))


def is_annotated(store: Store, stage: Stage, shard: str, inputs: Mapping[str, str]) -> bool:
    return is_done(store, table_name(stage.name, shard), made_of(stage, shard, inputs))


def made_of(stage: Stage, shard: str, inputs: Mapping[str, str]) -> str:
    """The identity of what a table is made of: the stage, and the content of all that it looked at."""
    return identity_of(stage=identity(stage), shard=shard, inputs=inputs)


def inputs_of(store: Store, stage: Stage, shards: Sequence[str]) -> Mapping[str, str]:
    return {
        f"{need} {shard}": need_mark(store, need, shard, stage).sha256
        for shard in shards
        for need in (SHARDS, *stage.needs)
    }


def need_mark(store: Store, need: str, shard: str, stage: Stage) -> Mark:
    name = f"{SHARDS}/{shard}.tar" if need == SHARDS else table_name(need, shard)
    mark = read_mark(store, name)
    if mark is None:
        raise BadRecipe(
            f"Stage {stage.name} needs {need}, which is not done for shard {shard}: run it first."
        )
    return mark


def rows_of(store: Store, shard: str) -> int:
    mark = read_mark(store, f"{SHARDS}/{shard}.tar")
    return 0 if mark is None else mark.num_rows


class Pace:
    """Says now and then how fast it goes and how long it will take."""

    SECONDS = 5.0

    def __init__(self, name: str, of: int, say: Say) -> None:
        self.name, self.of, self.say = name, of, say
        self.done, self.begun, self.said = 0, time.monotonic(), time.monotonic()

    def step(self, num_rows: int) -> None:
        self.done += num_rows
        now = time.monotonic()
        if now - self.said >= self.SECONDS and self.done < self.of:
            self.said = now
            pace = self.done / (now - self.begun)
            left = (self.of - self.done) / max(pace, 1e-9)
            self.say(
                f"{self.name}: {self.done:,} of {self.of:,}, {pace:,.1f} a second, {left / 60:.1f} min left"
            )

    def end(self) -> None:
        seconds = max(time.monotonic() - self.begun, 1e-9)
        self.say(
            f"{self.name}: {self.done:,} pictures in {seconds:.1f} s, {self.done / seconds:,.1f} a second"
        )
