"""The pool of trajectories: the exact simulation where nothing is stale, and what a resume takes up."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from engines.flow import interpolate
from training.distillation.pool import TrajectoryPool, noise_like

SIGMAS = torch.tensor([1.0, 0.8, 0.4, 0.0])
REALS = torch.randn(6, 2, 3, generator=torch.Generator().manual_seed(0))


def pool_of(size: int = 6) -> TrajectoryPool:
    return TrajectoryPool(SIGMAS, REALS[:size], torch.arange(size), np.random.default_rng(1))


def student(noisy: Tensor, sigma: Tensor) -> Tensor:
    """Any function of what it sees."""
    return 0.5 * noisy - sigma.view(-1, 1, 1)


def test_levels_are_spread_at_the_start_and_noised_accordingly() -> None:
    pool = pool_of()
    assert pool.level_P.tolist() == [0, 1, 2, 0, 1, 2]
    noise = noise_like(REALS, np.random.default_rng(1))
    assert torch.equal(pool.noisy_PX, interpolate(REALS, noise, SIGMAS[pool.level_P]))
    assert torch.equal(pool.noisy_PX[0], noise[0])


def test_with_every_trajectory_drawn_each_time_it_is_the_simulation() -> None:
    """From fresh noise through all levels, written out beside it; then new trajectories take their places."""
    pool = TrajectoryPool(SIGMAS[[0, 3]], REALS, torch.arange(6), np.random.default_rng(1))
    pool.sigmas = SIGMAS
    noisy, subjects = pool.noisy_PX.clone(), torch.arange(10, 16)
    for step in range(3):
        drawn = pool.draw(np.random.default_rng(step), 6)
        order = torch.from_numpy(drawn.rows_B)
        assert drawn.level_B.tolist() == [step] * 6
        torch.testing.assert_close(drawn.noisy_BX, noisy[order])
        assert torch.equal(drawn.subject_B, order)
        clean = student(drawn.noisy_BX, SIGMAS[drawn.level_B])
        pool.put_back(drawn, clean, subjects, np.random.default_rng(10 + step))
        noise = noise_like(clean, np.random.default_rng(10 + step))
        following = SIGMAS[step + 1] if step < 2 else SIGMAS[0]
        noisy[order] = interpolate(clean, noise, float(following))
    assert pool.level_P.tolist() == [0] * 6
    assert sorted(pool.subject_P.tolist()) == subjects.tolist()
    assert torch.equal(pool.noisy_PX[order], noise), "a new trajectory begins as noise alone"


def test_what_is_drawn_keeps_subject_and_birth_until_it_is_finished() -> None:
    pool, rng = pool_of(), np.random.default_rng(2)
    births = set(pool.birth_P.tolist())
    for _ in range(40):
        before = (pool.subject_P.clone(), pool.birth_P.clone(), pool.level_P.clone())
        drawn = pool.draw(rng, 4)
        assert len(set(drawn.rows_B.tolist())) == 4
        pool.put_back(drawn, drawn.noisy_BX, torch.full((4,), 99), rng)
        is_over = torch.zeros(6, dtype=torch.bool)
        is_over[torch.from_numpy(drawn.rows_B)] = drawn.level_B == 2
        assert torch.equal(pool.birth_P[~is_over], before[1][~is_over])
        assert torch.equal(pool.subject_P[~is_over], before[0][~is_over])
        fresh = set(pool.birth_P[is_over].tolist())
        assert fresh.isdisjoint(births)
        births |= fresh
    assert len(births) > 20


def test_a_pool_goes_on_from_its_state() -> None:
    one, other = pool_of(), TrajectoryPool(SIGMAS, 0 * REALS, torch.zeros(6).long(), np.random.default_rng(9))
    rng = np.random.default_rng(3)
    one.put_back(one.draw(rng, 3), REALS[:3], torch.tensor([7, 8, 9]), rng)
    other.load(one.state())
    for pool in (one, other):
        again = np.random.default_rng(4)
        drawn = pool.draw(again, 5)
        pool.put_back(drawn, student(drawn.noisy_BX, SIGMAS[drawn.level_B]), torch.arange(5), again)
    assert one.num_born == other.num_born
    for name, value in one.state().items():
        assert torch.equal(value, other.state()[name]), name


def test_more_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="larger sample than population"):
        pool_of().draw(np.random.default_rng(0), 7)
