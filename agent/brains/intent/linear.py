"""A linear model over named features: each name is hashed to a row of weights."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

__all__ = ["Hashed", "LinearModel"]

Weights = npt.NDArray[np.float32]


class Hashed:
    """Names as row numbers below `size`, each once, all with one value: long texts weigh as short ones."""

    def __init__(self, names: Iterable[str], size: int) -> None:
        rows = {zlib.crc32(name.encode()) % size for name in names}
        self.rows = np.fromiter(sorted(rows), np.int64, len(rows))
        self.value = len(rows) ** -0.5


class LinearModel:
    """scores = value * (sum of the rows' weights) + bias."""

    def __init__(self, weights_DK: Weights, bias_K: Weights) -> None:
        """Raises ValueError when the two do not belong together."""
        if weights_DK.ndim != 2 or bias_K.shape != weights_DK.shape[1:]:
            raise ValueError(f"weights {weights_DK.shape} and bias {bias_K.shape} do not belong together")
        self.weights_DK, self.bias_K = weights_DK, bias_K

    def scores(self, names: Iterable[str]) -> Weights:
        """(K,): log-odds up to a constant."""
        seen = Hashed(names, len(self.weights_DK))
        total = self.weights_DK[seen.rows].sum(axis=0, dtype=np.float32)
        return np.asarray(total * np.float32(seen.value) + self.bias_K, np.float32)
