"""Each picture once an epoch, one size a batch, a function of seed and step."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from training.data.order import EpochOrder, any_bucket
from training.errors import BadRecipe


def test_an_epoch_takes_every_picture_and_fills_up_a_last_batch_that_is_half_full() -> None:
    order = EpochOrder([10, 4, 1], batch_size=4, seed=3)
    assert (order.steps_an_epoch, order.num_left_out) == (3 + 1, 1)
    for epoch in range(3):
        batches = [order.batch(epoch * 4 + step) for step in range(4)]
        taken = Counter((batch.bucket, index) for batch in batches for index in batch.indices)
        assert set(taken) == {(b, i) for b, n in enumerate([10, 4]) for i in range(n)}
        assert sum(count for (bucket, _), count in taken.items() if bucket == 0) == 12
        assert all(len(batch.indices) == 4 for batch in batches)
    nine = EpochOrder([9], batch_size=4, seed=3)
    taken = {index for step in range(20) for index in nine.batch(step).indices}
    assert nine.steps_an_epoch == 2
    assert taken == set(range(9))


def test_it_depends_on_seed_and_step_alone() -> None:
    one, other = EpochOrder([50, 30], 8, seed=1), EpochOrder([50, 30], 8, seed=1)
    late = other.batch(25)
    assert [one.batch(step) for step in range(26)][25] == late
    assert EpochOrder([50, 30], 8, seed=2).batch(25) != late
    epochs = [[one.batch(epoch * one.steps_an_epoch + step) for step in range(11)] for epoch in range(2)]
    assert epochs[0] != epochs[1]


def test_buckets_are_mixed() -> None:
    order = EpochOrder([400, 400], 8, seed=0)
    firsts = [order.batch(step).bucket for step in range(50)]
    assert 15 < sum(firsts) < 35


def test_nothing_to_order_is_refused() -> None:
    for counts in ([], [3, 1]):
        with pytest.raises(BadRecipe, match="too few for batches of 8"):
            EpochOrder(counts, 8, 0)


def test_any_bucket_comes_as_often_as_it_has_pictures() -> None:
    rng = np.random.default_rng(0)
    assert np.mean([any_bucket([300, 100], rng) for _ in range(2000)]) == pytest.approx(0.25, abs=0.03)
