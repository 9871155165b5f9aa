"""Means with percentile bootstrap intervals over prompts (Efron & Tibshirani 1993, chapter 13)."""

# S subjects, R resamples

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Draws", "Figure", "Mark", "draws_of", "figure_of", "mean_of_draws"]

NUM_RESAMPLES = 2000
Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One judged value in a column: a picture's, or one question's."""

    column: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A published figure's counterpart: a mean, its 95 % interval, and over how many values and prompts.

    One prompt alone, or in any part of a mean of means, has no interval. `note` says what else there is to
    say.
    """

    name: str
    mean: float
    low: float | None
    high: float | None
    num_values: int
    num_subjects: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Draws:
    """A mean, and the means of the resamples of its subjects, which say something unless there is but one."""

    mean: float
    resampled_R: Array
    num_values: int
    num_subjects: int
    has_spread: bool


def draws_of(subjects: Mapping[str, Sequence[float]], seed: int = 0) -> Draws:
    """Resample whole subjects. The mean is over all values, so a subject with more of them weighs more.

    Raises ValueError where there is no value.
    """
    sums_S = np.array([sum(values) for values in subjects.values()], np.float64)
    counts_S = np.array([len(values) for values in subjects.values()], np.float64)
    if counts_S.sum() == 0:
        raise ValueError("There is nothing to take a mean of.")
    chosen_RS = np.random.default_rng(seed).integers(len(sums_S), size=(NUM_RESAMPLES, len(sums_S)))
    return Draws(
        mean=float(sums_S.sum() / counts_S.sum()),
        resampled_R=sums_S[chosen_RS].sum(1) / counts_S[chosen_RS].sum(1),
        num_values=int(counts_S.sum()),
        num_subjects=len(sums_S),
        has_spread=len(sums_S) > 1,
    )


def mean_of_draws(parts: Sequence[Draws]) -> Draws:
    """The unweighted mean of several means, resampled apart. Raises ValueError where there is none."""
    if not parts:
        raise ValueError("There is nothing to take a mean of.")
    return Draws(
        mean=float(np.mean([part.mean for part in parts])),
        resampled_R=np.mean([part.resampled_R for part in parts], axis=0),
        num_values=sum(part.num_values for part in parts),
        num_subjects=sum(part.num_subjects for part in parts),
        has_spread=all(part.has_spread for part in parts),
    )


def figure_of(name: str, draws: Draws, scale: float = 1.0, note: str = "") -> Figure:
    low, high = np.percentile(draws.resampled_R, [2.5, 97.5]) * scale
    return Figure(
        name=name,
        mean=draws.mean * scale,
        low=float(low) if draws.has_spread else None,
        high=float(high) if draws.has_spread else None,
        num_values=draws.num_values,
        num_subjects=draws.num_subjects,
        note=note,
    )
