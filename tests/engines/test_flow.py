"""Identities of the straight path."""

from __future__ import annotations

import pytest
import torch

from engines.flow import clean_estimate, interpolate, shift_time, velocity


def test_clean_estimate_undoes_interpolation_per_sample() -> None:
    clean, noise = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4)
    sigma = torch.tensor([0.0, 0.3, 1.0])
    x = interpolate(clean, noise, sigma)
    torch.testing.assert_close(x[0], clean[0])
    torch.testing.assert_close(x[2], noise[2])
    torch.testing.assert_close(clean_estimate(x, velocity(clean, noise), sigma), clean)


def test_velocity_is_the_derivative_of_the_path() -> None:
    clean, noise = torch.randn(2, 4), torch.randn(2, 4)
    moved = interpolate(clean, noise, 0.6) - interpolate(clean, noise, 0.5)
    torch.testing.assert_close(moved / 0.1, velocity(clean, noise), atol=1e-5, rtol=1e-5)


def test_shift_keeps_the_ends_and_gives_more_steps_to_noise() -> None:
    assert shift_time(0.0, 3.0) == 0.0
    assert shift_time(1.0, 3.0) == 1.0
    assert shift_time(0.5, 3.0) == pytest.approx(0.75)
    torch.testing.assert_close(shift_time(torch.tensor([0.5]), 1.0), torch.tensor([0.5]))
