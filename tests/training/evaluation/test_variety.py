from __future__ import annotations

import pytest

from training.evaluation.variety import variety_table
from training.stickers.detector import Reading


def at(*features: float) -> Reading:
    return Reading(things=(), background="plain", style=None, features=features)


def test_distances_are_within_a_prompt_and_to_the_nearest() -> None:
    seen = {"engine": [at(0, 0), at(3, 4), at(10, 0), at(10, 0)]}
    table = variety_table(seen, ["a cat", "a cat", "a dog", "a dog"], [at(0, 1), at(10, 2)])
    (row,) = table.rows
    assert row.cells["between seeds"].mean == pytest.approx((5 + 0) / 2)
    to_cats, to_dogs = (1 + 18**0.5) / 2, 2
    assert row.cells["to training"].mean == pytest.approx((to_cats + to_dogs) / 2)


def test_one_seed_has_no_distance_to_another() -> None:
    (row,) = variety_table({"engine": [at(0), at(1)]}, ["a cat", "a dog"], [at(0)]).rows
    assert set(row.cells) == {"to training"}
