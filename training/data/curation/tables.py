"""Annotation tables: one a stage, one parquet file a shard, a row for each of its samples in order."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from training.data.curation.store import Store
from training.errors import CorruptShards

__all__ = ["KEY", "TABLES", "column_names", "pack_table", "read_stage", "read_table", "table_name"]

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
    try:
        file = opened(store, stage, shard)
        return file.read(columns=None if columns is None else [*columns], use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(store, stage, shard, error) from error


def column_names(store: Store, stage: str, shard: str) -> list[str]:
    """Raises CorruptShards."""
    try:
        return list(opened(store, stage, shard).schema_arrow.names)
    except (OSError, pa.ArrowException) as error:
        raise unreadable(store, stage, shard, error) from error


def opened(store: Store, stage: str, shard: str) -> pq.ParquetFile:
    return pq.ParquetFile(io.BytesIO(store.read(table_name(stage, shard))))


def unreadable(store: Store, stage: str, shard: str, error: Exception) -> CorruptShards:
    name = table_name(stage, shard)
    return CorruptShards(
        f"{name} of {store.address} cannot be read ({error}). Delete it and run {stage} again."
    )


def read_stage(
    store: Store, stage: str, shards: Sequence[str], columns: Sequence[str] | None = None
) -> pa.Table:
    """All shards' rows, one under the other."""
    return pa.concat_tables([read_table(store, stage, shard, columns) for shard in shards])
