"""What curation selected, as training reads it: pictures of the shards that the manifest kept, with words."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from engines.sizes import Size
from training.data.curation.caption_words import CAPTIONS
from training.data.curation.collect import COLLECT, PLANS
from training.data.curation.select import MANIFEST
from training.data.curation.shards import Sample, read_shard
from training.data.curation.store import Store
from training.data.curation.tables import KEY, read_table, table_name
from training.errors import BadRecipe, CorruptShards

__all__ = ["Selected", "read_selected", "selected_in"]

LENGTHS = ("short", "medium", "long")
_SHARDS_AT_HAND = 2


@dataclass(frozen=True, kw_only=True)
class Selected:
    """One picture of a set. `sha256` is its id, the hash of its pixels; `source` where it came from.

    `captions`: every length that the captions stage wrote, and what came along; `caption` is one of them.
    """

    store: Store
    shard: str
    key: str
    sha256: str
    source: str
    caption: str
    captions: tuple[str, ...]
    size: Size

    def open(self) -> Image.Image:
        """RGB. Raises CorruptShards."""
        samples = samples_of(self.store, self.shard)
        if self.key not in samples:
            raise CorruptShards(f"{self.key} is not in its shard of {self.store.address}: collect again.")
        return samples[self.key].open()

    def outline(self) -> Size:
        return self.size


def read_selected(folder: Path) -> tuple[Selected, ...]:
    """The kept pictures that have words, in the set's order. Raises BadRecipe for none, CorruptShards."""
    return selected_in(Store(address=str(folder)))


def selected_in(store: Store) -> tuple[Selected, ...]:
    """As read_selected, of any store."""
    kept = kept_keys(store)
    shards = store.names(PLANS, ".json")
    found = (each for shard in shards for each in selected_of(store, shard, kept))
    chosen = tuple(each for each in found if each.caption)
    if not chosen:
        raise BadRecipe(
            f"{store.address} keeps {len(kept)} pictures and none has a caption: select again with another "
            "expression, or put a .txt caption beside each source."
        )
    return chosen


def kept_keys(store: Store) -> frozenset[str]:
    try:
        table = pq.read_table(io.BytesIO(store.read(f"{MANIFEST}.parquet")), columns=[KEY, "reason"])
    except (OSError, pa.ArrowException) as error:
        raise CorruptShards(
            f"The manifest of {store.address} cannot be read ({error}): run the curation again."
        ) from error
    rows = table.to_pydict()
    return frozenset(key for key, reason in zip(rows[KEY], rows["reason"], strict=True) if not reason)


def selected_of(store: Store, shard: str, kept: frozenset[str]) -> Iterator[Selected]:
    rows: Sequence[dict[str, object]] = read_table(
        store, COLLECT, shard, [KEY, "id", "source", "caption", "width", "height"]
    ).to_pylist()
    written = captions_in(store, shard)
    for row in rows:
        if row[KEY] in kept:
            came_along = " ".join(str(row["caption"] or "").split())
            by_model = written.get(str(row[KEY]), Written())
            captions = dict.fromkeys((by_model.short, by_model.medium, by_model.long, came_along))
            yield Selected(
                store=store,
                shard=shard,
                key=str(row[KEY]),
                sha256=str(row["id"]),
                source=str(row["source"]),
                caption=by_model.medium or came_along,
                captions=tuple(each for each in captions if each),
                size=Size(int(str(row["width"])), int(str(row["height"]))),
            )


@dataclass(frozen=True, kw_only=True)
class Written:
    """What the captions stage wrote of a picture; nothing where it did not."""

    short: str = ""
    medium: str = ""
    long: str = ""


def captions_in(store: Store, shard: str) -> dict[str, Written]:
    """By key."""
    if not store.has(table_name(CAPTIONS, shard)):
        return {}
    rows = read_table(store, CAPTIONS, shard, [KEY, *(f"caption_{each}" for each in LENGTHS)]).to_pylist()
    return {row[KEY]: Written(**{each: row[f"caption_{each}"] for each in LENGTHS}) for row in rows}


@lru_cache(_SHARDS_AT_HAND)
def samples_of(store: Store, shard: str) -> dict[str, Sample]:
    """Pictures are asked for shard by shard; a shard is some hundred megabytes at most."""
    return {sample.key: sample for sample in read_shard(store, shard)}
