"""Signs that a distillation goes wrong: drift and saturation of what the student makes, a discriminator that
has won."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Health", "HealthLimits"]


@dataclass(frozen=True, kw_only=True)
class HealthLimits:
    """What is still healthy, of averages over about `memory` rounds and not before as many have passed.

    `drift`: of the samples' mean, in spreads of the data, and of their spread, as a share of the data's.
    `saturated`: the share of values beyond all but one in a thousand of the data's. `told_apart`: the share
    of samples that the discriminator judges rightly; always right, it leaves the student no way to go.
    """

    memory: int = 50
    drift: float = 0.25
    saturated: float = 0.02
    told_apart: float = 0.97


class Health:
    """Moving averages of the student's samples and of its discriminator, against data and limits.

    Not part of a checkpoint: after a resume it watches anew.
    """

    def __init__(self, reals: Tensor, limits: HealthLimits) -> None:
        flat = reals.float().flatten()
        flat = flat[:: max(1, len(flat) // 1_000_000)]
        self.limits = limits
        self.mean, self.spread = float(flat.mean()), float(flat.std())
        self.bound = float(torch.quantile(flat.abs(), 0.999))
        self.averages: dict[str, float] = {}
        self.num_rounds = 0
        self.told: set[str] = set()

    def watch(self, clean: Tensor, parts: Mapping[str, float]) -> tuple[str, ...]:
        """Take one round in; a sentence for each sign that has newly shown itself."""
        seen = {
            "mean": float(clean.mean()),
            "spread": float(clean.std()),
            "saturated": float((clean.abs() > self.bound).float().mean()),
        }
        if "told_apart" in parts:
            seen["told_apart"] = parts["told_apart"]
        self.num_rounds += 1
        weight = 1 / min(self.num_rounds, self.limits.memory)
        for name, value in seen.items():
            before = self.averages.get(name, value)
            self.averages[name] = before + weight * (value - before)
        if self.num_rounds < self.limits.memory:
            return ()
        signs = self._signs()
        new = tuple(sentence for sign, sentence in signs.items() if sign not in self.told)
        self.told = set(signs)
        return new

    def _signs(self) -> dict[str, str]:
        now, limits, signs = self.averages, self.limits, {}
        if abs(now["mean"] - self.mean) > limits.drift * self.spread:
            signs["mean"] = (
                f"The student drifts: its samples' mean is {now['mean']:.2f}, the data's {self.mean:.2f}. "
                "Lower its learning rate or the guidance."
            )
        if abs(now["spread"] / self.spread - 1) > limits.drift:
            signs["spread"] = (
                f"The student drifts: its samples' spread is {now['spread']:.2f}, the data's "
                f"{self.spread:.2f}. Lower its learning rate or the guidance."
            )
        if now["saturated"] > limits.saturated:
            signs["saturated"] = (
                f"The student saturates: {now['saturated']:.1%} of its values lie beyond {self.bound:.2f}, "
                "0.1% of the data's do. Lower the guidance."
            )
        if now.get("told_apart", 0.0) > limits.told_apart:
            signs["told_apart"] = (
                f"The discriminator has won: it is right on {now['told_apart']:.0%} of the samples. "
                "Lower the critics' rate or raise the adversarial weight."
            )
        return signs
