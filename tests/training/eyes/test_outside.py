"""Pictures from outside the small world: any outline, all different, repeatable."""

from __future__ import annotations

import numpy as np
import pytest

from training.eyes.outside import bodies, clouds, fallen_leaves, flat_shapes, outside_picture, page


@pytest.mark.parametrize("make", [bodies, fallen_leaves, flat_shapes, page, outside_picture])
def test_each_kind_has_the_outline_and_repeats(make) -> None:  # type: ignore[no-untyped-def]
    first, again, other = (make(np.random.default_rng(seed), 96, 64) for seed in (1, 1, 2))
    assert first.size == (96, 64)
    assert first.mode == "RGB"
    assert np.array_equal(np.asarray(first), np.asarray(again))
    assert not np.array_equal(np.asarray(first), np.asarray(other))


def test_clouds_are_smoother_than_noise() -> None:
    """White noise changes from pixel to pixel by 1.13 of its spread."""
    pictures = [clouds(np.random.default_rng(seed), 64, 64).astype(float) for seed in range(8)]
    changes = [np.abs(np.diff(pixels, axis=0)).mean() / pixels.std() for pixels in pictures]
    assert np.mean(changes) < 0.8
