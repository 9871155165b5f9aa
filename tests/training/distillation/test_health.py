"""Every sign is told once when it shows, and never of a healthy run."""

from __future__ import annotations

import pytest
import torch

from training.distillation.health import Health, HealthLimits

REALS = torch.randn(500, 4, 4, generator=torch.Generator().manual_seed(0))
LIMITS = HealthLimits(memory=5)


def samples(index: int) -> torch.Tensor:
    return torch.randn(64, 4, 4, generator=torch.Generator().manual_seed(index))


def told(change: object, parts: dict[str, float], rounds: int = 40) -> list[str]:
    health = Health(REALS, LIMITS)
    return [s for index in range(rounds) for s in health.watch(change(samples(index)), parts)]  # type: ignore[operator]


def test_a_healthy_run_is_silent() -> None:
    assert told(lambda x: x, {"told_apart": 0.7}) == []


@pytest.mark.parametrize(
    ("change", "told_apart", "sign"),
    [
        (lambda x: x + 0.5, 0.7, "samples' mean is 0.5"),
        (lambda x: 0.6 * x, 0.7, "samples' spread is 0.6"),
        (lambda x: x.sign() * x.abs().clamp_min(0.1) + 4 * (x > 1.6), 0.7, "saturates: "),
        (lambda x: x, 0.99, "discriminator has won: it is right on 99%"),
    ],
    ids=["mean", "spread", "saturated", "told_apart"],
)
def test_each_sign_is_told_once(change: object, told_apart: float, sign: str) -> None:
    sentences = told(change, {"told_apart": told_apart})
    assert len([sentence for sentence in sentences if sign in sentence]) == 1
    assert len(sentences) == len(set(sentences))


def test_one_bad_round_is_none_and_a_sign_that_comes_back_is_told_again() -> None:
    health = Health(REALS, LIMITS)
    assert not [s for index in range(20) for s in health.watch(samples(index) + (index == 9), {})]
    gone_wrong = [s for index in range(20) for s in health.watch(samples(index) + 1, {})]
    back = [s for index in range(20) for s in health.watch(samples(index), {})]
    again = [s for index in range(20) for s in health.watch(samples(index) + 1, {})]
    assert (len(gone_wrong), len(back), len(again)) == (1, 0, 1)
