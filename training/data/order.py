"""Which pictures make up which batch: each once an epoch, one size a batch, the same on every rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from training.errors import BadRecipe
from training.seeds import rng_for

__all__ = ["Batch", "EpochOrder", "any_bucket"]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Pictures of one bucket, by their numbers there."""

    bucket: int
    indices: tuple[int, ...]


class EpochOrder:
    """A pure function of (seed, step). An epoch takes every picture once, in an order of its own.

    Batches of all buckets are mixed. A bucket's last batch, where it is at least half full, is filled up from
    the bucket's beginning, so a few of its pictures come twice; else it is left out, and with it, in every
    epoch, a bucket of less than half a batch.
    """

    def __init__(self, counts: Sequence[int], batch_size: int, seed: int) -> None:
        """`counts`: how many pictures each bucket has. Raises BadRecipe where no batch comes of them."""
        self.counts, self.batch_size, self.seed = tuple(counts), batch_size, seed
        self.batches_of = [(count + batch_size // 2) // batch_size for count in counts]
        if not any(self.batches_of):
            raise BadRecipe(
                f"{sum(counts)} pictures in {len(counts)} sizes are too few for batches of {batch_size} "
                "of one size: take more pictures or a smaller batch."
            )
        self._buckets = lru_cache(2)(self._mixed)
        self._pictures = lru_cache(2 * len(counts))(self._shuffled)

    @property
    def num_left_out(self) -> int:
        """Pictures of sizes that are too rare to fill half a batch."""
        return sum(each for each, num in zip(self.counts, self.batches_of, strict=True) if not num)

    @property
    def steps_an_epoch(self) -> int:
        return sum(self.batches_of)

    def batch(self, step: int) -> Batch:
        """The pictures of batch `step`, of all ranks."""
        epoch, place = divmod(step, self.steps_an_epoch)
        buckets, numbers = self._buckets(epoch)
        bucket, number = int(buckets[place]), int(numbers[place])
        places = np.arange(number * self.batch_size, (number + 1) * self.batch_size)
        pictures = self._pictures(epoch, bucket)
        return Batch(bucket=bucket, indices=tuple(pictures[places % len(pictures)].tolist()))

    def _mixed(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The epoch's batches: of which bucket each is, and which of that bucket's batches."""
        buckets = np.repeat(np.arange(len(self.counts)), self.batches_of)
        numbers = np.concatenate([np.arange(each) for each in self.batches_of])
        mixed = rng_for("order-of-batches", self.seed, epoch).permutation(len(buckets))
        return buckets[mixed], numbers[mixed]

    def _shuffled(self, epoch: int, bucket: int) -> NDArray[np.int64]:
        rng = rng_for(f"order-of-bucket-{bucket}", self.seed, epoch)
        return rng.permutation(self.counts[bucket])


def any_bucket(counts: Sequence[int], rng: np.random.Generator) -> int:
    """A bucket at random, each as often as it has pictures."""
    shares = np.array(counts, float)
    return int(rng.choice(len(shares), p=shares / shares.sum()))
