"""AdamW over fp32 master weights of a bf16 model, with a moving average of the masters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from training.eight_bit import eight_bit_adamw, moments_of, take_up


@dataclass(frozen=True, kw_only=True)
class OptimSettings:
    """AdamW: warm-up, a constant rate, then a linear decay over the last `decay_share` of the steps.

    Its two moments take `moment_bits` a number.
    """

    learning_rate: float
    num_steps: int
    warmup_steps: int = 200
    decay_share: float = 0.2
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    moment_bits: Literal[8, 32] = 32


def learning_rate(settings: OptimSettings, step: int) -> float:
    """The rate of update `step` (from 0)."""
    warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    decay_steps = max(1, int(settings.num_steps * settings.decay_share))
    left = (settings.num_steps - step) / decay_steps
    return settings.learning_rate * warm * min(1.0, max(0.02, left))


def adamw(groups: list[dict[str, Any]], settings: OptimSettings) -> torch.optim.Optimizer:
    """Raises BadRecipe where its 8-bit moments need a package that is missing."""
    rate, betas, decay = settings.learning_rate, settings.betas, settings.weight_decay
    if settings.moment_bits == 8:
        return eight_bit_adamw(groups, rate, betas, decay)
    return torch.optim.AdamW(groups, lr=rate, betas=betas, weight_decay=decay, foreach=True)


class MasterOptimizer:
    """Holds fp32 masters, their EMA and AdamW's moments for the named parameters of a (bf16) model."""

    def __init__(self, parameters: Mapping[str, nn.Parameter], settings: OptimSettings) -> None:
        self.settings = settings
        self.parameters = dict(parameters)
        self.masters = {name: p.detach().float().clone() for name, p in self.parameters.items()}
        self.ema = {name: master.clone() for name, master in self.masters.items()}
        groups: list[dict[str, Any]] = [
            {"params": [master for master in self.masters.values() if master.ndim >= 2]},
            {"params": [master for master in self.masters.values() if master.ndim < 2], "weight_decay": 0.0},
        ]
        self.adamw = adamw(groups, settings)

    def update(self, step: int) -> float:
        """One step from the gradients on the model's parameters; returns the gradient norm (before clipping).

        Takes no step when the norm is not finite.
        """
        for name, parameter in self.parameters.items():
            self.masters[name].grad = None if parameter.grad is None else parameter.grad.float()
            parameter.grad = None
        norm = float(torch.nn.utils.clip_grad_norm_(list(self.masters.values()), self.settings.clip_norm))
        if not torch.isfinite(torch.tensor(norm)):
            return norm
        for group in self.adamw.param_groups:
            group["lr"] = learning_rate(self.settings, step)
        self.adamw.step()
        decay = min(self.settings.ema_decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.ema.values()), list(self.masters.values()), 1 - decay)
        self.write(self.masters)
        return norm

    @torch.no_grad()
    def write(self, weights: Mapping[str, Tensor]) -> None:
        """Copy masters or EMA into the model."""
        for name, parameter in self.parameters.items():
            parameter.copy_(weights[name])

    def state(self) -> dict[str, Tensor]:
        """All tensors that a resume needs."""
        tensors = {f"master/{name}": value for name, value in self.masters.items()}
        tensors |= {f"ema/{name}": value for name, value in self.ema.items()}
        for name, master in self.masters.items():
            for key, value in moments_of(self.adamw, master).items():
                tensors[f"moment/{key}/{name}"] = value
        return tensors

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take up a saved state."""
        saved = {name.split("/")[1] for name in tensors if name.startswith("moment/")}
        for name, master in self.masters.items():
            master.detach().copy_(tensors[f"master/{name}"])
            self.ema[name].copy_(tensors[f"ema/{name}"])
            moments = {
                key: value.clone()
                for key, value in ((key, tensors.get(f"moment/{key}/{name}")) for key in saved)
                if value is not None
            }
            if moments:
                take_up(self.adamw, master, moments)
        self.write(self.masters)
