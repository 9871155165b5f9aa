"""A mixture of Gaussians in the plane: its velocity is known in closed form, so the teacher is exact."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from engines.flow import interpolate

MEANS = torch.tensor([[1.5, 0.0], [0.0, 1.5], [-1.5, 0.0], [0.0, -1.5]])
SHARES = torch.tensor([0.4, 0.3, 0.2, 0.1])
SPREAD = 0.2


def sample_mixture(count: int, rng: np.random.Generator) -> Tensor:
    """(count, 2)."""
    modes = rng.choice(len(SHARES), count, p=SHARES.double().numpy() / SHARES.double().sum().item())
    noise = torch.from_numpy(rng.standard_normal((count, 2), np.float32))
    return MEANS[torch.from_numpy(modes)] + SPREAD * noise


def mixture_velocity(noisy_B2: Tensor, sigma_B: Tensor) -> Tensor:
    """noise - E[clean | noisy], by Bayes' rule over the modes."""
    sigma = sigma_B[:, None]
    variance = ((1 - sigma) * SPREAD) ** 2 + sigma**2
    away_BK2 = noisy_B2[:, None] - (1 - sigma)[..., None] * MEANS
    logits_BK = SHARES.log() - away_BK2.square().sum(-1) / (2 * variance)
    clean_BK2 = MEANS + ((1 - sigma) * SPREAD**2 / variance)[..., None] * away_BK2
    clean_B2 = (logits_BK.softmax(-1)[..., None] * clean_BK2).sum(1)
    return (noisy_B2 - clean_B2) / sigma


class PlaneNetwork(nn.Module):
    """A velocity in the plane."""

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 + 8, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2)
        )

    def forward(self, noisy_B2: Tensor, sigma_B: Tensor) -> Tensor:
        angles = sigma_B[:, None] * math.pi * torch.tensor([0.5, 1.0, 2.0, 4.0])
        velocity: Tensor = self.layers(torch.cat([noisy_B2, angles.sin(), angles.cos()], dim=1))
        return velocity


def learn_velocity(network: PlaneNetwork, num_steps: int, rng: np.random.Generator) -> None:
    """What pre-training gives: the exact velocity, nearly."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(num_steps):
        clean = sample_mixture(256, rng)
        sigma = torch.from_numpy(rng.uniform(0.02, 1, 256).astype(np.float32))
        noisy = interpolate(clean, torch.from_numpy(rng.standard_normal((256, 2), np.float32)), sigma)
        loss = (network(noisy, sigma) - mixture_velocity(noisy, sigma)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def shares_of_modes(samples_N2: Tensor) -> Tensor:
    """How many lie nearest to each mode, sum 1."""
    nearest = torch.cdist(samples_N2, MEANS).argmin(1)
    return torch.bincount(nearest, minlength=len(MEANS)) / len(samples_N2)


def spread_around_modes(samples_N2: Tensor) -> float:
    """Root mean square distance to the nearest mode, per axis: SPREAD for true samples."""
    return float((torch.cdist(samples_N2, MEANS).amin(1).square().mean() / 2).sqrt())


def energy_distance(one_N2: Tensor, other_M2: Tensor) -> float:
    """0 for two equal distributions (Szekely and Rizzo 2013)."""
    between = torch.cdist(one_N2, other_M2).mean()
    return float(2 * between - torch.cdist(one_N2, one_N2).mean() - torch.cdist(other_M2, other_M2).mean())
