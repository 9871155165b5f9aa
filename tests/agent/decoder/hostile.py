"""Files that no camera makes: whole ones to begin with, broken ones by the thousand, and bombs by hand."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

__all__ = ["BOMBS", "POLYGLOTS", "as_written", "broken", "private_pictures", "seeds"]

SECRET = b"canary-4711"
"""Stands in all metadata of the pictures here, and must be nowhere in what comes of them."""
XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a b="{SECRET.decode()}"/></x:xmpmeta>'
T = TypeVar("T")
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def as_written(image: Image.Image, file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def noise(seed: int, mode: str = "RGB", side: int = 24) -> Image.Image:
    dice = np.random.default_rng(seed)
    pixels = dice.integers(0, 256, (side, side + 3, 4), dtype=np.uint8)
    return Image.fromarray(pixels, "RGBA").convert(mode)


def exif() -> Image.Exif:
    """With a place, a camera's number and a turn."""
    found = Image.Exif()
    found[0x0112], found[0x010F] = 6, SECRET.decode()
    found.get_ifd(0x8769).update({0xA431: SECRET.decode(), 0x9286: b"ASCII\0\0\0" + SECRET})
    found.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: SECRET.decode()})
    return found


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + SECRET


def texts() -> PngInfo:
    found = PngInfo()
    found.add_text("Comment", SECRET.decode())
    found.add_text("parameters", SECRET.decode(), zip=True)
    found.add_itxt("XML:com.adobe.xmp", XMP, zip=True)
    return found


@functools.cache
def seeds() -> tuple[bytes, ...]:
    """Small whole files of many kinds."""
    frames = [noise(index) for index in range(3)]
    moving = {"save_all": True, "append_images": frames[1:]}
    deep = np.random.default_rng(5).integers(0, 65536, (20, 20), dtype=np.uint16)
    everything = {"exif": exif(), "icc_profile": profile(), "xmp": XMP.encode()}
    palette = noise(6).quantize(16)
    return (
        *(as_written(noise(1, mode), "PNG") for mode in ("RGB", "RGBA", "L", "LA", "1", "P")),
        as_written(Image.fromarray(deep), "PNG"),
        as_written(palette, "PNG", transparency=3, bits=4),
        as_written(noise(2), "PNG", pnginfo=texts(), exif=exif(), icc_profile=profile()),
        as_written(frames[0], "PNG", **moving),
        *(as_written(noise(3, mode, 40), "JPEG") for mode in ("RGB", "L", "CMYK")),
        as_written(noise(3, side=40), "JPEG", progressive=True, subsampling=0, restart_marker_blocks=2),
        as_written(noise(4), "JPEG", comment=SECRET, **everything),
        as_written(frames[0], "MPO", **moving),
        as_written(noise(7), "WEBP"),
        as_written(noise(7), "WEBP", lossless=True),
        as_written(noise(7, "RGBA"), "WEBP", **everything),
        as_written(frames[0], "WEBP", **moving),
        as_written(noise(8), "GIF"),
        as_written(palette, "GIF", transparency=2, interlace=True, comment=SECRET),
        as_written(frames[0], "GIF", **moving, loop=0, disposal=2),
    )


def broken(seed: int) -> bytes:
    """A file that is damaged, cut short, or put together from several: the same for the same seed."""
    dice = np.random.default_rng(seed)
    content = pick(dice, seeds())
    for _ in range(int(dice.integers(1, 4))):
        content = bytes(pick(dice, DAMAGES)(content, dice))
    return with_sums(content) if dice.random() < 0.5 else content


def pick(dice: np.random.Generator, among: tuple[T, ...]) -> T:
    return among[int(dice.integers(len(among)))]


def place(content: bytes, dice: np.random.Generator) -> int:
    """Anywhere, and half of the time in the first hundred bytes, where the heads are."""
    most = len(content) if dice.random() < 0.5 else min(100, len(content))
    return int(dice.integers(0, max(1, most)))


