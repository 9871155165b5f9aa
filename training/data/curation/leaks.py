"""Evaluation hygiene: what of a benchmark is among the pictures, by the same hashes and descriptors.

A picture leaks when its pixels are a benchmark picture's, when their perceptual hashes and tiny pictures are
as close as those of copies, or when their descriptors are; each benchmark picture is looked for mirrored
too. A caption leaks a prompt by the rule of prompt_index.
"""

# N pictures of a shard, M of the benchmark, D numbers a descriptor

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image, ImageOps

from training.data.curation.checked_copies import CheckedNearCopyStage, ThumbnailStage, as_pictures
from training.data.curation.collect import COLLECT
from training.data.curation.copies import CopyStage
from training.data.curation.decode import Decoded, decode, pixel_hash
from training.data.curation.hashes import HashStage
from training.data.curation.near_copies import as_matrix
from training.data.curation.prompt_index import PromptIndex, PromptRule, read_prompts
from training.data.curation.recipes import CurationRecipe
from training.data.curation.run import is_whole, ok_rows
from training.data.curation.shards import Sample
from training.data.curation.sources import find_source
from training.data.curation.stage import ShardStage
from training.data.curation.store import Store
from training.data.curation.tables import KEY, read_table
from training.errors import BadRecipe

__all__ = ["Benchmark", "LeakStage", "NearLeakStage", "against", "read_benchmark"]

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Where its pictures and prompts lie; `content` is the hash of all of them."""

    pictures: str = ""
    prompts: str = ""
    content: str = ""


@dataclass(frozen=True, kw_only=True)
class LeakStage:
    """Columns leaked_picture and leaked_prompt (the benchmark's, or empty), leak_kind and is_leak."""

    benchmark: Benchmark
    hashes: CopyStage = field(default_factory=CopyStage)
    rule: PromptRule = field(default_factory=PromptRule)

    name: ClassVar[str] = "leaks"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("collect", "hashes")

    def annotate(
        self, store: Store, shards: Sequence[str], say: Callable[[str], None]
    ) -> Iterable[tuple[str, pa.Table]]:
        samples = read_pictures(Path(self.benchmark.pictures)) if self.benchmark.pictures else []
        prompts = read_prompts(Path(self.benchmark.prompts)) if self.benchmark.prompts else []
        index, seek = PromptIndex(prompts, self.rule), self.seeker(samples)
        num_pictures = num_prompts = 0
        for shard in shards:
            rows = ok_rows(read_table(store, COLLECT, shard, [KEY, "status", "id", "caption"]))
            found, kinds = seek(store, shard, rows) if samples else nothing(rows.num_rows)
            said = [index.find(caption or "") for caption in rows["caption"].to_pylist()]
            table = pa.table(
                {
                    "leaked_picture": pa.array(found, pa.string()),
                    "leak_kind": pa.array(kinds, pa.string()),
                    "leaked_prompt": pa.array(said, pa.string()),
                    "is_leak": pa.array([bool(one or two) for one, two in zip(found, said, strict=True)]),
                }
            )
            num_pictures, num_prompts = (
                num_pictures + sum(map(bool, found)),
                num_prompts + sum(map(bool, said)),
            )
            yield shard, table
        say(
            f"leaks: {num_pictures:,} pictures are of the benchmark's {len(samples) // 2:,}, "
            f"{num_prompts:,} captions of its {len(prompts):,} prompts"
        )

    def seeker(self, samples: Sequence[Sample]) -> Seek:
        """Who looks for these pictures in a shard."""
        hashed = HashStage().open()(samples, {})
        names, ids = [sample.source for sample in samples], {sample.id: sample.source for sample in samples}

        def seek(store: Store, shard: str, rows: pa.Table) -> tuple[list[str], list[str]]:
            close = self.is_close(read_table(store, "hashes", shard), hashed)
            found, kinds = told(close, names, "hash")
            for row, pixels in enumerate(rows["id"].to_pylist()):
                if pixels in ids:
                    found[row], kinds[row] = ids[pixels], "pixels"
            return found, kinds

        return seek

    def is_close(self, ours: pa.Table, theirs: pa.Table) -> Booleans:
        """(N, M)"""
        one, two = (table["phash"].to_numpy().astype(np.uint64) for table in (ours, theirs))
        ones = np.bitwise_count(two)
        is_telling = (ones >= self.hashes.least_set_bits) & (ones <= 64 - self.hashes.least_set_bits)
        close: Booleans = np.bitwise_count(one[:, None] ^ two[None]) <= self.hashes.most_bits
        close &= is_telling
        first, second = (
            np.frombuffer(b"".join(table["tiny"].to_pylist()), np.uint8).reshape(table.num_rows, -1)
            for table in (ours, theirs)
        )
        for row, place in zip(*np.nonzero(close), strict=True):
            difference = np.abs(first[row].astype(np.int16) - second[place]).max()
            close[row, place] = difference <= self.hashes.most_difference
        return close


Seek = Callable[[Store, str, pa.Table], tuple[list[str], list[str]]]
"""Of each picture of a shard, the benchmark's that it is, and how that is known."""


@dataclass(frozen=True, kw_only=True)
class NearLeakStage(LeakStage):
    """By descriptors too: those of `describe`, judged as `near` judges copies."""

    describe: ShardStage
    near: CheckedNearCopyStage

    needs: ClassVar[tuple[str, ...]] = ("collect", "hashes", "descriptors", "thumbnails")

    def seeker(self, samples: Sequence[Sample]) -> Seek:
        by_hash = LeakStage.seeker(self, samples)
        theirs_MD = as_matrix(self.describe.open()(samples, {})["descriptor"]).astype(np.float32)
        pictures = as_pictures(ThumbnailStage().open()(samples, {})["thumbnail"])
        names = [sample.source for sample in samples]

        def seek(store: Store, shard: str, rows: pa.Table) -> tuple[list[str], list[str]]:
            found, kinds = by_hash(store, shard, rows)
            ours_ND = as_matrix(read_table(store, self.describe.name, shard)["descriptor"]).astype(np.float32)
            alike_NM = ours_ND @ theirs_MD.T
            close_NM = np.zeros(alike_NM.shape, bool)
            one, two = np.nonzero(alike_NM >= self.near.search.threshold)
            ours = as_pictures(read_table(store, "thumbnails", shard)["thumbnail"])
            close_NM[one, two] = self.near.overlay.fits(
                np.concatenate([ours, pictures]), one, two + len(ours)
            )
            near, near_kinds = told(close_NM, names, "descriptor")
            for row, name in enumerate(found):
                if not name:
                    found[row], kinds[row] = near[row], near_kinds[row]
            return found, kinds

        return seek


def told(close_NM: Booleans, names: Sequence[str], kind: str) -> tuple[list[str], list[str]]:
    found = [names[int(np.argmax(row))] if row.any() else "" for row in close_NM]
    return found, [kind if name else "" for name in found]


def nothing(count: int) -> tuple[list[str], list[str]]:
    return [""] * count, [""] * count


def read_pictures(folder: Path) -> list[Sample]:
    """Each as it is and mirrored. Raises BadRecipe for one that cannot be read."""
    source, samples = find_source(folder), list[Sample]()
    items = [*source.items()]
    for item, content in zip(items, source.read(items), strict=True):
        found = decode(content) if isinstance(content, bytes) else content
        if not isinstance(found, Decoded):
            raise BadRecipe(f"{item.name} of the benchmark {folder} cannot be read: {found}.")
        samples += [as_sample(image, item.name) for image in (found.image, ImageOps.mirror(found.image))]
    return samples


def as_sample(image: Image.Image, name: str) -> Sample:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return Sample(key="", id=pixel_hash(image), suffix="png", content=file.getvalue(), source=name)


def read_benchmark(pictures: Path | None, prompts: Path | None) -> Benchmark:
    """Raises BadRecipe."""
    digest = sha256()
    if pictures is not None:
        for item in find_source(pictures).items():
            digest.update(f"{item.name} {item.identity}\n".encode())
    if prompts is not None:
        digest.update("\n".join(read_prompts(prompts)).encode())
    return Benchmark(
        pictures="" if pictures is None else str(pictures),
        prompts="" if prompts is None else str(prompts),
        content=digest.hexdigest(),
    )


def against(recipe: CurationRecipe, pictures: Path | None, prompts: Path | None) -> CurationRecipe:
    """The recipe with leaks looked for, and left out by its own expression."""
    if pictures is None and prompts is None:
        return recipe
    benchmark = read_benchmark(pictures, prompts)
    describe = next(
        (stage for stage in recipe.stages if stage.name == "descriptors" and not is_whole(stage)), None
    )
    near = next((stage for stage in recipe.stages if isinstance(stage, CheckedNearCopyStage)), None)
    stage = LeakStage(benchmark=benchmark)
    if describe is not None and near is not None:
        stage = NearLeakStage(benchmark=benchmark, describe=describe, near=near)
    return replace(recipe, stages=(*recipe.stages, stage), select=f"not is_leak and {recipe.select}")
