"""Annotation tables: one a stage, one parquet file a shard, a row for each of its samples in order."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from training.data.curation.store import Store
from training.errors import CorruptShards

__all__ = ["KEY", "TABLES", "pack_table", "read_stage", "read_table", "table_name"]

TABLES = "tables"
KEY = "key"


def table_name(stage: str, shard: str) -> str:
    return f"{TABLES}/{stage}/{shard}.parquet"


def pack_table(table: pa.Table) -> bytes:
    """The same table gives the same bytes."""
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd", store_schema=True)
    return file.getvalue()


def read_table(store: Store, stage: str, shard: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Raises CorruptShards for what is missing or damaged."""
    name = table_name(stage, shard)
    try:
        return pq.read_table(io.BytesIO(store.read(name)), columns=None if columns is None else [*columns])
    except (OSError, pa.ArrowException) as error:
        raise CorruptShards(
            f"{name} of {store.address} cannot be read ({error}). Delete it and run {stage} again."
        ) from error


def read_stage(
    store: Store, stage: str, shards: Sequence[str], columns: Sequence[str] | None = None
) -> pa.Table:
    """All shards' rows, one under the other."""
    return pa.concat_tables([read_table(store, stage, shard, columns) for shard in shards])
