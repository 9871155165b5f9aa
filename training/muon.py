"""Muon: momentum whose singular values are all made one (Jordan et al. 2024), for matrices of hidden layers.

torch's own takes one matrix at a time, in bfloat16, which processors without it multiply slowly. This one
takes all of a shape at once, in float32; the tests compare the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

__all__ = ["Muon", "orthogonalised"]

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_SMALLEST_NORM = 1e-7


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, with decay of the weights; a step is as long as AdamW's at the same
    rate, 0.2 sqrt(larger side) (Liu et al. 2025, section 2.2)."""

    def __init__(
        self,
        matrices: Iterable[nn.Parameter | Tensor],
        lr: float,
        weight_decay: float,
        momentum: float = 0.95,
    ) -> None:
        """`matrices` (R, C) of any shapes. Raises ValueError for tensors of other ranks."""
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        for group in self.param_groups:
            if any(each.ndim != 2 for each in group["params"]):
                raise ValueError("Muon moves matrices only.")

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            moved = [each for each in group["params"] if each.grad is not None]
            if not moved:
                continue
            gradients = [each.grad for each in moved]
            for each in moved:
                if "momentum_buffer" not in self.state[each]:
                    self.state[each]["momentum_buffer"] = torch.zeros_like(each)
            momenta = [self.state[each]["momentum_buffer"] for each in moved]
            torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
            ahead = torch._foreach_lerp(gradients, momenta, group["momentum"])
            torch._foreach_mul_(moved, 1 - group["lr"] * group["weight_decay"])
            by_shape: dict[torch.Size, list[int]] = defaultdict(list)
            for place, each in enumerate(moved):
                by_shape[each.shape].append(place)
            for shape, places in by_shape.items():
                steps_NRC = orthogonalised(torch.stack([ahead[place] for place in places]))
                length = 0.2 * max(shape) ** 0.5
                for place, step_RC in zip(places, steps_NRC, strict=True):
                    moved[place].add_(step_RC, alpha=-group["lr"] * length)


def orthogonalised(matrices_NRC: Tensor) -> Tensor:
    """U V^T of each matrix U S V^T (N, R, C), nearly: five Newton-Schulz steps leave 0.7 to 1.2 in S."""
    is_tall = matrices_NRC.shape[-2] > matrices_NRC.shape[-1]
    wide = matrices_NRC.mT.contiguous() if is_tall else matrices_NRC
    wide = wide / wide.norm(dim=(-2, -1), keepdim=True).clamp(min=_SMALLEST_NORM)
    a, b, c = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        gram = wide @ wide.mT
        wide = torch.baddbmm(wide, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide.mT if is_tall else wide
