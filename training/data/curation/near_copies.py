"""Near copies by descriptor, as in section 2 of the report: spherical k-means on a part of the pictures,
then exact search inside each cluster.

The number of clusters grows with the number of pictures, so that clusters keep their size. With more than
`flat_clusters` of them k-means goes in two levels, and each picture's centroids are looked for in its nearest
groups of the first: both grow hardly faster than the data.
"""

# N pictures, D numbers a descriptor, K clusters

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import faiss
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from training.data.curation.keepers import NOBODY, Indices, greedy, quality_order, read_rows
from training.data.curation.store import Store
from training.data.curation.tables import read_table

__all__ = ["NearCopyStage", "Search", "cluster", "near_pairs"]

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
BLOCK = 4_096
GROUPS = 10


@dataclass(frozen=True, kw_only=True)
class Search:
    """How near copies are looked for.

    `threshold`: cosine similarity of copies (SSCD's published point is 0.75). Clusters hold `per_cluster`
    pictures on average, at most `most_clusters` of them (the report: 16,000), fitted on `fitted_on` (there: 2
    million).
    Each picture is looked for in its nearest `num_probes` clusters.
    """

    threshold: float = 0.75
    per_cluster: int = 500
    most_clusters: int = 16_000
    fitted_on: int = 2_000_000
    per_centroid: int = 128
    flat_clusters: int = 256
    num_iterations: int = 15
    num_probes: int = 2
    seed: int = 1234


@dataclass(frozen=True, kw_only=True)
class NearCopyStage:
    """Columns near_copy_of (the key of what is kept instead, or empty), similarity to it and is_near_copy."""

    search: Search = Search()
    descriptors: str = "descriptors"

    name: ClassVar[str] = "near_copies"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("collect", "descriptors")

    def annotate(
        self, store: Store, shards: Sequence[str], say: Callable[[str], None]
    ) -> Iterable[tuple[str, pa.Table]]:
        rows = read_rows(store, shards)
        vectors_ND = np.concatenate(
            [as_matrix(read_table(store, self.descriptors, shard)["descriptor"]) for shard in shards]
        )
        order = quality_order(rows)
        pairs, similarities = near_pairs(vectors_ND, self.search, order, say)
        counts = self.checked(store, shards, pairs, similarities)
        pairs, similarities = pairs[counts], similarities[counts]
        kept_for = greedy(len(rows.keys), pairs, order)
        is_near = kept_for != NOBODY
        say(f"near_copies: {int(is_near.sum()):,} of {len(rows.keys):,}, from {len(pairs):,} pairs")
        keys = np.array([*rows.keys, ""], dtype=object)
        table = pa.table(
            {
                "near_copy_of": pa.array(keys[kept_for], pa.string()),
                "similarity": pa.array(similarity_to(kept_for, pairs, similarities), pa.float32()),
                "is_near_copy": pa.array(is_near),
            }
        )
        return zip(shards, rows.parts(table), strict=True)

    def checked(
        self, store: Store, shards: Sequence[str], pairs: Indices, alike: Floats
    ) -> npt.NDArray[np.bool_]:
        """Which pairs count."""
        return np.ones(len(pairs), bool)


def as_matrix(column: pa.ChunkedArray) -> Halves:
    """A column of equally long lists as (N, D)."""
    length = column.type.list_size
    flat = np.concatenate([chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks] or [[]])
    return flat.astype(np.float16).reshape(-1, length)


