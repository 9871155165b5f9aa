"""What a PNG tells about itself: the infotext that other tools read, and our own recipe."""

from __future__ import annotations

import io
import json
import struct

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from agent.domain import Recipe
from agent.marks import XMP_KEY, xmp
from agent.operations import PIXELS

__all__ = [
    "INFOTEXT_KEY",
    "RECIPE_KEY",
    "bare_png_size",
    "infotext",
    "png_with_recipe",
    "png_with_texts",
    "read_recipe",
    "without_metadata",
]

INFOTEXT_KEY = "parameters"
RECIPE_KEY = "reverie"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def infotext(recipe: Recipe) -> str:
    """The prompt, the negative prompt if any, and one line of `key: value` pairs."""
    size = f"{recipe.width}x{recipe.height}"
    if recipe.preset == PIXELS and recipe.operation is not None:
        return f"{one_line(recipe.prompt)}\nOperation: {recipe.operation.name}, Size: {size}, Model: {PIXELS}"
    pairs = {
        "Steps": recipe.num_steps,
        "Sampler": recipe.sampler,
        "CFG scale": f"{recipe.guidance:g}",
        "Seed": recipe.seed,
        "Size": size,
        "Model hash": recipe.weights_hash[:10],
        "Model": recipe.preset,
    }
    if recipe.image_guidance is not None:
        pairs["Image CFG scale"] = f"{recipe.image_guidance:g}"
    lines = [one_line(recipe.prompt)]
    if recipe.negative_prompt:
        lines.append(f"Negative prompt: {one_line(recipe.negative_prompt)}")
    lines.append(", ".join(f"{key}: {quoted(str(value))}" for key, value in pairs.items() if str(value)))
    return "\n".join(lines)


def one_line(text: str) -> str:
    """Readers take the last line for pairs and a line's start for a key, so a prompt stays on one."""
    return " ".join(text.split())


def quoted(value: str) -> str:
    """JSON-quoted where a bare value would end early."""
    return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ',:"\n') else value


def png_with_recipe(image: Image.Image, recipe: Recipe) -> bytes:
    """The picture as PNG with both chunks, and its mark; a cut-out keeps its transparency."""
    mark = "" if recipe.source_type is None else xmp(recipe.source_type)
    image = image if image.mode == "RGBA" else image.convert("RGB")
    return png_with_texts(image, mark, infotext(recipe), recipe.model_dump_json())


def png_with_texts(image: Image.Image, mark: str, words: str, recipe: str) -> bytes:
    """Those that are not empty, always in this order: the same picture gives the same bytes."""
    chunks = PngInfo()
    if mark:
        chunks.add_itxt(XMP_KEY, mark)
    for key, text in ((INFOTEXT_KEY, words), (RECIPE_KEY, recipe)):
        if text:
            chunks.add_text(key, text)
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def without_metadata(png: bytes) -> bytes:
    """The same pixels as a PNG that tells nothing of how they were made, but for its mark."""
    mark = PngInfo()
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        image.load()
        if XMP_KEY in image.info:
            mark.add_itxt(XMP_KEY, str(image.info[XMP_KEY]))
        bare = Image.new("RGBA" if image.has_transparency_data else "RGB", image.size)
        bare.paste(image)
    file = io.BytesIO()
    bare.save(file, "PNG", pnginfo=mark)
    return file.getvalue()


def read_recipe(png: bytes) -> Recipe | None:
    """The recipe of a PNG of ours, None of any other; raises ValidationError when the chunk is damaged."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        image.load()
        chunk = image.info.get(RECIPE_KEY)
    return None if chunk is None else Recipe.model_validate_json(chunk)


def bare_png_size(png: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG that holds pixels and our own texts and nothing else, None of any other.

    Only the order of its parts is looked at: whether it can be decoded, Pillow must say.
    """
    if not png.startswith(PNG_SIGNATURE) or len(png) < 33:
        return None
    offset, kind = len(PNG_SIGNATURE), b""
    while kind != b"IEND":
        if offset + 12 > len(png):
            return None
        (length,), kind = struct.unpack_from(">I", png, offset), png[offset + 4 : offset + 8]
        body = png[offset + 8 : offset + 8 + length]
        is_ours = kind in {b"tEXt", b"iTXt", b"zTXt"} and body.split(b"\0")[0].decode("latin-1") in {
            INFOTEXT_KEY,
            RECIPE_KEY,
            XMP_KEY,
        }
        if not is_ours and kind not in {b"IHDR", b"PLTE", b"IDAT", b"IEND"}:
            return None
        offset += 12 + length
    width, height = struct.unpack_from(">II", png, 16)
    return (width, height) if offset == len(png) else None
