"""Folders of raw pictures, good and bad, for tests of curation."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

from PIL import Image, PngImagePlugin

__all__ = ["a_picture", "as_file", "bad_files", "bomb_png", "good_folder"]


def a_picture(seed: int, size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """Blotches of random colour: sharp, and like no other seed's."""
    rng = random.Random(seed)
    small = Image.new("RGB", (8, 6))
    small.putdata([(rng.randrange(256), rng.randrange(256), rng.randrange(256)) for _ in range(48)])
    return small.resize(size, Image.Resampling.NEAREST).convert(mode)


def as_file(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def good_folder(folder: Path, count: int) -> Path:
    """`count` PNGs with captions."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number:04}.png").write_bytes(as_file(a_picture(number)))
        (folder / f"{number:04}.txt").write_text(f"picture {number}")
    return folder


def bomb_png(side: int = 30_000) -> bytes:
    """A few bytes that promise `side` x `side` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def bad_files() -> dict[str, tuple[bytes, str]]:
    """By name: a file, and what its row must say."""
    whole = as_file(a_picture(1))
    frames = [a_picture(seed) for seed in range(3)]
    told = PngImagePlugin.PngInfo()
    told.add_text("parameters", "secret " * 100)
    return {
        "truncated.png": (whole[: len(whole) // 2], "damaged"),
        "truncated.jpg": (as_file(a_picture(2), "JPEG")[:300], "damaged"),
        "empty.png": (b"", "empty file"),
        "text.png": (b"<html>not found</html>", "not a picture"),
        "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        "moving.gif": (as_file(frames[0], "GIF", save_all=True, append_images=frames[1:]), "animated"),
        "bomb.png": (bomb_png(), "too many pixels"),
        "small.png": (as_file(a_picture(3, (8, 8))), "too few pixels"),
        "cmyk.jpg": (as_file(a_picture(4, mode="CMYK"), "JPEG"), "ok"),
        "sixteen.png": (as_file(Image.new("I;16", (64, 48), 40_000)), "ok"),
        "palette.png": (as_file(a_picture(5, mode="P")), "ok"),
        "mislabelled.jpg": (as_file(a_picture(6)), "ok"),
        "clear.png": (as_file(a_picture(7, mode="RGBA")), "ok"),
        "told.png": (as_file(a_picture(8), pnginfo=told), "ok"),
    }
