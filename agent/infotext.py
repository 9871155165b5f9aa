"""The settings that came with a picture: ours, or the infotext of other tools in PNG, JPEG and WebP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from agent.decoder.kinds import is_readable
from agent.decoder.pool import Decoders, Undecodable
from agent.decoder.wire import Task
from agent.domain import MAX_PROMPT_CHARACTERS, PictureOptions, Recipe, Value
from agent.uploads import read_bounded

__all__ = ["PictureSettings", "read_infotext", "read_settings", "settings_of"]

NEGATIVE = "Negative prompt:"
LEAST_PAIRS = 3
"""With fewer of them the last line is a line of the prompt."""
KEY = re.compile(r"\w[\w /-]+")
SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
MAX_CHARACTERS = 20_000
MAX_SEED = 2**31 - 1
Number = TypeVar("Number", int | None, float | None)


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


def read_settings(source: Path | bytes, decoders: Decoders) -> PictureSettings | None:
    """Of a picture file, without decoding its pixels; None if it carries none or cannot be read.

    Raises UploadRejected for a file that is too large or empty.
    """
    content = read_bounded(source, source.name if isinstance(source, Path) else "The file")
    if not is_readable(content):
        return None
    try:
        answer = decoders.ask(Task.TEXTS, content).answer
    except Undecodable:
        return None
    with suppress(ValidationError):
        if answer.recipe is not None:
            return settings_of(Recipe.model_validate_json(answer.recipe))
    return read_infotext(answer.infotext) if answer.infotext and answer.infotext.strip() else None


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
