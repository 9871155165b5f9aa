"""Latents of what was selected: mean and log variance of the autoencoder's posterior, in the shards that
pre-training reads (training/data/shards.py), each picture with all its captions.

Runs after the selection: what is dropped costs nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
from PIL import Image

from engines.sizes import Size, cover
from engines.vae import Vae
from training.data.curation.caption_words import CAPTIONS
from training.data.curation.collect import COLLECT
from training.data.curation.run import Alone, ok_rows, run_stage
from training.data.curation.select import MANIFEST
from training.data.curation.selected import selected_in
from training.data.curation.stage import PLACES
from training.data.curation.store import Store
from training.data.curation.tables import KEY, read_table, table_name
from training.data.latent_reader import LatentReader
from training.data.resize import ResizeRule, find_size
from training.data.shards import Manifest, encode_shards, members_by_size, to_record
from training.errors import BadRecipe, CorruptShards

__all__ = ["LATENTS", "LatentSettings", "LatentStage", "encode_selected"]

LATENTS = "latents"


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
        chosen = selected_in(store)
        settings = self.settings
        rule, px, step = settings.rule, settings.resolution_px, settings.step_px
        sizes = [find_size(each.size, rule, px, step) for each in chosen]

        def draw(number: int) -> Image.Image:
            return cover(chosen[number].open(), sizes[number])

        records = [to_record(each.captions, each.sha256) for each in chosen]
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
    store: Store, settings: LatentSettings, vae: Vae, say: Callable[[str], None]
) -> LatentReader:
    """Have settings.shards hold what the last selection keeps and has words for.

    Raises BadRecipe, CorruptShards.
    """
    if settings.step_px % vae.factor:
        raise BadRecipe(
            f"Sides in steps of {settings.step_px} px do not fit this autoencoder, which packs "
            f"{vae.factor} px into one: give --latents-step a multiple."
        )
    shards = store.names("plans", ".json")
    has_captions = all(store.has(table_name(CAPTIONS, shard)) for shard in shards)
    encoder = vae.encoder_hash()
    if not is_readable(settings.shards, encoder):
        for shard in shards:
            store.remove(table_name(LATENTS, shard))
    stage = LatentStage(
        settings=settings,
        encoder=encoder,
        manifest=selection_hash(store),
        needs=(COLLECT, CAPTIONS) if has_captions else (COLLECT,),
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
