"""The settings that came with a picture: ours, or the infotext of other tools in PNG, JPEG and WebP."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image
from pydantic import ValidationError

from agent.domain import MAX_PROMPT_CHARACTERS, PictureOptions, Recipe, Value
from agent.metadata import INFOTEXT_KEY, RECIPE_KEY
from agent.uploads import BROKEN, FORMATS, read_bounded

__all__ = ["PictureSettings", "read_infotext", "read_settings", "settings_of"]

NEGATIVE = "Negative prompt:"
LEAST_PAIRS = 3
"""With fewer of them the last line is a line of the prompt."""
KEY = re.compile(r"\w[\w /-]+")
SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
MAX_CHARACTERS = 20_000
MAX_SEED = 2**31 - 1
Number = TypeVar("Number", int | None, float | None)
EXIF_IFD, USER_COMMENT = 0x8769, 0x9286
CODE_CHARACTERS = 8
"""A user comment begins with the name of its encoding, filled up with zeros."""


class PictureSettings(Value):
    """What a picture says it was made with; what it does not say, or says wrongly, is None."""

    prompt: str = ""
    negative_prompt: str = ""
    seed: int | None = None
    num_steps: int | None = None
    guidance: float | None = None
    width: int | None = None
    height: int | None = None
    model: str = ""


@dataclass(frozen=True)
class Pair:
    """One `key: value` of the last line."""

    key: str
    value: str


def settings_of(recipe: Recipe) -> PictureSettings:
    """Those of a picture of ours."""
    return PictureSettings(
        prompt=recipe.prompt,
        negative_prompt=recipe.negative_prompt,
        seed=recipe.seed,
        num_steps=recipe.num_steps,
        guidance=recipe.guidance,
        width=recipe.width,
        height=recipe.height,
        model=recipe.preset,
    )


def read_settings(source: Path | bytes) -> PictureSettings | None:
    """Of a picture file, without decoding its pixels; None if it carries none or cannot be read.

    Raises UploadRejected for a file that is too large or empty.
    """
    content = read_bounded(source, source.name if isinstance(source, Path) else "The file")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            recipe, text = image.info.get(RECIPE_KEY), image.info.get(INFOTEXT_KEY) or user_comment(image)
    except (*BROKEN, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    try:
        if isinstance(recipe, str):
            return settings_of(Recipe.model_validate_json(recipe))
    except ValidationError:
        pass
    return read_infotext(text) if isinstance(text, str) and text.strip() else None


def user_comment(image: Image.Image) -> str:
    """The EXIF comment, where JPEG and WebP keep an infotext."""
    comment = image.getexif().get_ifd(EXIF_IFD).get(USER_COMMENT)
    if not isinstance(comment, bytes):
        return comment if isinstance(comment, str) else ""
    code, text = comment[:CODE_CHARACTERS].rstrip(b"\0"), comment[CODE_CHARACTERS:]
    if code != b"UNICODE":
        return text.decode("utf-8", "replace").strip("\0")
    is_little = len(text) > 1 and text[1] == 0
    return text.decode("utf-16-le" if is_little else "utf-16-be", "replace").strip("\0\ufeff")


def read_infotext(text: str) -> PictureSettings:
    """The prompt, the negative prompt, and the last line's pairs."""
    lines = text[:MAX_CHARACTERS].strip().splitlines()
    pairs = {pair.key: pair.value for pair in pairs_of(lines[-1])} if lines else {}
    if len(pairs) < LEAST_PAIRS:
        pairs = {}
    else:
        lines = lines[:-1]
    begins = next((index for index, line in enumerate(lines) if line.startswith(NEGATIVE)), len(lines))
    size = SIZE.fullmatch(pairs.get("Size", ""))
    return PictureSettings(
        prompt=joined(lines[:begins]),
        negative_prompt=joined(lines[begins:]).removeprefix(NEGATIVE).strip(),
        seed=whole(pairs.get("Seed"), MAX_SEED),
        num_steps=within("num_steps", whole(pairs.get("Steps"), MAX_SEED)),
        guidance=within("guidance", number(pairs.get("CFG scale"))),
        width=int(size[1]) if size else None,
        height=int(size[2]) if size else None,
        model=pairs.get("Model", "")[:100],
    )


def joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip()[:MAX_PROMPT_CHARACTERS]


def pairs_of(line: str) -> Iterator[Pair]:
    """`key: value, key: "quoted, value", ...`"""
    place = 0
    while (colon := line.find(":", place)) >= 0:
        key = line[place:colon].rpartition(",")[2].strip()
        begin = colon + 1 + len(line[colon + 1 :]) - len(line[colon + 1 :].lstrip())
        comma = line.find(",", begin)
        value, end = line[begin : comma if comma >= 0 else len(line)].strip(), comma
        if line.startswith('"', begin):
            with suppress(ValueError):
                value, end = json.JSONDecoder().raw_decode(line, begin)
        if KEY.fullmatch(key) and value:
            yield Pair(key, value)
        if end < 0:
            return
        place = end


def whole(text: str | None, most: int) -> int | None:
    """A whole number from 0 to `most`."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= 20
    value = int(text) if is_number and text is not None else -1
    return value if 0 <= value <= most else None


def number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def within(name: str, value: Number) -> Number | None:
    """A value that the page's own setting of this name may have."""
    try:
        PictureOptions.model_validate({name: value})
    except ValidationError:
        return None
    return value
