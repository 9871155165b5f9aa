"""Shards of pictures: WebDataset tars, `KEY.jpg` beside `KEY.json`, written once and never changed."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from training.data.curation.store import Store
from training.errors import CorruptShards

__all__ = ["SHARDS", "Sample", "pack", "read_shard"]

SHARDS = "shards"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A picture as a shard holds it. `id` is the hash of its pixels, `key` its name in the set.

    `source` says where it came from and `origin` where that had it from,
    `licence` under what terms, `caption` and `tags` what came with it.
    """

    key: str
    id: str
    suffix: str
    content: bytes = field(repr=False)
    source: str = ""
    licence: str = ""
    origin: str = ""
    caption: str = ""
    tags: tuple[str, ...] = ()

    def open(self) -> Image.Image:
        """In RGB, over white."""
        with Image.open(io.BytesIO(self.content)) as file:
            if file.has_transparency_data:
                layer = file.convert("RGBA")
                return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
            return file.convert("RGB")


def pack(samples: Iterable[Sample]) -> bytes:
    """The same samples give the same bytes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for sample in samples:
            facts = {key: value for key, value in asdict(sample).items() if key not in ("content", "suffix")}
            add(tar, f"{sample.key}.{sample.suffix}", sample.content)
            add(tar, f"{sample.key}.json", json.dumps(facts, sort_keys=True, ensure_ascii=False).encode())
    return file.getvalue()


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o644
    tar.addfile(info, io.BytesIO(content))


def read_shard(store: Store, name: str) -> Iterator[Sample]:
    """In the order they were written. Raises CorruptShards for a tar of something else."""
    try:
        with tarfile.open(fileobj=io.BytesIO(store.read(f"{SHARDS}/{name}.tar")), mode="r:") as tar:
            while (picture := tar.next()) is not None:
                facts = tar.next()
                if facts is None:
                    raise ValueError(f"{picture.name} has no facts beside it")
                yield Sample(
                    suffix=PurePosixPath(picture.name).suffix[1:],
                    content=content_of(tar, picture),
                    **facts_of(content_of(tar, facts)),
                )
    except (OSError, ValueError, KeyError, TypeError, tarfile.TarError) as error:
        raise CorruptShards(
            f"Shard {name} of {store.address} cannot be read ({error}). Delete it and collect again."
        ) from error


def content_of(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    if stream is None:
        raise ValueError(f"{member.name} is no file")
    return stream.read()


def facts_of(content: bytes) -> dict[str, Any]:
    facts = json.loads(content)
    return {**facts, "tags": tuple(facts["tags"])}
