"""The time laws: what they draw, how they move with the picture's size, what a sampler is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engines.flow import shift_time
from engines.sampling import FULL_SHIFT
from training.cluster_recipes import hidream_i1
from training.noise_levels import NoiseLevels, TrainedAt


def drawn(levels: NoiseLevels, num_tokens: int = 256) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.array([levels.sample(rng, num_tokens) for _ in range(4000)])


def test_uniform_is_even_and_shifts_as_the_sampler_does() -> None:
    plain = drawn(NoiseLevels(law="uniform"))
    assert np.quantile(plain, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.03)
    moved = drawn(NoiseLevels(law="uniform", shift=3.0))
    assert moved == pytest.approx([shift_time(float(start), 3.0) for start in plain])


def test_logit_normal_has_its_median_where_an_even_grid_of_the_sampling_shift_has_it() -> None:
    levels = NoiseLevels(mean=0.4, shift_by="sqrt", base_tokens=64)
    assert levels.shift_at(256) == 2.0
    median = np.median(drawn(levels))
    assert median == pytest.approx(shift_time(0.5, levels.sampling_shift(256)), abs=0.01)
    assert np.median(drawn(levels, 1024)) > median + 0.1


def test_flux_law_ends_at_the_shift_that_hidream_samples_with() -> None:
    levels = hidream_i1().noise_levels
    assert levels.shift_at(256) == pytest.approx(math.exp(0.5))
    assert levels.sampling_shift(4096) == pytest.approx(FULL_SHIFT)


def test_a_checkpoints_note_gives_the_law_back() -> None:
    trained_at = TrainedAt(noise_levels=NoiseLevels(law="uniform", shift_by="exponential"), num_tokens=1024)
    assert TrainedAt.from_notes(trained_at.to_notes()) == trained_at
    assert TrainedAt.from_notes({"step": "3"}) is None
    assert NoiseLevels(sampled_at=1.5).sampling_shift(64) == 1.5
