"""Which of several copies is kept: the best, and never one for the sake of another that is dropped itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from training.data.curation.collect import COLLECT
from training.data.curation.run import ok_rows
from training.data.curation.store import Store
from training.data.curation.tables import KEY, read_stage

__all__ = ["NOBODY", "Rows", "greedy", "quality_order", "read_rows"]

Indices = npt.NDArray[np.int64]
NOBODY = -1


class Rows:
    """The collected pictures of all shards, one under the other, with what decides between copies."""

    def __init__(self, table: pa.Table, bounds: Sequence[int]) -> None:
        self.table, self.bounds = table, bounds
        self.keys: list[str] = table[KEY].to_pylist()

    def parts(self, table: pa.Table) -> list[pa.Table]:
        """`table`, which has a row for each of ours, cut into shards again."""
        starts = (0, *self.bounds[:-1])
        return [table.slice(start, end - start) for start, end in zip(starts, self.bounds, strict=True)]


def read_rows(store: Store, shards: Sequence[str]) -> Rows:
    columns = [KEY, "status", "id", "file_sha256", "width", "height", "caption", "file_bytes"]
    tables = [ok_rows(read_stage(store, COLLECT, [shard], columns)) for shard in shards]
    bounds = np.cumsum([table.num_rows for table in tables])
    return Rows(pa.concat_tables(tables), [int(bound) for bound in bounds])


def quality_order(rows: Rows) -> Indices:
    """All rows, the best first: by pixels, then by bytes, by words of caption, and by key at last."""
    width, height, size = (
        rows.table[name].to_numpy().astype(np.int64) for name in ("width", "height", "file_bytes")
    )
    words = np.array([len(caption.split()) for caption in rows.table["caption"].to_pylist()], np.int64)
    return np.lexsort((np.arange(len(width)), -words, -size, -(width * height)))


def greedy(num_rows: int, pairs_N2: Indices, order: Indices) -> Indices:
    """For each row the one that it is dropped for, or NOBODY: in `order`, what is kept drops its neighbours.

    Chains do not reach: a row that is dropped drops nobody.
    """
    rank = np.empty(num_rows, np.int64)
    rank[order] = np.arange(num_rows)
    kept_for = np.full(num_rows, NOBODY, np.int64)
    if not len(pairs_N2):
        return kept_for
    both = np.concatenate([pairs_N2, pairs_N2[:, ::-1]])
    both = both[np.lexsort((rank[both[:, 1]], rank[both[:, 0]]))]
    starts = np.flatnonzero(np.r_[True, both[1:, 0] != both[:-1, 0]])
    for start, end in zip(starts, np.r_[starts[1:], len(both)], strict=True):
        row = both[start, 0]
        if kept_for[row] == NOBODY:
            worse = both[start:end, 1]
            worse = worse[(rank[worse] > rank[row]) & (kept_for[worse] == NOBODY)]
            kept_for[worse] = row
    return kept_for
