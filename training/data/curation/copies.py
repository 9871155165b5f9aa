"""Copies that need no network: the same bytes, the same pixels, nearly the same perceptual hash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from training.data.curation.keepers import NOBODY, Indices, greedy, quality_order, read_rows
from training.data.curation.store import Store
from training.data.curation.tables import read_stage

__all__ = ["CopyStage", "close_hashes", "equal_pairs"]

BITS, CHUNKS = 64, 4


@dataclass(frozen=True, kw_only=True)
class CopyStage:
    """Columns copy_of (the key of the copy that is kept, or empty), copy_kind and is_copy.

    Hashes that differ in at most `most_bits` are one picture, if their tiny pictures differ nowhere by more
    than `most_difference` of 255: a hash knows no colours, and little of drawings on plain ground. Blank
    pictures share a hash with much else: those with fewer than `least_set_bits` bits set or unset are left to
    the descriptors.
    """

    most_bits: int = 4
    most_difference: int = 16
    least_set_bits: int = 8

    name: ClassVar[str] = "copies"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("collect", "hashes")

    def annotate(
        self, store: Store, shards: Sequence[str], say: Callable[[str], None]
    ) -> Iterable[tuple[str, pa.Table]]:
        rows = read_rows(store, shards)
        order, num_rows = quality_order(rows), len(rows.keys)
        kinds = np.full(num_rows, "", dtype=object)
        kept_for = np.full(num_rows, NOBODY, np.int64)
        hashes = read_stage(store, "hashes", shards)
        phash = hashes["phash"].to_numpy().astype(np.uint64)
        for kind, pairs in (
            ("bytes", equal_pairs(rows.table["file_sha256"].to_pylist(), order)),
            ("pixels", equal_pairs(rows.table["id"].to_pylist(), order)),
            ("hash", self.checked(close_hashes(phash, self.most_bits, self.least_set_bits), hashes["tiny"])),
        ):
            left = pairs[(kept_for[pairs] == NOBODY).all(axis=1)] if len(pairs) else pairs
            found = greedy(num_rows, left, order)
            is_new = (kept_for == NOBODY) & (found != NOBODY)
            kept_for[is_new], kinds[is_new] = found[is_new], kind
            say(f"copies: {int(is_new.sum()):,} of {num_rows:,} have the {kind} of another")
        keys = np.array([*rows.keys, ""], dtype=object)
        table = pa.table(
            {
                "copy_of": pa.array(keys[kept_for], pa.string()),
                "copy_kind": pa.array(kinds, pa.string()),
                "is_copy": pa.array(kept_for != NOBODY),
            }
        )
        return zip(shards, rows.parts(table), strict=True)

    def checked(self, pairs: Indices, tiny: pa.ChunkedArray) -> Indices:
        pictures = np.frombuffer(b"".join(tiny.to_pylist()), np.uint8).reshape(len(tiny), -1).astype(np.int16)
        difference = np.abs(pictures[pairs[:, 0]] - pictures[pairs[:, 1]]).max(axis=1, initial=0)
        close: Indices = pairs[difference <= self.most_difference]
        return close


def equal_pairs(values: Sequence[str], order: Indices) -> Indices:
    """Of each group of equal values: the best one with each of the others, as (pairs, 2)."""
    best, pairs = dict[str, int](), list[tuple[int, int]]()
    for row in order.tolist():
        first = best.setdefault(values[row], row)
        if first != row:
            pairs.append((first, row))
    return np.array(pairs, np.int64).reshape(-1, 2)


def close_hashes(hashes_N: npt.NDArray[np.uint64], most_bits: int, least_set_bits: int) -> Indices:
    """All pairs that differ in at most `most_bits`, as (pairs, 2), the smaller row first.

    A number of 64 bits is cut into more chunks than bits may differ, so that two close ones have an equal
    chunk: only those are compared.
    """
    ones = np.bitwise_count(hashes_N)
    rows = np.flatnonzero((ones >= least_set_bits) & (ones <= BITS - least_set_bits))
    edges = np.linspace(0, BITS, max(CHUNKS, most_bits + 1) + 1).astype(int)
    found = []
    for low, high in pairwise(edges.tolist()):
        chunk = (hashes_N[rows] >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)
        found.append(
            close_within(hashes_N, rows[np.argsort(chunk, kind="stable")], np.sort(chunk), most_bits)
        )
    return np.unique(np.concatenate(found), axis=0) if found else np.empty((0, 2), np.int64)


def close_within(
    hashes_N: npt.NDArray[np.uint64], rows: Indices, chunks: npt.NDArray[np.uint64], most_bits: int
) -> Indices:
    """Pairs within runs of equal chunks. The k-th neighbour in the order is compared at once for all rows."""
    pairs, step = [np.empty((0, 2), np.int64)], 1
    while step < len(rows):
        is_same = chunks[:-step] == chunks[step:]
        if not is_same.any():
            break
        one, two = rows[:-step][is_same], rows[step:][is_same]
        is_close = np.bitwise_count(hashes_N[one] ^ hashes_N[two]) <= most_bits
        pairs.append(np.sort(np.stack([one[is_close], two[is_close]], axis=1), axis=1))
        step += 1
    return np.concatenate(pairs)
