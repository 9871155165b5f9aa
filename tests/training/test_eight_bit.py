"""8-bit moments: they learn as 32-bit ones do, take a quarter of the room, and a resume is exact."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from training.errors import BadRecipe, CorruptCheckpoint
from training.optim import MasterOptimizer, OptimSettings

SETTINGS = OptimSettings(
    learning_rate=0.02, num_steps=200, warmup_steps=1, decay_share=0.5, weight_decay=0.0, moment_bits=8
)


def problem() -> tuple[dict[str, nn.Parameter], Tensor, Tensor]:
    """Least squares with 64 x 128 unknowns, which are kept in a byte, and 64 that are not."""
    generator = torch.Generator().manual_seed(0)
    parameters = {"weight": nn.Parameter(torch.zeros(64, 128)), "bias": nn.Parameter(torch.zeros(64))}
    inputs = torch.randn(512, 128, generator=generator)
    return parameters, inputs, inputs @ torch.randn(128, 64, generator=generator) + 1


def learn(optimizer: MasterOptimizer, inputs: Tensor, targets: Tensor, first: int, last: int) -> float:
    """The loss before the last step."""
    loss = torch.zeros(())
    for step in range(first, last):
        predicted = inputs @ optimizer.parameters["weight"].T + optimizer.parameters["bias"]
        loss = (predicted - targets).square().mean()
        torch.autograd.backward(loss)
        optimizer.update(step)
    return float(loss.detach())


def test_it_learns_what_32_bits_learn_in_a_quarter_of_the_room() -> None:
    losses, num_bytes = {}, {}
    for bits in (8, 32):
        parameters, inputs, targets = problem()
        optimizer = MasterOptimizer(parameters, replace(SETTINGS, moment_bits=bits))
        losses[bits] = learn(optimizer, inputs, targets, 0, 200)
        moments = {name: each for name, each in optimizer.state().items() if name.startswith("moment/")}
        num_bytes[bits] = sum(each.nbytes for name, each in moments.items() if name.endswith("/weight"))
    assert losses[32] < 1
    assert losses[8] < 1.2 * losses[32] + 0.1
    assert num_bytes[8] < 0.27 * num_bytes[32]


def test_a_resume_is_exact() -> None:
    parameters, inputs, targets = problem()
    whole = MasterOptimizer(parameters, SETTINGS)
    learn(whole, inputs, targets, 0, 20)
    parameters, _, _ = problem()
    first = MasterOptimizer(parameters, SETTINGS)
    learn(first, inputs, targets, 0, 10)
    saved = {name: each.clone() for name, each in first.state().items()}
    assert saved["moment/state1/weight"].dtype is torch.uint8
    assert saved["moment/state1/bias"].dtype is torch.float32
    parameters, _, _ = problem()
    second = MasterOptimizer(parameters, SETTINGS)
    second.load(saved)
    learn(second, inputs, targets, 10, 20)
    state = second.state()
    assert all(torch.equal(each, state[name]) for name, each in whole.state().items())


@pytest.mark.parametrize("bits", [8, 32])
def test_moments_of_the_other_kind_are_refused(bits: int) -> None:
    parameters, inputs, targets = problem()
    optimizer = MasterOptimizer(parameters, replace(SETTINGS, moment_bits=bits))  # type: ignore[arg-type]
    learn(optimizer, inputs, targets, 0, 1)
    other = MasterOptimizer(parameters, replace(SETTINGS, moment_bits=40 - bits))  # type: ignore[arg-type]
    with pytest.raises(CorruptCheckpoint, match=f"keeps {bits}-bit moments"):
        other.load(optimizer.state())


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    with pytest.raises(BadRecipe, match="pip install bitsandbytes"):
        MasterOptimizer(problem()[0], SETTINGS)
