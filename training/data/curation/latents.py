"""Latents of what was selected: mean and log variance of the autoencoder's posterior, in the shards that
pre-training reads (training/data/shards.py), each picture with all its captions.

Runs after the selection: what is dropped costs nothing here.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from engines.sizes import Size, cover
from engines.vae import Vae
from training.data.curation.caption_words import CAPTIONS
from training.data.curation.collect import COLLECT
from training.data.curation.run import Alone, ok_rows, run_stage
from training.data.curation.select import MANIFEST
from training.data.curation.shards import Sample, read_shard
from training.data.curation.stage import PLACES
from training.data.curation.store import Store
from training.data.curation.tables import KEY, read_table, table_name
from training.data.latent_reader import LatentReader
from training.data.resize import ResizeRule, find_size
from training.data.shards import Manifest, encode_shards, members_by_size, to_record
from training.errors import BadRecipe, CorruptShards

__all__ = ["LATENTS", "LatentSettings", "LatentStage", "encode_selected"]

LATENTS = "latents"
LENGTHS = ("caption_short", "caption_medium", "caption_long")
OPEN_SHARDS = 2


@dataclass(frozen=True, kw_only=True)
class LatentSettings:
    """At which size, in steps of the autoencoder's factor times the patch; `folder` gets RULE-PX, as
    `--data` of cluster recipes wants it."""

    resolution_px: int
    rule: ResizeRule = "square"
    step_px: int = 16
    folder: Path = field(metadata=PLACES)

    @property
    def shards(self) -> Path:
        return self.folder / f"{self.rule}-{self.resolution_px}"


@dataclass(frozen=True, kw_only=True)
class LatentStage:
    """Columns latent_file, empty for what is not selected, and latent_index, its place there.

    `encoder` is vae.encoder_hash(), `manifest` the hash of the selection: with another of either it runs
    again, but encode_shards keeps the files that are still true.
    """

    settings: LatentSettings
    encoder: str
    manifest: str
    needs: tuple[str, ...] = (COLLECT,)
    vae: Vae = field(metadata=PLACES, compare=False, repr=False)

    name: ClassVar[str] = LATENTS
    version: ClassVar[int] = 1

    def annotate(
        self, store: Store, shards: Sequence[str], say: Callable[[str], None]
    ) -> Iterable[tuple[str, pa.Table]]:
        chosen = choose(store, shards, has_captions=CAPTIONS in self.needs)
        settings = self.settings
        sizes = [
            find_size(each.size, settings.rule, settings.resolution_px, settings.step_px) for each in chosen
        ]
        samples = SampleReader(store)

        def draw(number: int) -> Image.Image:
            return cover(samples.read(chosen[number].key).open(), sizes[number])

        records = [to_record(each.captions, each.id) for each in chosen]
        manifest = encode_shards(settings.shards, records, sizes, draw, self.vae, say, source="curated")
        places = places_of(manifest, sizes, [each.key for each in chosen])
        for shard in shards:
            keys = ok_rows(read_table(store, COLLECT, shard, [KEY, "status"]))[KEY].to_pylist()
            found = [places.get(key, ("", -1)) for key in keys]
            yield (
                shard,
                pa.table(
                    {
                        "latent_file": pa.array([file for file, _ in found], pa.string()),
                        "latent_index": pa.array([index for _, index in found], pa.int32()),
                    }
                ),
            )


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A picture to encode: its words, of which training takes one each time, and its outline."""

    key: str
    id: str
    captions: tuple[str, ...]
    size: Size


def choose(store: Store, shards: Sequence[str], *, has_captions: bool) -> list[Chosen]:
    """What the manifest keeps, in order. Raises BadRecipe where that is nothing."""
    rows = pq.read_table(io.BytesIO(store.read(f"{MANIFEST}.parquet")), columns=[KEY, "reason"])
    kept = {
        key for key, why in zip(*(rows[name].to_pylist() for name in (KEY, "reason")), strict=True) if not why
    }
    chosen = list[Chosen]()
    for shard in shards:
        collected = ok_rows(read_table(store, COLLECT, shard)).to_pylist()
        told = read_table(store, CAPTIONS, shard, [*LENGTHS]).to_pylist() if has_captions else collected
        chosen += [
            Chosen(
                key=row[KEY],
                id=row["id"],
                captions=captions_of(row["caption"], words),
                size=Size(row["width"], row["height"]),
            )
            for row, words in zip(collected, told, strict=True)
            if row[KEY] in kept
        ]
    if not chosen:
        raise BadRecipe("The selection keeps no pictures, so there are no latents to make: loosen it.")
    return chosen


def captions_of(came_along: str, told: Mapping[str, Any]) -> tuple[str, ...]:
    """All lengths, and what came along; no words where there are none."""
    words = dict.fromkeys([*(told.get(length, "") for length in LENGTHS), came_along])
    return tuple(each for each in words if each) or ("",)


class SampleReader:
    """Pictures by key. Neighbours lie in the same shard, so that each is read about once."""

    def __init__(self, store: Store) -> None:
        self._shard: Callable[[str], dict[str, Sample]] = lru_cache(OPEN_SHARDS)(
            lambda name: {sample.key: sample for sample in read_shard(store, name)}
        )

    def read(self, key: str) -> Sample:
        return self._shard(key[:-4])[key]


def places_of(manifest: Manifest, sizes: Sequence[Size], keys: Sequence[str]) -> dict[str, tuple[str, int]]:
    """File and place there of each picture: entries hold each size's pictures in order."""
    places = dict[str, tuple[str, int]]()
    for size, members in members_by_size(sizes).items():
        order = iter(members)
        for entry in manifest.entries:
            if entry.size == size:
                for index in range(entry.num_records):
                    places[keys[next(order)]] = (f"{entry.name}.safetensors", index)
    return places


def encode_selected(
    store: Store, settings: LatentSettings, vae: Vae, stages: Sequence[str], say: Callable[[str], None]
) -> LatentReader:
    """Have settings.shards hold what the last selection keeps; `stages` are those that were run.

    Raises BadRecipe, CorruptShards.
    """
    if settings.step_px % vae.factor:
        raise BadRecipe(
            f"Sides in steps of {settings.step_px} px do not fit this autoencoder, which packs "
            f"{vae.factor} px into one: give --latents-step a multiple."
        )
    shards = store.names("plans", ".json")
    encoder = vae.encoder_hash()
    if not is_readable(settings.shards, encoder):
        for shard in shards:
            store.remove(table_name(LATENTS, shard))
    stage = LatentStage(
        settings=settings,
        encoder=encoder,
        manifest=selection_hash(store),
        needs=(COLLECT, CAPTIONS) if CAPTIONS in stages else (COLLECT,),
        vae=vae,
    )
    run_stage(store, stage, shards, Alone(), say)
    return LatentReader(settings.shards, encoder)


def is_readable(folder: Path, encoder: str) -> bool:
    try:
        LatentReader(folder, encoder)
    except CorruptShards:
        return False
    return True


def selection_hash(store: Store) -> str:
    """Of who is kept."""
    return sha256(store.read(f"{MANIFEST}.parquet")).hexdigest()
