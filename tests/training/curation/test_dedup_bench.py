"""The dedup bench in small: what it plants is what it says, and found pairs are found within clusters."""

from __future__ import annotations

import numpy as np

from tests.bench.dedup import measure, plant, shared
from training.data.curation.near_copies import Search


def test_planted_pairs_are_as_alike_as_they_should_be() -> None:
    vectors, pairs = plant(3_000, 64, 150)
    alike = (vectors[pairs[:, 0]].astype(np.float32) * vectors[pairs[:, 1]].astype(np.float32)).sum(axis=1)
    assert pairs.shape == (150, 2)
    assert alike.min() > 0.79
    assert alike.max() < 1.0


def test_recall_is_what_shared_clusters_allow() -> None:
    figures = measure(6_000, 256, 0.05, Search(per_cluster=100))
    assert figures.planted == 300
    assert figures.recall_at[1] <= figures.recall_at[2] <= figures.recall_at[3]
    assert abs(figures.recall - figures.recall_at[2]) < 0.005
    assert figures.recall > 0.9
    assert figures.precision > 0.9


def test_pairs_share_a_cluster_or_not() -> None:
    clusters = np.array([[0, 1], [1, 2], [3, 4]], np.int32)
    assert shared(clusters, np.array([[0, 1], [0, 2]])) == 0.5
