"""Pictures on a disk: files with captions beside them, or WebDataset tars as img2dataset writes them; or a
table of links to others."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from training.data.curation.collect import Item
from training.data.curation.decode import Reason
from training.data.curation.links.fetch import FetchSettings
from training.data.curation.links.source import LINK_TABLES, LinkSource
from training.data.curation.marks import identity_of
from training.errors import BadRecipe

__all__ = ["FolderSource", "TarSource", "find_source"]

PICTURES = frozenset(".png .jpg .jpeg .webp .gif .bmp .tif .tiff .svg .heic .avif .psd".split())
"""Suffixes under which people keep pictures; what the file really is, decoding will tell."""
MOST_FILE_BYTES = 100_000_000


def find_source(path: Path, links: FetchSettings | None = None) -> FolderSource | TarSource | LinkSource:
    """A table of links, else tars if there are any in the folder, else pictures. Raises BadRecipe."""
    if path.is_file() and path.suffix.lower() in LINK_TABLES:
        return LinkSource(table=path, settings=links or FetchSettings())
    if not path.is_dir():
        raise BadRecipe(
            f"{path} is no folder and no table of links: name one with pictures or WebDataset tars, or a "
            f"{', '.join(LINK_TABLES)} with a column url."
        )
    if any(path.glob("*.tar")):
        return TarSource(folder=path)
    if not any(each.suffix.lower() in PICTURES for each in path.rglob("*")):
        raise BadRecipe(f"{path} has no pictures and no tars.")
    return FolderSource(folder=path)


@dataclass(frozen=True, kw_only=True)
class FolderSource:
    """`NAME.txt` beside a picture holds its caption, `NAME.json` may hold caption, tags and licence."""

    folder: Path
    licence: str = ""

    @property
    def name(self) -> str:
        return self.folder.name

    def items(self) -> Iterator[Item]:
        for path in sorted(each for each in self.folder.rglob("*") if each.suffix.lower() in PICTURES):
            status = path.stat()
            told = facts_beside(path)
            yield Item(
                name=path.relative_to(self.folder).as_posix(),
                identity=f"{status.st_size}-{status.st_mtime_ns}",
                caption=str(told.get("caption", "")),
                tags=strings(told.get("tags")),
                licence=str(told.get("licence", told.get("license", self.licence))),
                reason=Reason.OK
                if path.resolve().is_relative_to(self.folder.resolve())
                else Reason.UNSAFE_NAME,
            )

    def read(self, items: Sequence[Item]) -> Iterator[bytes | Reason]:
        for item in items:
            path = self.folder / item.name
            if item.reason is not Reason.OK:
                yield item.reason
            elif not path.is_file():
                yield Reason.NOT_FETCHED
            else:
                yield path.read_bytes() if path.stat().st_size <= MOST_FILE_BYTES else Reason.TOO_LARGE


def facts_beside(path: Path) -> dict[str, object]:
    """Of a .json or .txt of the same name; what cannot be read says nothing."""
    facts: dict[str, object] = {}
    with suppress(OSError):
        facts = {"caption": " ".join(path.with_suffix(".txt").read_text("utf-8", "replace").split())}
    try:
        record = json.loads(path.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return facts
    return facts | record if isinstance(record, dict) else facts


def strings(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


@dataclass(frozen=True, kw_only=True)
class Member:
    """One key of a tar: its picture, where the bytes lie, and what was said of it."""

    item: Item
    offset: int = 0
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class TarSource:
    """Members are grouped by what stands before the first dot of their name, as WebDataset does."""

    folder: Path
    licence: str = ""
    _seen: dict[str, list[Member]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def tars(self) -> list[Path]:
        return sorted(self.folder.glob("*.tar"))

    def items(self) -> Iterator[Item]:
        for tar in self.tars:
            for member in self.members(tar):
                yield member.item

    def read(self, items: Sequence[Item]) -> Iterator[bytes | Reason]:
        for item in items:
            tar = self.folder / item.name.partition("/")[0]
            found = next((each for each in self.members(tar) if each.item.name == item.name), None)
            if item.reason is not Reason.OK:
                yield item.reason
            elif found is None:
                yield Reason.NOT_FETCHED
            elif found.size > MOST_FILE_BYTES:
                yield Reason.TOO_LARGE
            else:
                with tar.open("rb") as file:
                    file.seek(found.offset)
                    yield file.read(found.size)

    def members(self, tar: Path) -> list[Member]:
        """Nothing is ever unpacked, so a name can lead nowhere; those that try are listed with a reason."""
        if tar.name not in self._seen:
            self._seen[tar.name] = [*members_of(tar, self.licence)]
        return self._seen[tar.name]


def members_of(tar: Path, licence: str) -> Iterator[Member]:
    pictures, told, repeated = dict[str, tarfile.TarInfo](), dict[str, dict[str, object]](), list[str]()
    try:
        with tarfile.open(tar, "r:") as file:  # a packed one has no places to read from, and no bound
            for info in file:
                path = PurePosixPath(info.name.replace("\\", "/"))
                stem, _, suffix = path.name.partition(".")
                key = str(path.parent / stem)
                if not info.isfile():
                    if not info.isdir():
                        repeated.append(f"!{info.name}")
                elif f".{suffix.lower()}" in PICTURES:
                    repeated.append(key) if key in pictures else pictures.setdefault(key, info)
                elif suffix in ("json", "txt") and info.size < 1_000_000:
                    stream = file.extractfile(info)
                    said = b"" if stream is None else stream.read()
                    told[key] = told.get(key, {}) | facts_in(said, is_json=suffix == "json")
    except (tarfile.TarError, OSError, EOFError):
        yield Member(
            item=Item(
                name=f"{tar.name}/", identity=identity_of(size=tar.stat().st_size), reason=Reason.DAMAGED
            )
        )
    for key, info in pictures.items():
        facts = told.get(key, {})
        yield Member(
            item=Item(
                name=f"{tar.name}/{info.name}",
                identity=identity_of(
                    tar=tar.name, size=info.size, offset=info.offset_data, check=info.chksum
                ),
                caption=str(facts.get("caption", "")),
                tags=strings(facts.get("tags")),
                licence=str(facts.get("licence", facts.get("license", licence))),
                reason=Reason.UNSAFE_NAME if is_unsafe(info.name) else Reason.OK,
            ),
            offset=info.offset_data,
            size=info.size,
        )
    for number, key in enumerate(repeated):
        reason = Reason.UNSAFE_NAME if key.startswith("!") else Reason.DUPLICATE_KEY
        yield Member(item=Item(name=f"{tar.name}/{key}#{number + 2}", identity=key, reason=reason))


def facts_in(content: bytes, *, is_json: bool) -> dict[str, object]:
    if not is_json:
        return {"caption": " ".join(content.decode("utf-8", "replace").split())}
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def is_unsafe(name: str) -> bool:
    """A name that means to leave the folder it is unpacked in."""
    parts = PurePosixPath(name.replace(os.altsep or "\\", "/")).parts
    return name.startswith(("/", "\\")) or ".." in parts
