"""Any picture file from outside made clean: RGB, upright, bounded, and without its metadata."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from agent.errors import UploadRejected

__all__ = ["CleanPicture", "clean_upload"]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOVING_FORMATS = ("PNG", "WEBP", "GIF")
"""A JPEG of several frames (MPO) is one photo with its depth or preview beside it."""
MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE_PX = 2048
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    IndexError,
    KeyError,
    struct.error,
    zlib.error,
)
"""All that Pillow raises on damaged files."""


@dataclass(frozen=True, kw_only=True)
class CleanPicture:
    """A decoded upload as a PNG; the flags say what the user should hear of."""

    png: bytes
    width: int
    height: int
    is_reduced: bool = False
    is_first_frame: bool = False

    @property
    def is_changed(self) -> bool:
        return self.is_reduced or self.is_first_frame


def clean_upload(source: Path | bytes) -> CleanPicture:
    """Decode: first frame, upright, over white, sRGB, long side at most 2048; raises UploadRejected."""
    name = source.name[:60] if isinstance(source, Path) else "The file"
    content = read_bounded(source, name)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            require_few_pixels(image, name)
            is_first_frame = image.format in MOVING_FORMATS and getattr(image, "is_animated", False)
            upright = upright_rgb(image)
            clean = reduced(upright)
            return CleanPicture(
                png=as_png(clean),
                width=clean.width,
                height=clean.height,
                is_reduced=clean.size != upright.size,
                is_first_frame=is_first_frame,
            )
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UploadRejected(
            f"{name} has too many pixels. Please upload one of at most 40 megapixels."
        ) from error
    except UnidentifiedImageError as error:
        raise UploadRejected(
            f"{name} is not a picture I can read. Please upload a PNG, JPEG, WebP or GIF."
        ) from error
    except BROKEN as error:
        raise UploadRejected(
            f"{name} is damaged or cut short. Please save it again and upload it once more."
        ) from error


def read_bounded(source: Path | bytes, name: str) -> bytes:
    """The file's bytes, if there are not too many of them."""
    try:
        num_bytes = source.stat().st_size if isinstance(source, Path) else len(source)
        if num_bytes > MAX_BYTES:
            megabytes = num_bytes / 1024**2
            raise UploadRejected(f"{name} has {megabytes:.0f} MB. Please upload a picture of at most 25 MB.")
        content = source.read_bytes() if isinstance(source, Path) else source
    except OSError as error:
        raise UploadRejected(f"{name} cannot be read ({error.strerror}). Please upload it again.") from error
    if not content:
        raise UploadRejected(f"{name} is empty. Please upload a PNG, JPEG, WebP or GIF.")
    return content


def require_few_pixels(image: Image.Image, name: str) -> None:
    """Only the header is read so far: a picture too large is never decoded."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UploadRejected(
            f"{name} has {width}x{height} pixels. "
            f"Please upload one of at most {MAX_PIXELS // 1_000_000} megapixels."
        )


def upright_rgb(image: Image.Image) -> Image.Image:
    """The first frame as 8-bit sRGB over white, turned as its EXIF says."""
    profile = image.info.get("icc_profile")
    image.seek(0)
    image = ImageOps.exif_transpose(image)
    if image.mode in {"I;16", "I;16B", "I;16L", "I;16N", "I"}:
        image = image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    if profile and image.mode in {"RGB", "CMYK", "L"}:
        image = in_srgb(image, profile)
    return image.convert("RGB")


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Colours as the profile means them; a profile that does not fit its picture is left out."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image
    return converted if converted is not None else image


def reduced(image: Image.Image) -> Image.Image:
    """At most MAX_SIDE_PX on the long side."""
    scale = MAX_SIDE_PX / max(image.size)
    if scale >= 1:
        return image
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def as_png(image: Image.Image) -> bytes:
    """Pixels only: EXIF, comments and profiles stay behind."""
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    file = io.BytesIO()
    bare.save(file, "PNG")
    return file.getvalue()
