"""Whether pictures differ where they should: between seeds, and from what training showed.

Distances are Euclidean, in the judge's features. A row of true renders gives them a meaning: an engine whose
seeds differ much less draws one picture again and again, one that stands much nearer to its training
pictures than fresh renders do repeats them.
"""

# N pictures, M training pictures, C features

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from training.evaluation.quality import features_of
from training.evaluation.report import Mark, Row, Table, summarise
from training.stickers.detector import Reading

__all__ = ["variety_table"]

Array = NDArray[np.float64]


def variety_table(
    readings: Mapping[str, Sequence[Reading]], words: Sequence[str], training: Sequence[Reading]
) -> Table:
    """A row for each of `readings`, which are of pictures of `words`, in order."""
    training_MC = features_of(training)
    return Table(
        title="Variety: distance between seeds of a prompt, and to the nearest training picture",
        overall_columns=(),
        rows=tuple(
            variety_row(name, features_of(each), words, training_MC) for name, each in readings.items()
        ),
    )


def variety_row(name: str, features_NC: Array, words: Sequence[str], training_MC: Array) -> Row:
    between = [
        Mark(column="between seeds", subject=subject, value=float(np.linalg.norm(first - second)))
        for subject in dict.fromkeys(words)
        for first, second in combinations(features_NC[[each == subject for each in words]], 2)
    ]
    nearest = [
        Mark(column="to training", subject=subject, value=float(distance))
        for subject, distance in zip(words, nearest_distances(features_NC, training_MC), strict=True)
    ]
    return summarise(name, between + nearest, ())


def nearest_distances(features_NC: Array, training_MC: Array) -> Array:
    """(N,): how far the nearest training picture is from each."""
    return np.array([np.linalg.norm(training_MC - each, axis=1).min() for each in features_NC])
