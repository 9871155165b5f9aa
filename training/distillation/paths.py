"""Where the student's noisy inputs come from: its own trajectories, kept or simulated, or noised data."""

# N training samples, B taken at once, X the shape of a sample

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal, Protocol, get_args

import numpy as np
import torch
from torch import Tensor

from engines.flow import interpolate
from training.distillation.pool import Drawn, noise_like

__all__ = ["PATHS", "PathName", "RenoisedReals", "SimulatedPath", "StudentPath", "Subjects"]

PathName = Literal["pool", "simulation", "reals"]
PATHS: tuple[PathName, ...] = get_args(PathName)
_NUM_BIRTHS = 2**40
"""Numbers to tell trajectories apart by: two alike would only share a caption's wording."""

Subjects = Callable[[np.random.Generator, int], Tensor]
"""Draws so many numbers of training samples, (B,)."""


class StudentPath(Protocol):
    """Noisy samples on the student's grid; `put_back` is told what the student made of them."""

    def draw(self, rng: np.random.Generator, count: int) -> Drawn: ...

    def put_back(
        self, drawn: Drawn, clean_BX: Tensor, new_subject_B: Tensor, rng: np.random.Generator
    ) -> None: ...

    def state(self) -> dict[str, Tensor]: ...

    def load(self, tensors: Mapping[str, Tensor]) -> None: ...


class Forgetful:
    """A path that begins anew at each draw: a resume needs nothing of it."""

    def put_back(
        self, drawn: Drawn, clean_BX: Tensor, new_subject_B: Tensor, rng: np.random.Generator
    ) -> None:
        """Nothing is kept."""

    def state(self) -> dict[str, Tensor]:
        return {}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """There is nothing to take up."""


class RenoisedReals(Forgetful):
    """Data noised to a level drawn at random (DMD): one step an update, but never the student's own way."""

    def __init__(self, sigmas: Tensor, reals_NX: Tensor, subjects: Subjects) -> None:
        self.sigmas, self.reals_NX, self.subjects = sigmas, reals_NX, subjects

    def draw(self, rng: np.random.Generator, count: int) -> Drawn:
        drawn = beginnings(rng, count, self.subjects, self.reals_NX.shape[1:])
        level_B = torch.from_numpy(rng.integers(0, len(self.sigmas) - 1, count))
        reals_BX = self.reals_NX[drawn.subject_B].float()
        noisy_BX = interpolate(reals_BX, drawn.noisy_BX, self.sigmas[level_B])
        return replace(drawn, noisy_BX=noisy_BX, level_B=level_B)


class SimulatedPath(Forgetful):
    """The student's own way from fresh noise to a level drawn at random (DMD2), simulated at every draw:
    exact, at the cost of half the grid's steps for each update."""

    def __init__(
        self, sigmas: Tensor, shape_X: torch.Size, subjects: Subjects, student: Callable[[Drawn], Tensor]
    ) -> None:
        """`student` makes clean samples of drawn ones."""
        self.sigmas, self.shape_X, self.subjects, self.student = sigmas, shape_X, subjects, student

    @torch.no_grad()
    def draw(self, rng: np.random.Generator, count: int) -> Drawn:
        drawn = beginnings(rng, count, self.subjects, self.shape_X)
        level_B = torch.from_numpy(rng.integers(0, len(self.sigmas) - 1, count))
        for step in range(int(level_B.max())):
            at = torch.nonzero(level_B > step).flatten()
            clean_BX = self.student(rows_of(drawn, at))
            sigma = float(self.sigmas[step + 1])
            drawn.noisy_BX[at] = interpolate(clean_BX.float(), noise_like(clean_BX, rng), sigma)
            drawn.level_B[at] = step + 1
        return drawn


def beginnings(rng: np.random.Generator, count: int, subjects: Subjects, shape_X: torch.Size) -> Drawn:
    """Fresh noise at level 0."""
    return Drawn(
        rows_B=np.arange(count),
        noisy_BX=torch.from_numpy(rng.standard_normal((count, *shape_X), np.float32)),
        level_B=torch.zeros(count, dtype=torch.long),
        subject_B=subjects(rng, count),
        birth_B=torch.from_numpy(rng.integers(0, _NUM_BIRTHS, count)),
    )


def rows_of(drawn: Drawn, at: Tensor) -> Drawn:
    return Drawn(
        rows_B=drawn.rows_B[at.numpy()],
        noisy_BX=drawn.noisy_BX[at],
        level_B=drawn.level_B[at],
        subject_B=drawn.subject_B[at],
        birth_B=drawn.birth_B[at],
    )
