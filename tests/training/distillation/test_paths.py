"""Simulated trajectories and noised data, against the same written out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from engines.flow import interpolate
from training.distillation.paths import RenoisedReals, SimulatedPath, Subjects
from training.distillation.pool import Drawn

SIGMAS = torch.tensor([1.0, 0.8, 0.4, 0.0])
SHAPE = torch.Size((2, 3))


def evenly(count: int) -> Subjects:
    """Any of so many samples."""
    return lambda rng, num: torch.from_numpy(rng.integers(0, count, num))


def student(drawn: Drawn) -> Tensor:
    """Any function of what it sees, of whom and when."""
    who = drawn.subject_B.view(-1, 1, 1) + 1
    return 0.5 * drawn.noisy_BX / who - SIGMAS[drawn.level_B].view(-1, 1, 1)


def test_a_simulation_ends_at_each_level_and_follows_the_student() -> None:
    path = SimulatedPath(SIGMAS, SHAPE, evenly(4), student)
    drawn = path.draw(np.random.default_rng(0), 64)
    assert set(drawn.level_B.tolist()) == {0, 1, 2}
    rng = np.random.default_rng(0)
    noise = torch.from_numpy(rng.standard_normal((64, *SHAPE), np.float32))
    subjects = torch.from_numpy(rng.integers(0, 4, 64))
    rng.integers(0, 2**40, 64)
    levels = torch.from_numpy(rng.integers(0, 3, 64))
    assert torch.equal(drawn.subject_B, subjects)
    assert torch.equal(drawn.level_B, levels)
    assert torch.equal(drawn.noisy_BX[levels == 0], noise[levels == 0])
    noisy = noise.clone()
    for step, (sigma, following) in enumerate(pairwise(SIGMAS[:-1].tolist())):
        going = [index for index in range(64) if levels[index] > step]
        fresh = torch.from_numpy(rng.standard_normal((len(going), *SHAPE), np.float32))
        for index, each in zip(going, fresh, strict=True):
            clean = 0.5 * noisy[index] / (subjects[index] + 1) - sigma
            noisy[index] = interpolate(clean, each, following)
    torch.testing.assert_close(drawn.noisy_BX, noisy)


def test_data_are_noised_to_the_level_that_is_told() -> None:
    reals = 100 + torch.arange(5.0).view(5, 1, 1).expand(5, *SHAPE)
    drawn = RenoisedReals(SIGMAS, reals, evenly(5)).draw(np.random.default_rng(1), 300)
    assert set(drawn.subject_B.tolist()) == set(range(5))
    for level, sigma in enumerate(SIGMAS[:-1].tolist()):
        at = drawn.level_B == level
        rest = drawn.noisy_BX[at] - (1 - sigma) * reals[drawn.subject_B[at]]
        assert abs(float(rest.mean())) < 0.2
        assert abs(float(rest.std()) - sigma) < 0.1


def test_both_begin_anew_and_keep_nothing() -> None:
    reals = RenoisedReals(SIGMAS, torch.zeros(5, *SHAPE), evenly(5))
    for path in (reals, SimulatedPath(SIGMAS, SHAPE, evenly(4), student)):
        first, again = (path.draw(np.random.default_rng(2), 8) for _ in range(2))
        path.put_back(first, first.noisy_BX, first.subject_B, np.random.default_rng(3))
        assert torch.equal(first.noisy_BX, again.noisy_BX)
        assert len(set(first.birth_B.tolist())) == 8
        assert path.state() == {}
