"""Pictures as programs get them: with their mark, in the format asked for."""

from __future__ import annotations

import base64
import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from agent.artifacts import Artifacts
from agent.domain import Artifact, SourceType
from agent.marks import XMP_KEY, xmp
from ui.doors.image_params import OutputFormat

__all__ = ["encoded_picture", "encoded_preview", "fitted_picture", "media_type", "text_of"]


MOST_BYTES = 600_000
FITTED_SIDE_PX = 1024


def encoded_picture(
    artifacts: Artifacts, picture: Artifact, saves_as: OutputFormat, compression: int
) -> bytes:
    """A PNG as it was saved; another format with the same mark. Raises SourceNotFound, StorageUnavailable."""
    png = artifacts.read(picture.sha256)
    if saves_as == "png":
        return png
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        image.load()
        mark = str(image.info.get(XMP_KEY, ""))
        return encoded(image, saves_as, compression, mark)


def fitted_picture(artifacts: Artifacts, picture: Artifact) -> tuple[bytes, OutputFormat]:
    """Small enough for programs that bound what a tool may answer: the PNG, or a JPEG of at most 1024 px."""
    png = artifacts.read(picture.sha256)
    if len(png) <= MOST_BYTES:
        return png, "png"
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        image.load()
        mark = str(image.info.get(XMP_KEY, ""))
        image.thumbnail((FITTED_SIDE_PX, FITTED_SIDE_PX), Image.Resampling.LANCZOS)
        return encoded(image, "jpeg", 85, mark), "jpeg"


def encoded_preview(jpeg: bytes, saves_as: OutputFormat, source_type: SourceType) -> bytes:
    """A picture half done: a model made that too."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        return encoded(image, saves_as, 85, xmp(source_type))


def encoded(image: Image.Image, saves_as: OutputFormat, compression: int, mark: str) -> bytes:
    file = io.BytesIO()
    if saves_as == "png":
        chunks = PngInfo()
        if mark:
            chunks.add_itxt(XMP_KEY, mark)
        image.convert("RGB").save(file, "PNG", pnginfo=chunks)
    elif saves_as == "jpeg":
        image.convert("RGB").save(file, "JPEG", quality=compression, xmp=mark.encode())
    else:
        kept = image if image.mode == "RGBA" else image.convert("RGB")
        kept.save(file, "WEBP", quality=compression, xmp=mark.encode())
    return file.getvalue()


def media_type(saves_as: OutputFormat) -> str:
    return f"image/{saves_as}"


def text_of(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
