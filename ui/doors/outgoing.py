"""Pictures as programs get them: with their mark, in the format asked for."""

from __future__ import annotations

import base64
import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from agent.domain import Artifact, SourceType
from agent.encoding import Form
from agent.exits import Exits
from agent.marks import XMP_KEY, xmp
from ui.doors.image_params import Encoding, OutputFormat

__all__ = ["encoded_picture", "encoded_preview", "fitted_picture", "media_type", "text_of"]


MOST_BYTES = 600_000
FITTED_SIDE_PX = 1024


def encoded_picture(exits: Exits, owner: str, picture: Artifact, encoding: Encoding) -> bytes:
    """In that format, marked and signed as at every exit.

    Raises SourceNotFound, StorageUnavailable, SigningFailed.
    """
    form, quality = Form(encoding.saves_as), encoding.compression
    return exits.picture(picture, owner, form=form, quality=quality, bare=encoding.is_bare)


def fitted_picture(
    exits: Exits, owner: str, picture: Artifact, *, is_bare: bool = False
) -> tuple[bytes, OutputFormat]:
    """Small enough for programs that bound what a tool may answer: the PNG, or a JPEG of at most 1024 px.

    Raises as encoded_picture does.
    """
    png = exits.picture(picture, owner, bare=is_bare)
    if len(png) <= MOST_BYTES:
        return png, "png"
    jpeg = exits.picture(picture, owner, form=Form.JPEG, quality=85, longest_px=FITTED_SIDE_PX, bare=is_bare)
    return jpeg, "jpeg"


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