def near_pairs(
    vectors_ND: Halves,
    search: Search,
    order: Indices | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Indices, Floats]:
    """Pairs at least `threshold` alike, as (pairs, 2), the smaller row first, and how alike they are.

    `order`: all rows, the best first; by number where there is none. It says who leads a giant cluster.
    """
    begun = time.monotonic()
    clusters_NP = cluster(vectors_ND, search)
    num_clusters = int(clusters_NP.max(initial=-1)) + 1
    say(f"near_copies: {num_clusters:,} clusters in {time.monotonic() - begun:.1f} s")
    rank = np.arange(len(vectors_ND))
    if order is not None:
        rank[order] = np.arange(len(order))
    pairs, similarities = [np.empty((0, 2), np.int64)], [np.empty(0, np.float32)]
    for members in members_of(clusters_NP):
        for found, alike in within(vectors_ND, members[np.argsort(rank[members])], search.threshold):
            pairs.append(np.sort(found, axis=1))
            similarities.append(alike)
    every, first = np.unique(np.concatenate(pairs), axis=0, return_index=True)
    return every, np.concatenate(similarities)[first]


def cluster(vectors_ND: Halves, search: Search) -> npt.NDArray[np.int32]:
    """Of each picture its nearest clusters, the nearest first: (N, num_probes)."""
    num_rows = len(vectors_ND)
    count = int(np.clip(num_rows // search.per_cluster, 1, search.most_clusters))
    if count == 1:
        return np.zeros((num_rows, 1), np.int32)
    rng = np.random.default_rng(search.seed)
    size = min(num_rows, search.fitted_on, count * search.per_centroid)
    part = np.sort(rng.choice(num_rows, size, replace=False))
    centroids = fitted(vectors_ND[part].astype(np.float32), count, search)
    probes = min(search.num_probes, count)
    found = [
        centroids.nearest(vectors_ND[start : start + 4 * BLOCK].astype(np.float32), probes)
        for start in range(0, num_rows, 4 * BLOCK)
    ]
    return np.concatenate(found)


@dataclass(frozen=True, kw_only=True)
class Centroids:
    """`fine_KD` in groups, each around one of `coarse_CD` and ending at `ends`."""

    coarse_CD: Floats
    fine_KD: Floats
    ends: tuple[int, ...]

    def nearest(self, rows_BD: Floats, count: int) -> npt.NDArray[np.int32]:
        """The nearest `count` of the fine ones, best first, looked for in the nearest GROUPS: (B, count)."""
        groups = np.argsort(-(rows_BD @ self.coarse_CD.T), axis=1)[:, :GROUPS]
        best = np.full((*groups.shape, count), -np.inf, np.float32)
        found = np.zeros((*groups.shape, count), np.int32)
        for group, (start, end) in enumerate(pairwise((0, *self.ends))):
            near, slot = np.nonzero(groups == group)
            if not len(near):
                continue
            alike = rows_BD[near] @ self.fine_KD[start:end].T
            each = np.arange(len(near))
            for place in range(min(count, end - start)):  # faster than to sort, where few are wanted
                first = np.argmax(alike, axis=1)
                best[near, slot, place], found[near, slot, place] = alike[each, first], start + first
                alike[each, first] = -np.inf
        order = np.argsort(-best.reshape(len(best), -1), axis=1, kind="stable")[:, :count]
        return np.take_along_axis(found.reshape(len(found), -1), order, axis=1)


def fitted(part_ND: Floats, count: int, search: Search) -> Centroids:
    """By one k-means, or by one of the root's clusters and one inside each of these."""
    if count <= search.flat_clusters:
        fine = kmeans(part_ND, count, search)
        return Centroids(coarse_CD=fine.mean(axis=0, keepdims=True), fine_KD=fine, ends=(len(fine),))
    coarse = kmeans(part_ND, round(count**0.5), search)
    nearest = assigned(part_ND, coarse)
    shares = np.bincount(nearest, minlength=len(coarse)) / len(part_ND)
    inside = [
        kmeans(part_ND[nearest == number], max(1, round(share * count)), search)
        if share > 0
        else np.empty((0, part_ND.shape[1]), np.float32)
        for number, share in enumerate(shares)
    ]
    ends = np.cumsum([len(each) for each in inside])
    return Centroids(coarse_CD=coarse, fine_KD=np.concatenate(inside), ends=tuple(ends.tolist()))


def kmeans(part_ND: Floats, count: int, search: Search) -> Floats:
    count = min(count, len(part_ND))
    if count <= 1:
        mean = part_ND.mean(axis=0, keepdims=True)
        return np.ascontiguousarray(mean / np.maximum(np.linalg.norm(mean), 1e-9))
    model = faiss.Kmeans(
        part_ND.shape[1],
        count,
        niter=search.num_iterations,
        spherical=True,
        seed=search.seed,
        min_points_per_centroid=1,
        max_points_per_centroid=search.per_centroid * 4,
    )
    model.train(part_ND)
    return np.asarray(model.centroids, np.float32)


def assigned(part_ND: Floats, centroids_KD: Floats) -> Indices:
    return np.concatenate(
        [
            np.argmax(part_ND[start : start + BLOCK] @ centroids_KD.T, axis=1)
            for start in range(0, len(part_ND), BLOCK)
        ]
    )


def members_of(clusters_NP: npt.NDArray[np.int32]) -> Iterator[Indices]:
    """The rows of each cluster, in order."""
    num_rows, num_probes = clusters_NP.shape
    flat, rows = clusters_NP.reshape(-1), np.repeat(np.arange(num_rows), num_probes)
    order = np.argsort(flat, kind="stable")
    ends = np.flatnonzero(np.r_[flat[order][1:] != flat[order][:-1], True]) + 1
    for start, end in zip(np.r_[0, ends[:-1]], ends, strict=True):
        if end - start > 1:
            yield rows[order[start:end]]


def within(vectors_ND: Halves, members: Indices, threshold: float) -> Iterator[tuple[Indices, Floats]]:
    """All pairs of a cluster, the better row first.

    Of a giant one (blanks, logos) each row with the best leader that it is like and no more: memory grows
    with the rows and not with their pairs.
    """
    if len(members) <= BLOCK:
        rows = vectors_ND[members].astype(np.float32)
        alike = rows @ rows.T
        one, two = np.nonzero(np.triu(alike >= threshold, k=1))
        yield np.stack([members[one], members[two]], axis=1), alike[one, two]
        return
    leaders = np.empty(0, np.int64)
    for start in range(0, len(members), BLOCK):
        block = members[start : start + BLOCK]
        rows = vectors_ND[block].astype(np.float32)
        first, alike = first_alike(rows, vectors_ND, leaders, threshold)
        is_free = first == NOBODY
        for place in np.flatnonzero(is_free):
            if first[place] != NOBODY:
                continue
            close = rows[place + 1 :] @ rows[place]
            taken = place + 1 + np.flatnonzero((close >= threshold) & (first[place + 1 :] == NOBODY))
            first[taken], alike[taken] = block[place], close[taken - place - 1]
        found = np.flatnonzero(first != NOBODY)
        leaders = np.concatenate([leaders, block[first == NOBODY]])
        yield np.stack([first[found], block[found]], axis=1), alike[found]


def first_alike(
    rows: Floats, vectors_ND: Halves, leaders: Indices, threshold: float
) -> tuple[Indices, Floats]:
    """Of each row the first leader that it is like, or NOBODY, and how much."""
    first, alike = np.full(len(rows), NOBODY, np.int64), np.zeros(len(rows), np.float32)
    for start in range(0, len(leaders), BLOCK):
        part = leaders[start : start + BLOCK]
        close = rows @ vectors_ND[part].astype(np.float32).T
        hit = close >= threshold
        places = np.argmax(hit, axis=1)
        is_new = hit.any(axis=1) & (first == NOBODY)
        first[is_new] = part[places[is_new]]
        alike[is_new] = close[is_new, places[is_new]]
    return first, alike


def similarity_to(kept_for: Indices, pairs: Indices, similarities: Floats) -> list[float | None]:
    """Of each dropped row to the one that it is dropped for; None for those that stay."""
    alike = {(int(one), int(two)): float(each) for (one, two), each in zip(pairs, similarities, strict=True)}
    return [
        None if kept == NOBODY else alike[min(row, int(kept)), max(row, int(kept))]
        for row, kept in enumerate(kept_for)
    ]