def other_bytes(content: bytes, dice: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for _ in range(int(dice.integers(1, 9))):
        if changed:
            changed[place(content, dice)] = dice.integers(256)
    return changed


def cut_short(content: bytes, dice: np.random.Generator) -> bytes:
    return content[: place(content, dice)]


def extreme_number(content: bytes, dice: np.random.Generator) -> bytes:
    at, form = place(content, dice), pick(dice, (">I", "<I", ">H", "<H", "B"))
    number = pick(dice, EXTREMES) & (256 ** struct.calcsize(form) - 1)
    return content[:at] + struct.pack(form, number) + content[at + struct.calcsize(form) :]


def spliced(content: bytes, dice: np.random.Generator) -> bytes:
    other = pick(dice, seeds())
    return content[: place(content, dice)] + other[place(other, dice) :]


def other_head(content: bytes, dice: np.random.Generator) -> bytes:
    length = int(dice.integers(2, 33))
    return pick(dice, seeds())[:length] + content[length:]


def repeated(content: bytes, dice: np.random.Generator) -> bytes:
    begin, end = sorted((place(content, dice), place(content, dice)))
    return content[:end] + content[begin:end] * int(dice.integers(1, 20)) + content[end:]


def left_out(content: bytes, dice: np.random.Generator) -> bytes:
    begin, end = sorted((place(content, dice), place(content, dice)))
    return content[:begin] + content[end:]


def stuffed(content: bytes, dice: np.random.Generator) -> bytes:
    at = place(content, dice)
    return content[:at] + dice.bytes(int(dice.integers(1, 500))) + content[at:]


Damage = Callable[[bytes, np.random.Generator], bytes]
DAMAGES: tuple[Damage, ...] = (
    other_bytes,
    other_bytes,
    cut_short,
    extreme_number,
    extreme_number,
    spliced,
    other_head,
    repeated,
    left_out,
    stuffed,
)


def with_sums(content: bytes) -> bytes:
    """A PNG's chunks with check sums that fit, so that their damage gets past the first look."""
    if not content.startswith(PNG_SIGNATURE):
        return content
    mended, at = bytearray(content), len(PNG_SIGNATURE)
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        end = at + 8 + length
        if end + 4 > len(content):
            break
        struct.pack_into(">I", mended, end, zlib.crc32(content[at + 4 : end]))
        at = end + 4
    return bytes(mended)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *extra: bytes, depth: int = 8, colour: int = 2, data: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return PNG_SIGNATURE + header + b"".join(extra) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def zeros(num_bytes: int) -> bytes:
    """That many, compressed."""
    packer, block = zlib.compressobj(9), bytes(1024**2)
    pieces = [packer.compress(block) for _ in range(num_bytes // len(block))]
    return b"".join([*pieces, packer.compress(bytes(num_bytes % len(block))), packer.flush()])


def jpeg(width: int, height: int, num_bands: int = 3) -> bytes:
    """A whole one with another size in its frame header."""
    whole = bytearray(as_written(noise(1, "CMYK" if num_bands == 4 else "RGB"), "JPEG"))
    struct.pack_into(">HH", whole, whole.index(b"\xff\xc0") + 5, height, width)
    return bytes(whole)


def webp(kind: bytes, body: bytes) -> bytes:
    inside = b"WEBP" + kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(inside)) + inside


def webp_canvas(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    whole = as_written(noise(7), "WEBP")
    return webp(b"VP8X", bytes(4) + sides + whole[12:])


def gif(width: int, height: int, frame_width: int, frame_height: int) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, frame_width, frame_height, 0)
    return screen + frame + b"\x02\x02\x44\x01\x00\x3b"


SVG = '<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'
LAUGHS = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n<svg>&b;</svg>'
HTML = "\ufeff <!DOCTYPE html><html><img src=x onerror=alert(1)></html>"


def large_text(kind: bytes) -> bytes:
    """100 MB of text in 100 KB."""
    head = b"Comment\0\0" if kind == b"zTXt" else b"Comment\0\1\0\0\0"
    return png(8, 8, chunk(kind, head + zeros(100 * 1024**2)))


def huge_tiff() -> bytes:
    entries = ((256, 60_000), (257, 60_000))
    return b"II*\0\x08\0\0\0\x02\0" + b"".join(struct.pack("<HHII", tag, 4, 1, side) for tag, side in entries)


@dataclass(frozen=True, kw_only=True)
class Bomb:
    """What is to be refused, and what the sentence must say."""

    make: Callable[[], bytes]
    says: str


PIXELS = "at most 40 megapixels"
BOMBS: Mapping[str, Bomb] = {
    name: Bomb(make=make, says=says)
    for name, make, says in (
        ("13000x13000, black", lambda: png(13_000, 13_000, data=zeros(507_013_000)), "13000x13000"),
        ("13000x13000, grey", lambda: png(13_000, 13_000, colour=0, data=zeros(169_013_000)), "13000x13000"),
        ("1 x 10^9", lambda: png(1, 10**9), PIXELS),
        ("10^9 x 1", lambda: png(10**9, 1), PIXELS),
        ("most a PNG can say", lambda: png(2**31 - 1, 2**31 - 1), PIXELS),
        ("16 bit, 10000x10000", lambda: png(10_000, 10_000, depth=16, colour=6), PIXELS),
        (
            "moving PNG, 20000x20000",
            lambda: png(20_000, 20_000, chunk(b"acTL", struct.pack(">II", 10**6, 0))),
            PIXELS,
        ),
        ("100 MB in zTXt", lambda: large_text(b"zTXt"), "damaged"),
        ("100 MB in iTXt", lambda: large_text(b"iTXt"), "damaged"),
        (
            "100 x 1 MB in zTXt",
            lambda: png(8, 8, chunk(b"zTXt", b"Comment\0\0" + zeros(1024**2 - 1)) * 100),
            "damaged",
        ),
        ("100 MB of profile", lambda: png(8, 8, chunk(b"iCCP", b"p\0\0" + zeros(100 * 1024**2))), "damaged"),
        ("a chunk without end", lambda: PNG_SIGNATURE + b"\xff\xff\xff\xffIHDR" + bytes(1000), "damaged"),
        ("JPEG, 65500x65500", lambda: jpeg(65_500, 65_500), PIXELS),
        ("JPEG, 65500x700", lambda: jpeg(65_500, 700), PIXELS),
        ("CMYK JPEG, 20000x20000", lambda: jpeg(20_000, 20_000, 4), PIXELS),
        ("WebP canvas, 16384x16384", lambda: webp_canvas(16_384, 16_384), PIXELS),
        ("WebP canvas, 2^24 x 2^8", lambda: webp_canvas(2**24, 2**8), PIXELS),
        (
            "lossy WebP, 16383x16383",
            lambda: webp(b"VP8 ", b"\x10\0\0\x9d\x01\x2a\xff\x3f\xff\x3f" + bytes(500)),
            "Please",
        ),
        ("lossless WebP, 16384x16384", lambda: webp(b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(500)), "Please"),
        ("GIF, 65535x65535", lambda: gif(65_535, 65_535, 1, 1), PIXELS),
        ("GIF, small with a giant frame", lambda: gif(8, 8, 65_535, 65_535), PIXELS),
        ("more than 25 MB of EXIF", lambda: jpeg(8, 8) + SECRET * (3 * 1024**2), "at most 25 MB"),
        ("SVG", SVG.encode, "an SVG drawing"),
        ("SVG of entities", LAUGHS.encode, "an SVG drawing"),
        ("SVG in UTF-16", lambda: SVG.encode("utf-16"), "an SVG drawing"),
        ("HTML", HTML.encode, "a web page"),
        ("PDF", lambda: b"%PDF-1.7\n" + bytes(100), "a PDF document"),
        ("HEIC", lambda: b"\0\0\0\x18ftypheic" + bytes(100), "a HEIC photo"),
        ("AVIF", lambda: b"\0\0\0\x18ftypavif" + bytes(100), "an AVIF picture"),
        ("TIFF, 60000x60000", huge_tiff, "a TIFF picture"),
        (
            "PSD",
            lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 30_000, 30_000, 8, 3),
            "a Photoshop",
        ),
        ("gzip of a PNG", lambda: b"\x1f\x8b\x08" + bytes(100), "a compressed file"),
    )
}
POLYGLOTS: Mapping[str, Callable[[], bytes]] = {
    "PNG and zip": lambda: seeds()[0] + b"PK\x03\x04" + SECRET,
    "JPEG and HTML": lambda: seeds()[10] + b"<script>" + SECRET + b"</script>",
    "GIF and script": lambda: seeds()[-3] + b"/*" + SECRET + b"*/=1;alert(1)",
    "WebP and more": lambda: seeds()[16] + SECRET,
    "much XMP": lambda: as_written(noise(1), "JPEG", xmp=SECRET * 5000),
    "a comment that says it is a page": lambda: as_written(noise(1), "JPEG", comment=b"<html>" + SECRET),
    "PNG whose pixels never end": lambda: png(8, 8, data=zeros(200 * 1024**2)),
    "EXIF that points to itself": lambda: as_written(
        noise(1),
        "JPEG",
        exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x8769, 4, 1, 8) + bytes(4),
    ),
}


def private_pictures(num: int) -> list[bytes]:
    """Whole pictures, each with SECRET in all the metadata that its format has."""
    pictures = []
    for index in range(num):
        image = noise(index, pick(np.random.default_rng(index), ("RGB", "RGB", "L", "P")), 16 + index % 30)
        match index % 4:
            case 0:
                content = as_written(image, "PNG", pnginfo=texts(), exif=exif(), icc_profile=profile())
            case 1:
                image = image.convert("RGB")
                content = as_written(image, "JPEG", exif=exif(), icc_profile=profile(), xmp=XMP.encode())
            case 2:
                image = image.convert("RGB")
                content = as_written(image, "WEBP", exif=exif(), icc_profile=profile(), xmp=XMP.encode())
            case _:
                content = as_written(image, "GIF", comment=SECRET + bytes([index]))
        pictures.append(content)
    return pictures
