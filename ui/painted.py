"""What the page's brush sends along with a message: the marked part of a picture."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64

import gradio as gr
from pydantic import Field, ValidationError

from agent.domain import Value
from ui.words import say

__all__ = ["Painted", "read_painted"]

MOST_CHARACTERS = 20_000_000


class Painted(Value):
    """`about` is the picture's id; `png` has its size and is white where it may change. Both may be None."""

    about: str | None = None
    png: bytes | None = None


class Payload(Value):
    """As the browser sends it: a PNG in base64."""

    about: str = Field(max_length=64)
    png: str = Field(max_length=MOST_CHARACTERS)


def read_painted(payload: str, language: str) -> Painted:
    """Raises gr.Error. The coordinator looks into the PNG."""
    if not payload:
        return Painted()
    try:
        found = Payload.model_validate_json(payload)
        return Painted(about=found.about, png=b64decode(found.png, validate=True))
    except (ValidationError, NotBase64) as error:
        raise gr.Error(say("bad_mask", language)) from error
