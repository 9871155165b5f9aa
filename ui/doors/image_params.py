"""What an image request may ask for: OpenAI's fields, and those that local servers add."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agent.domain import MAX_PROMPT_CHARACTERS, PictureOptions, Quality
from agent.messages import clean_text
from engines.api import Size
from ui.doors.openai_errors import bad_request

__all__ = ["Encoding", "ImageParams", "OutputFormat", "options_of", "read_params", "size_of"]

OutputFormat = Literal["png", "jpeg", "webp"]
MAX_SEED = 2**32 - 1
MOST_PICTURES = 10
MOST_CHARACTERS = 32_000
"""Of a prompt, as OpenAI takes it; what is longer than is read here is cut, and that is said."""
LEAST_SIDE_PX, MOST_SIDE_PX = 64, 4096
MOST_RATIO = 3.0
SIZE = re.compile(r"(\d{1,5})x(\d{1,5})", re.IGNORECASE)
QUALITIES = {
    "low": Quality.FAST,
    "medium": Quality.DEV,
    "high": Quality.FULL,
    "hd": Quality.FULL,
    "xhigh": Quality.FULL,
    "max": Quality.FULL,
}
"""`auto` and `standard` are the page's own default."""
CANNOT = {
    "markup": "Marked-up pictures are not read here. Please say in words what to change, or send a mask.",
    "svg": "Pictures are pixels here: please ask for png, jpeg or webp.",
    "frame_count": "Moving pictures are not made here: please ask for png, jpeg or webp.",
}


OPAQUE = "I cannot make the background of a picture transparent while I make it, so this is opaque."


def text(value: object) -> object:
    """Without what no database can keep."""
    return clean_text(value) if isinstance(value, str) else value


def count(value: object) -> object:
    """True is no number of pictures."""
    return str(value) if isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(text)]
Count = Annotated[int, BeforeValidator(count)]


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """The kind of file that a program gets; `is_bare` leaves a picture's settings out, never its mark."""

    saves_as: OutputFormat
    compression: int
    is_bare: bool = False


class ImageParams(BaseModel):
    """Fields of both calls; None is the default. What is not named here changes no picture and is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    prompt: Text = Field(min_length=1, max_length=MOST_CHARACTERS)
    model: str | None = Field(default=None, max_length=200)
    n: Count | None = Field(default=None, ge=1, le=MOST_PICTURES)
    size: str | None = None
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto", "standard", "hd"] | None = None
    response_format: Literal["url", "b64_json"] | None = None
    output_format: OutputFormat | None = None
    output_compression: Count | None = Field(default=None, ge=0, le=100)
    metadata: bool | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    stream: bool | None = None
    partial_images: Count | None = Field(default=None, ge=0, le=3)
    seed: Count | None = Field(default=None, ge=-1, le=MAX_SEED)
    negative_prompt: Text | None = Field(default=None, max_length=MAX_PROMPT_CHARACTERS)
    num_steps: Count | None = Field(
        default=None, ge=1, le=200, validation_alias=AliasChoices("steps", "num_inference_steps", "num_steps")
    )
    guidance: float | None = Field(
        default=None,
        ge=0,
        le=20,
        allow_inf_nan=False,
        validation_alias=AliasChoices("guidance", "guidance_scale", "cfg_scale"),
    )

    @property
    def num_pictures(self) -> int:
        return self.n or 1

    @property
    def saves_as(self) -> OutputFormat:
        return self.output_format or "png"

    @property
    def compression(self) -> int:
        """As OpenAI has it, a quality: 100 is the best."""
        return 100 if self.output_compression is None else self.output_compression

    @property
    def encoding(self) -> Encoding:
        """With the words and settings that made the picture, unless `metadata` is false."""
        is_bare = self.metadata is False
        return Encoding(saves_as=self.saves_as, compression=self.compression, is_bare=is_bare)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the reply says of wishes that cannot be met."""
        return (OPAQUE,) if self.background == "transparent" else ()

    @property
    def gives_links(self) -> bool:
        """Clients of the models that are gone expect links where they ask for nothing."""
        if self.response_format is None:
            return (self.model or "").startswith("dall-e-")
        return self.response_format == "url"


def read_params(fields: Mapping[str, Any]) -> ImageParams:
    """Raises ApiError with a sentence about the first field that cannot be."""
    for name, sentence in CANNOT.items():
        if fields.get(name) not in (None, ""):
            raise bad_request(sentence, name, "unsupported_parameter")
    given = {name: value for name, value in fields.items() if value not in (None, "") or name == "prompt"}
    try:
        params = ImageParams.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        raise bad_request(
            sentence_about(name, first["type"], first["msg"]), name, code(first["type"])
        ) from None
    size_of(params)
    if params.stream and params.response_format == "url":
        raise bad_request(
            "A stream brings pictures, not links: leave response_format out.", "response_format"
        )
    return params


def sentence_about(name: str, kind: str, reason: str) -> str:
    """The field and what it should be."""
    if name == "prompt" and kind in {"missing", "string_too_short"}:
        return "The prompt is empty. Please say what you would like to see."
    if name == "n" and kind in {"less_than_equal", "greater_than_equal"}:
        return f"n must be from 1 to {MOST_PICTURES}: that is how many pictures one call may make."
    return f"{name}: {reason[:1].lower()}{reason[1:]}."


def code(kind: str) -> str:
    return "missing_required_parameter" if kind == "missing" else "invalid_value"


def size_of(params: ImageParams) -> Size | None:
    """None where the engine may choose. Raises ApiError for what is no size at all."""
    if params.size is None or params.size.lower() == "auto":
        return None
    found = SIZE.fullmatch(params.size.strip())
    if found is None:
        raise bad_request("size must be auto or WIDTHxHEIGHT in pixels, for example 1024x1024.", "size")
    width, height = int(found[1]), int(found[2])
    if min(width, height) < LEAST_SIDE_PX or max(width, height) > MOST_SIDE_PX:
        raise bad_request(f"size: each side must have {LEAST_SIDE_PX} to {MOST_SIDE_PX} pixels.", "size")
    if max(width, height) > MOST_RATIO * min(width, height):
        raise bad_request("size: one side may be at most three times the other.", "size")
    return Size(width, height)


def options_of(params: ImageParams, quality: Quality | None) -> PictureOptions:
    """`quality` is what the model's name says, which goes before what is asked for."""
    wanted = quality or QUALITIES.get(params.quality or "auto")
    named = {} if wanted is None else {"quality": wanted}
    return PictureOptions(
        **named,
        seed=None if params.seed == -1 else params.seed,
        num_steps=params.num_steps,
        guidance=params.guidance,
        negative_prompt=params.negative_prompt or "",
        rewrites=False,
    )
