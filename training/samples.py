"""What is random about a sample, from its number alone: neither the team's size nor a stop changes it."""

# B samples of this rank, C channels, H height, W width

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.distributed import ALONE, Team
from training.noise_levels import NoiseLevels
from training.seeds import rng_for

__all__ = ["Noise", "draw_noise", "num_tokens_of", "sample_rngs"]


def sample_rngs(
    name: str, seed: int, step: int, batch_size: int, team: Team = ALONE
) -> list[np.random.Generator]:
    """The generators of this rank's samples of batch `step`: its sample i is number step * batch_size + i."""
    return [rng_for(name, seed, step * batch_size + place) for place in team.share(batch_size)]


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Noise and its level for each sample."""

    noise_BCHW: Tensor
    sigma_B: Tensor


def draw_noise(
    rngs: Sequence[np.random.Generator], shape: Sequence[int], levels: NoiseLevels, patch_size: int
) -> Noise:
    """Of `shape` (C, H, W), each sample's from its own generator: first the level, which may depend on how
    many patches the picture has, then the noise."""
    sigmas, noises = [], []
    for rng in rngs:
        sigmas.append(levels.sample(rng, num_tokens_of(shape, patch_size)))
        noises.append(rng.standard_normal(tuple(shape), np.float32))
    return Noise(noise_BCHW=torch.from_numpy(np.stack(noises)), sigma_B=torch.tensor(sigmas))


def num_tokens_of(shape: Sequence[int], patch_size: int) -> int:
    """Image tokens of latents (.., H, W)."""
    return shape[-2] * shape[-1] // patch_size**2
