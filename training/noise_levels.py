"""Which noise levels a stage trains at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engines.flow import shift_time


@dataclass(frozen=True, kw_only=True)
class NoiseLevels:
    """sigma = shift_time(sigmoid(normal(mean, std)), shift): logit-normal (Esser et al. 2024, eq. 19)."""

    mean: float = 0.3
    std: float = 1.0
    shift: float = 1.0

    def sample(self, rng: np.random.Generator, count: int) -> Tensor:
        """Sigmas (count,) in 0..1."""
        normal = rng.normal(self.mean, self.std, count).astype(np.float32)
        return shift_time(torch.from_numpy(normal).sigmoid(), self.shift)
