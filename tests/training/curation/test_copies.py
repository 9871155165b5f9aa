"""Copies found by bytes, pixels, hash and descriptor; the best of them is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.curation.raw import a_picture, as_file
from training.data.curation.collect import CollectSettings
from training.data.curation.copies import CopyStage, close_hashes
from training.data.curation.hashes import HashStage
from training.data.curation.keepers import NOBODY, greedy
from training.data.curation.near_copies import Search, cluster, near_pairs
from training.data.curation.pipeline import curate
from training.data.curation.recipes import plain
from training.data.curation.select import joined
from training.data.curation.store import Store


def photo(seed: int, size: tuple[int, int] = (192, 144)) -> Image.Image:
    """Smooth, so that a JPEG of it looks the same."""
    return a_picture(seed, (8, 6)).resize(size, Image.Resampling.BICUBIC)


def test_copies_of_three_kinds_are_found_and_the_best_is_kept(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    files = {
        "a.png": as_file(photo(1)),
        "b.png": as_file(photo(1)),
        "c.bmp": as_file(photo(1), "BMP"),
        "d.jpg": as_file(photo(1, (384, 288)), "JPEG", quality=60),
        "e.png": as_file(photo(2)),
    }
    for name, content in files.items():
        (raw / name).write_bytes(content)
    recipe = replace(plain(), collect=CollectSettings(per_shard=2), stages=(HashStage(), CopyStage()))
    store = Store(address=str(tmp_path / "work"))
    selection = curate(recipe, store, [raw], lambda _: None, expression="not is_copy")
    rows = joined(store, ["00000", "00001", "00002"], ["copies"], {"copy_kind", "copy_of"})
    kinds = {Path(source).name: kind for source, kind in zip(rows["source"], rows["copy_kind"], strict=True)}
    assert kinds == {"a.png": "pixels", "b.png": "bytes", "c.bmp": "hash", "d.jpg": "", "e.png": ""}
    assert selection.num_kept == 2


def by_hand(hashes: np.ndarray, most_bits: int) -> set[tuple[int, int]]:
    return {
        (one, two)
        for one in range(len(hashes))
        for two in range(one + 1, len(hashes))
        if (int(hashes[one]) ^ int(hashes[two])).bit_count() <= most_bits
    }


@pytest.mark.parametrize("most_bits", [0, 2, 4, 7])
def test_close_hashes_are_all_close_pairs(most_bits: int) -> None:
    rng = np.random.default_rng(3)
    hashes = rng.integers(0, 2**63, 200, dtype=np.uint64)
    for row in range(100, 160):
        flips = rng.choice(64, rng.integers(0, 8), replace=False)
        hashes[row] = hashes[row - 100] ^ np.uint64(sum(1 << int(bit) for bit in flips))
    found = {(int(one), int(two)) for one, two in close_hashes(hashes, most_bits, least_set_bits=0)}
    assert found == by_hand(hashes, most_bits)
    assert len(found) > 5


def test_chains_do_not_reach() -> None:
    pairs = np.array([[0, 1], [1, 2], [2, 3]])
    assert greedy(4, pairs, np.array([0, 1, 2, 3])).tolist() == [NOBODY, 0, NOBODY, 2]
    assert greedy(4, pairs, np.array([1, 0, 2, 3])).tolist() == [1, NOBODY, 1, NOBODY]
    assert greedy(3, np.empty((0, 2), np.int64), np.arange(3)).tolist() == [NOBODY] * 3


def planted(num_rows: int, num_copies: int) -> tuple[np.ndarray, set[tuple[int, int]]]:
    """Descriptors in clumps, the last ones near copies of the first."""
    rng = np.random.default_rng(5)
    clumps = rng.standard_normal((20, 64))
    vectors = clumps[rng.integers(0, 20, num_rows)] + rng.standard_normal((num_rows, 64))
    vectors[-num_copies:] = vectors[:num_copies] + 0.15 * rng.standard_normal((num_copies, 64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16), {(row, num_rows - num_copies + row) for row in range(num_copies)}


@pytest.mark.parametrize("flat_clusters", [1_024, 8])
def test_planted_copies_are_found_inside_clusters(flat_clusters: int) -> None:
    vectors, copies = planted(4_000, 200)
    search = Search(threshold=0.93, per_cluster=100, num_probes=2, flat_clusters=flat_clusters)
    pairs, similarities = near_pairs(vectors, search)
    found = {(int(one), int(two)) for one, two in pairs}
    assert len(found & copies) / len(copies) >= 0.97
    assert len(found & copies) / len(found) >= 0.99
    assert (similarities >= 0.93).all()


def test_one_cluster_is_exact_search() -> None:
    vectors, _ = planted(600, 50)
    alike = vectors.astype(np.float32) @ vectors.astype(np.float32).T
    one, two = np.nonzero(np.triu(alike >= 0.9, k=1))
    pairs, _ = near_pairs(vectors, Search(threshold=0.9, per_cluster=10_000))
    assert {tuple(pair) for pair in pairs.tolist()} == set(zip(one.tolist(), two.tolist(), strict=True))


def test_two_probes_miss_less_than_one() -> None:
    vectors, copies = planted(4_000, 400)
    recall = [
        len({tuple(pair) for pair in near_pairs(vectors, search)[0].tolist()} & copies) / len(copies)
        for search in (Search(threshold=0.9, per_cluster=50, num_probes=probes) for probes in (1, 2))
    ]
    assert recall[1] >= recall[0] > 0.8


def test_a_giant_cluster_costs_memory_for_its_rows_and_not_for_their_pairs() -> None:
    vectors, _ = planted(500, 10)
    blanks = np.repeat(vectors[100:101], 9_000, axis=0)
    order = np.random.default_rng(1).permutation(9_500)
    pairs, _ = near_pairs(np.concatenate([vectors, blanks]), Search(threshold=0.99, per_cluster=9_500), order)
    kept_for = greedy(9_500, pairs, order)
    best = next(row for row in order if row == 100 or row >= 500)
    assert int((kept_for == best).sum()) == 9_000
    assert len(pairs) < 9_100


def test_the_same_seed_gives_the_same_clusters() -> None:
    vectors, _ = planted(2_000, 10)
    search = Search(per_cluster=50, flat_clusters=8)
    assert np.array_equal(cluster(vectors, search), cluster(vectors, search))
