"""A new threshold over many annotated rows: the right ones fall, in seconds and not in minutes."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.bench.rethreshold import EXPRESSIONS, STAGES, annotate
from training.data.curation.select import joined, select
from training.data.curation.store import Store
from training.data.curation.tables import pack_table, read_stage, table_name
from training.errors import BadRecipe

ROWS = 20_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("annotated")
    annotate(Store(address=str(folder)), ROWS, 1_000)
    return Store(address=str(folder))


def names(store: Store) -> list[str]:
    return store.names("tables/collect", ".parquet")


def test_rows_fall_as_they_would_by_hand(store: Store) -> None:
    selection = select(store, names(store), STAGES, EXPRESSIONS[0])
    copies, near, scores = (read_stage(store, stage, names(store)).to_pandas() for stage in STAGES[:3])
    kept = ~copies["is_copy"] & ~near["is_near_copy"] & (scores["nsfw"] < 0.3)
    kept &= (scores["aesthetic"] > 4.5) & (scores["watermark"] < 0.5)
    manifest = pq.read_table(io.BytesIO(store.read("manifest.parquet"))).to_pandas()
    assert manifest.loc[manifest["reason"] == "", "key"].tolist() == copies.loc[kept, "key"].tolist()
    assert selection.num_kept == kept.sum() > 0
    assert selection.num_seen == ROWS


def test_a_million_rows_would_take_less_than_ten_seconds_of_work(store: Store) -> None:
    begun = time.process_time()
    for expression in EXPRESSIONS:
        select(store, names(store), STAGES, expression)
    seconds = (time.process_time() - begun) / len(EXPRESSIONS)
    assert seconds * 1_000_000 / ROWS < 20  # measured: 5; twice the goal is left to a busy machine


def test_a_table_in_another_order_is_joined_by_key(store: Store, tmp_path: Path) -> None:
    other = Store(address=str(tmp_path))
    annotate(other, 2_000, 1_000)
    before = joined(other, names(other), STAGES, {"nsfw", "is_copy"})
    for shard in names(other):
        table = read_stage(other, "scores", [shard])
        turned = table.take(pa.array(range(table.num_rows - 1, -1, -1)))
        other.write(table_name("scores", shard), pack_table(turned))
    after = joined(other, names(other), STAGES, {"nsfw", "is_copy"})
    assert after["nsfw"].equals(before["nsfw"])
    assert after["nsfw"].isna().sum() == (after["status"] != "ok").sum() > 0


def test_a_table_without_a_picture_gets_a_sentence(tmp_path: Path) -> None:
    other = Store(address=str(tmp_path))
    annotate(other, 500, 500)
    table = read_stage(other, "scores", ["00000"])
    other.write(table_name("scores", "00000"), pack_table(table.slice(3)))
    with pytest.raises(BadRecipe, match="3 pictures have no nsfw"):
        select(other, ["00000"], STAGES, EXPRESSIONS[0])
