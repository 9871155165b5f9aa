"""The stage: it learns, it goes on where it stopped, and its normalisations settle."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.eyes.small import SMALL, stores
from training.eyes.stage import EyesSettings, EyesStage, settle
from training.eyes.store import names_of
from training.loop import LoopSettings, train
from training.optim import OptimSettings

pytestmark = pytest.mark.font
SETTINGS = EyesSettings(batch_size=6, channels=(4, 8, 8, 8))


def new_stage() -> EyesStage:
    return EyesStage(SETTINGS, names_of(SMALL), {"square": stores()})


def loop(num_steps: int) -> LoopSettings:
    return LoopSettings(
        optim=OptimSettings(learning_rate=3e-3, num_steps=num_steps, warmup_steps=2, decay_share=0.0)
    )


def quietly(sentence: str) -> None:
    """Nobody listens."""


def test_the_loss_falls() -> None:
    stage = new_stage()
    optimizer = torch.optim.AdamW(stage.parameters().values(), lr=3e-3)
    losses = []
    for step in range(40):
        result = stage.loss(step)
        optimizer.zero_grad()
        result.total.backward()
        optimizer.step()
        losses.append(float(result.total.detach()))
    assert sum(losses[-8:]) < 0.7 * sum(losses[:8])
    assert set(result.parts) == {"heat", "background", "style", "known", "boxes", "colors"}


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    whole, halves = new_stage(), new_stage()
    train(whole, loop(4), tmp_path / "whole", quietly)
    train(halves, loop(2), tmp_path / "halves", quietly)
    again = new_stage()
    train(again, loop(4), tmp_path / "halves", quietly)
    for name, value in whole.model.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(value, again.model.state_dict()[name]), name


def test_settling_counts_anew() -> None:
    stage = new_stage()
    norm = stage.model.fine[0][1]
    norm.running_mean.fill_(100.0)
    settle(stage, num_batches=2)
    assert float(norm.running_mean.abs().max()) < 10
    assert norm.momentum == 0.1
