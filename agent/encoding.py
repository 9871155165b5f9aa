"""The files that pictures leave in, each with its mark: PNG, JPEG, WebP."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from PIL import Image

from agent.adjust import flat
from agent.domain import SourceType
from agent.marks import XMP_KEY, xmp
from agent.metadata import PNG_SIGNATURE

__all__ = ["Form", "as_jpeg", "as_webp", "mark_in", "unsigned", "with_mark"]

SIGNATURE_CHUNK = b"caBX"
EXIF_IFD, USER_COMMENT = 0x8769, 0x9286
HEADER_BYTES = len(PNG_SIGNATURE) + 25
"""A PNG's signature and its first chunk, IHDR."""


class Form(StrEnum):
    """A kind of picture file."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"

    @property
    def media_type(self) -> str:
        return f"image/{self.value}"


class Chunk(NamedTuple):
    """One part of a PNG, as it stands in the file."""

    kind: bytes
    whole: bytes


def chunks(png: bytes) -> Iterator[Chunk]:
    """As far as the file holds whole ones."""
    offset = len(PNG_SIGNATURE)
    while offset + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, offset)
        end = offset + 12 + length
        if end > len(png):
            return
        yield Chunk(kind=png[offset + 4 : offset + 8], whole=png[offset:end])
        offset = end


def unsigned(png: bytes) -> bytes:
    """The PNG that was signed, byte by byte; any other file as it is."""
    if not png.startswith(PNG_SIGNATURE):
        return png
    parts = list(chunks(png))
    is_whole = len(PNG_SIGNATURE) + sum(len(each.whole) for each in parts) == len(png)
    if not is_whole or all(each.kind != SIGNATURE_CHUNK for each in parts):
        return png
    return PNG_SIGNATURE + b"".join(each.whole for each in parts if each.kind != SIGNATURE_CHUNK)


def mark_in(png: bytes) -> bytes:
    """The PNG's XMP packet; nothing where it has none."""
    beginning = XMP_KEY.encode() + b"\0\0\0\0\0"
    packets = (each.whole[8:-4] for each in chunks(png) if each.kind == b"iTXt")
    return next((each.removeprefix(beginning) for each in packets if each.startswith(beginning)), b"")


def with_mark(png: bytes, source_type: SourceType) -> bytes:
    """The PNG with its mark, its other parts untouched; one that has a mark stays as it is."""
    if mark_in(png):
        return png
    body = b"iTXt" + XMP_KEY.encode() + b"\0\0\0\0\0" + xmp(source_type).encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:HEADER_BYTES] + chunk + png[HEADER_BYTES:]


def as_jpeg(png: bytes, quality: int, comment: str = "", longest_px: int | None = None) -> bytes:
    """Over white where it is transparent. `comment` is the infotext, where other tools look for it."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as file:
        image = flat(file)
    if longest_px:
        image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, xmp=mark_in(png), exif=exif_with(comment))
    return out.getvalue()


def as_webp(png: bytes, quality: int, comment: str = "", longest_px: int | None = None) -> bytes:
    """With its transparency; at a `quality` of 100 to the bit."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as file:
        image = file.convert("RGBA" if file.has_transparency_data else "RGB")
    if longest_px:
        image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    kind = {"lossless": True, "exact": True} if quality == 100 else {"quality": quality}
    image.save(out, "WEBP", **kind, xmp=mark_in(png), exif=exif_with(comment))
    return out.getvalue()


def exif_with(comment: str) -> bytes:
    """Nothing but the user comment; empty without one."""
    if not comment:
        return b""
    exif = Image.Exif()
    exif.get_ifd(EXIF_IFD)[USER_COMMENT] = b"UNICODE\0" + comment.encode("utf-16-be")
    return exif.tobytes()
