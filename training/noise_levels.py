"""Which noise levels a stage trains at, and the shift that a sampler then needs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from engines.flow import shift_time

__all__ = ["NoiseLevels", "TrainedAt"]

NOTE = "trained_at"
FLUX_TOKENS, FLUX_MU = (256, 4096), (0.5, 1.15)
"""Of FLUX's sampler: mu runs linearly in the number of image tokens between these points."""


@dataclass(frozen=True, kw_only=True)
class NoiseLevels:
    """sigma = shift_time(u, shift): u logit-normal (Esser et al. 2024, eq. 19) or even in 0..1.

    `shift` is constant, or grows with the number of image tokens, since more pixels of one thing hide less
    under the same noise: "sqrt" multiplies it by sqrt(tokens / base_tokens) (Esser et al. 2024, section
    5.3.2), "exponential" is e^mu with FLUX's mu, linear in the tokens; it gives HiDream-I1's own sampling
    shift, e^1.15, at 4096.
    """

    law: Literal["logit-normal", "uniform"] = "logit-normal"
    mean: float = 0.3
    std: float = 1.0
    shift: float = 1.0
    shift_by: Literal["constant", "sqrt", "exponential"] = "constant"
    base_tokens: int = 256
    sampled_at: float | None = None

    def shift_at(self, num_tokens: int) -> float:
        """The shift for pictures of so many image tokens."""
        match self.shift_by:
            case "constant":
                return self.shift
            case "sqrt":
                return self.shift * math.sqrt(num_tokens / self.base_tokens)
            case "exponential":
                share = (num_tokens - FLUX_TOKENS[0]) / (FLUX_TOKENS[1] - FLUX_TOKENS[0])
                return self.shift * math.exp(FLUX_MU[0] + share * (FLUX_MU[1] - FLUX_MU[0]))

    def sample(self, rng: np.random.Generator, num_tokens: int) -> float:
        """One sample's sigma, in 0..1."""
        if self.law == "uniform":
            start = float(rng.random())
        else:
            start = 1 / (1 + math.exp(-float(rng.normal(self.mean, self.std))))
        return shift_time(start, self.shift_at(num_tokens))

    def sampling_shift(self, num_tokens: int) -> float:
        """The shift whose even grid has its middle at the median of what was trained: e^mean counts too.

        `sampled_at`, where it is set, has been found better by trial.
        """
        if self.sampled_at is not None:
            return self.sampled_at
        centre = math.exp(self.mean) if self.law == "logit-normal" else 1.0
        return centre * self.shift_at(num_tokens)


@dataclass(frozen=True, kw_only=True)
class TrainedAt:
    """What a checkpoint says of how it was trained: the law, and for which sizes."""

    noise_levels: NoiseLevels
    num_tokens: int

    @property
    def sampling_shift(self) -> float:
        return self.noise_levels.sampling_shift(self.num_tokens)

    def to_notes(self) -> dict[str, str]:
        return {NOTE: json.dumps(asdict(self), sort_keys=True)}

    @classmethod
    def from_notes(cls, notes: Mapping[str, str]) -> TrainedAt | None:
        """None for checkpoints that do not say."""
        if NOTE not in notes:
            return None
        record = json.loads(notes[NOTE])
        return cls(**{**record, "noise_levels": NoiseLevels(**record["noise_levels"])})
