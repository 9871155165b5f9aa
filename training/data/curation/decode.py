"""A picture file from anywhere: decoded within bounds, or a reason why not."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = ["Decoded", "Reason", "as_kept", "decode", "pixel_hash"]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
KEPT_AS_THEY_ARE = {"PNG": ("RGB", "L", "P"), "JPEG": ("RGB", "L"), "WEBP": ("RGB",)}
MOST_PIXELS = 100_000_000
BROKEN = (
    *(OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, KeyError, OverflowError),
    *(struct.error, zlib.error, MemoryError),
)
"""All that Pillow raises on damaged files."""


class Reason(StrEnum):
    """Why a sample is not among the pictures."""

    OK = "ok"
    EMPTY = "empty file"
    NOT_A_PICTURE = "not a picture"
    DAMAGED = "damaged"
    ANIMATED = "animated"
    TOO_LARGE = "too many pixels"
    TOO_SMALL = "too few pixels"
    DUPLICATE_KEY = "duplicate key"
    UNSAFE_NAME = "unsafe name"
    NOT_FETCHED = "not fetched"
    FORBIDDEN = "forbidden by the site"
    BAD_LINK = "not a link to the web"
    PRIVATE_ADDRESS = "private address"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed out"
    TOO_MANY_REDIRECTS = "too many redirects"
    SERVER_BUSY = "server busy"
    DENIED = "denied by the site"
    GONE = "gone"
    PAGE = "a page and no picture"
    CUT_SHORT = "cut short"
    TOO_HEAVY = "too many bytes"
    OTHER_CONTENT = "other bytes than promised"


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A picture upright and in RGB, with what its file was."""

    image: Image.Image
    format: str
    mode: str
    is_turned: bool


def decode(content: bytes, least_side_px: int = 1) -> Decoded | Reason:
    """Never more pixels than are allowed, whatever the file promises."""
    if not content:
        return Reason.EMPTY
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(content), formats=FORMATS) as file,
        ):
            if file.width * file.height > MOST_PIXELS:
                return Reason.TOO_LARGE
            if min(file.size) < least_side_px:
                return Reason.TOO_SMALL
            if getattr(file, "n_frames", 1) > 1 and file.format != "MPO":
                return Reason.ANIMATED
            name, mode = file.format or "", file.mode
            upright = ImageOps.exif_transpose(file)
            is_turned = file.getexif().get(0x0112, 1) not in (0, 1)
            return Decoded(image=as_rgb(upright), format=name, mode=mode, is_turned=is_turned)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Reason.TOO_LARGE
    except UnidentifiedImageError:
        return Reason.NOT_A_PICTURE
    except BROKEN:
        return Reason.DAMAGED


def as_rgb(image: Image.Image) -> Image.Image:
    """8 bits a channel, over white."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image.convert("RGB")


def pixel_hash(image: Image.Image) -> str:
    """A sample's id: SHA-256 of its size and RGB pixels, whatever file they came in."""
    digest = sha256(f"{image.width}x{image.height} RGB\n".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


def as_kept(content: bytes, decoded: Decoded) -> tuple[bytes, str]:
    """The bytes for the shard and their suffix, without EXIF, GPS, comments or other metadata.

    A JPEG, PNG or WebP that needs no turning keeps its own compression; all else becomes a PNG.
    """
    modes = KEPT_AS_THEY_ARE.get(decoded.format, ())
    if not decoded.is_turned and decoded.mode in modes:
        match decoded.format:
            case "JPEG":
                return bare_jpeg(content), "jpg"
            case "PNG":
                return bare_png(content), "png"
            case "WEBP" if content[12:16] in (b"VP8 ", b"VP8L"):
                return content, "webp"
    file = io.BytesIO()
    bare = Image.new("RGB", decoded.image.size)
    bare.paste(decoded.image)
    bare.save(file, "PNG")
    return file.getvalue(), "png"


def bare_jpeg(content: bytes) -> bytes:
    """Without APP segments (but JFIF, ICC profiles and Adobe's mark) and comments; ends at its last scan."""
    kept, place = bytearray(content[:2]), 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        length = int.from_bytes(content[place + 2 : place + 4], "big")
        segment = content[place : place + 2 + length]
        is_meta = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not is_meta or segment[4:].startswith((b"JFIF\0", b"ICC_PROFILE\0", b"Adobe")):
            kept += segment
        place += 2 + length
        if marker == 0xDA:
            end = content.rfind(b"\xff\xd9")
            return bytes(kept + content[place : end + 2 if end >= place else len(content)])
    return content


PNG_KEPT = frozenset(b"IHDR PLTE IDAT IEND tRNS cHRM gAMA sRGB iCCP sBIT".split())


def bare_png(content: bytes) -> bytes:
    """Only the chunks that make the pixels; nothing behind the end."""
    kept, place = bytearray(content[:8]), 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        kind, end = content[place + 4 : place + 8], place + 12 + length
        if kind in PNG_KEPT:
            kept += content[place:end]
        if kind == b"IEND":
            break
        place = end
    return bytes(kept)
