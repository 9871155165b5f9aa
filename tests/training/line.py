"""A stage that fits a line: all of a run's life at no cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from training.loop import LoopSettings, StepLoss, train
from training.optim import OptimSettings
from training.seeds import rng_for


class LineStage:
    """Fits a line; noise of batch k depends on k alone."""

    name = "line"
    batch_size = 4

    def __init__(self, bad_from: int | None = None) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
        self.bad_from = bad_from

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.model.named_parameters())

    def loss(self, step: int) -> StepLoss:
        x = torch.from_numpy(rng_for("line", 0, step).standard_normal((4, 3)).astype(np.float32))
        total = (self.model(x)[:, 0] - x.sum(1)).square().mean()
        if self.bad_from is not None and step >= self.bad_from:
            total = total * torch.nan
        return StepLoss(total=total, parts={"square": float(total.detach())})

    def contact_sheet(self) -> Image.Image:
        return Image.new("RGB", (4, 4))


def settings(num_steps: int = 40, *, minutes: float | None = None) -> LoopSettings:
    optim = OptimSettings(learning_rate=0.01, num_steps=num_steps, warmup_steps=2)
    return LoopSettings(optim=optim, log_seconds=0, minutes=minutes)


def run(folder: Path, num_steps: int) -> None:
    """A checkpoint and a line in the log at every step."""
    each_step = replace(settings(num_steps), checkpoint_minutes=0.0)
    train(LineStage(), each_step, folder, lambda _: None)
