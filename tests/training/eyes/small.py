"""A handful of pictures of a world of three classes."""

from __future__ import annotations

from dataclasses import replace

from training.eyes.store import Making, Store, outside_store, sample_views, views_store
from training.stickers.catalogue import STARTER

SMALL = replace(
    STARTER, classes=("cat", "heart", "car"), colors=("red", "blue"), backgrounds=("plain", "night")
)


def stores(count: int = 12) -> dict[str, Store]:
    return {
        "plain": views_store(sample_views(SMALL, "square", "plain", count, 0), SMALL),
        "outside": outside_store("square", Making(num_outside=4)),
    }
