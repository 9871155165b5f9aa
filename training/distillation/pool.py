"""Many trajectories under way at once: training on the student's own path then costs one step an update."""

# P trajectories in the pool, B taken at once, X the shape of a sample

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engines.flow import interpolate


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Trajectories taken from the pool: which ones, where they stand, and what they are of.

    `level` counts the steps taken; `subject` names what is drawn (a training sample); `birth` is a number
    that no other trajectory ever had.
    """

    rows_B: NDArray[np.int64]
    noisy_BX: Tensor
    level_B: Tensor
    subject_B: Tensor
    birth_B: Tensor


class TrajectoryPool:
    """Samples on their way from noise to clean through the student's `sigmas` (from 1 down, the last one 0).

    What the student makes of a sample goes back, noised to the next level, or, after the last step, gives
    its place to a new trajectory. A sample is therefore at most as many updates old as it takes to be drawn
    again at each level. The first ones are `reals` noised to levels that are spread evenly.
    """

    def __init__(self, sigmas: Tensor, reals_PX: Tensor, subject_P: Tensor, rng: np.random.Generator) -> None:
        self.sigmas = sigmas
        size, num_steps = len(reals_PX), len(sigmas) - 1
        self.level_P = torch.arange(size) % num_steps
        self.subject_P, self.birth_P = subject_P.clone(), torch.arange(size)
        self.num_born = size
        self.noisy_PX = interpolate(reals_PX, noise_like(reals_PX, rng), sigmas[self.level_P])

    def __len__(self) -> int:
        return len(self.level_P)

    def draw(self, rng: np.random.Generator, count: int) -> Drawn:
        """Any `count` different ones."""
        rows = rng.choice(len(self), count, replace=False)
        at = torch.from_numpy(rows)
        return Drawn(
            rows_B=rows,
            noisy_BX=self.noisy_PX[at],
            level_B=self.level_P[at],
            subject_B=self.subject_P[at],
            birth_B=self.birth_P[at],
        )

    def put_back(
        self, drawn: Drawn, clean_BX: Tensor, new_subject_B: Tensor, rng: np.random.Generator
    ) -> None:
        """`clean` is what the student made of each; `new_subject` what the finished ones give way to."""
        at = torch.from_numpy(drawn.rows_B)
        following_B = drawn.level_B + 1
        is_over_B = following_B == len(self.sigmas) - 1
        following_B = torch.where(is_over_B, 0, following_B)
        # Level 0 is noise alone: what is left of a finished sample there counts nothing.
        self.noisy_PX[at] = interpolate(
            clean_BX.detach().float(), noise_like(clean_BX, rng), self.sigmas[following_B]
        )
        self.level_P[at] = following_B
        self.subject_P[at] = torch.where(is_over_B, new_subject_B, drawn.subject_B)
        births = self.num_born + torch.arange(len(at))
        self.birth_P[at] = torch.where(is_over_B, births, drawn.birth_B)
        self.num_born += len(at)

    def state(self) -> dict[str, Tensor]:
        """All tensors that a resume needs."""
        return {
            "noisy": self.noisy_PX,
            "level": self.level_P,
            "subject": self.subject_P,
            "birth": self.birth_P,
            "num_born": torch.tensor(self.num_born),
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.noisy_PX, self.level_P = tensors["noisy"].clone(), tensors["level"].clone()
        self.subject_P, self.birth_P = tensors["subject"].clone(), tensors["birth"].clone()
        self.num_born = int(tensors["num_born"])


def noise_like(samples: Tensor, rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(rng.standard_normal(samples.shape, np.float32))
