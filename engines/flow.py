"""Flow matching on straight paths: pure functions shared by training and sampling.

Sigma runs from 0 (clean) to 1 (noise). The velocity is noise - clean; the network predicts its negative,
clean - noise, and everything that calls the network negates its output once.
"""

from __future__ import annotations

from typing import overload

import torch
from torch import Tensor

__all__ = ["clean_estimate", "interpolate", "shift_time", "velocity"]


def interpolate(clean: Tensor, noise: Tensor, sigma: Tensor | float) -> Tensor:
    """x = (1 - sigma) clean + sigma noise (Liu et al. 2022, eq. 1). A (B,) sigma counts per sample."""
    sigma = per_sample(sigma, clean)
    return (1 - sigma) * clean + sigma * noise


def velocity(clean: Tensor, noise: Tensor) -> Tensor:
    """v = noise - clean, dx/dsigma along the straight path; the network predicts -v."""
    return noise - clean


def clean_estimate(x: Tensor, v: Tensor, sigma: Tensor | float) -> Tensor:
    """clean = x - sigma v, exact for the true velocity. A (B,) sigma counts per sample."""
    return x - per_sample(sigma, x) * v


@overload
def shift_time(sigma: float, shift: float) -> float: ...
@overload
def shift_time(sigma: Tensor, shift: float) -> Tensor: ...
def shift_time(sigma: Tensor | float, shift: float) -> Tensor | float:
    """s(u; k) = k u / (1 + (k - 1) u): more steps at high noise for k > 1 (Esser et al. 2024, eq. 23)."""
    return shift * sigma / (1 + (shift - 1) * sigma)


def per_sample(sigma: Tensor | float, like: Tensor) -> Tensor | float:
    if isinstance(sigma, torch.Tensor) and sigma.ndim == 1:
        return sigma.reshape(-1, *[1] * (like.ndim - 1)).to(like.dtype)
    return sigma
