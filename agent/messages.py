"""A message before it becomes a turn: what it holds, and what is refused at the door."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from agent.branches import TIP
from agent.domain import MAX_PROMPT_CHARACTERS, Artifact, Decision, PictureOptions, Route
from agent.errors import MessageRefused
from agent.gates.gates import Gates, language_of
from agent.replies import Replies
from agent.uploads import CleanPicture

__all__ = ["MAX_UPLOADS", "Message", "clean_text", "go_back_to", "require_message", "require_uploads"]

MAX_UPLOADS = 4


@dataclass(frozen=True, kw_only=True)
class Message:
    """What the user sent; with a `given` decision no brain needs to read it."""

    text: str
    files: Sequence[Path | bytes]
    options: PictureOptions
    given: Decision | None = None
    after: str | None = TIP
    mask: bytes | None = None
    mask_of: str | None = None


def go_back_to(picture: Artifact, language: str) -> Message:
    """What the user would say, already understood."""
    return Message(
        text=Replies(language).go_back_to(picture),
        files=(),
        options=PictureOptions(),
        given=Decision(route=Route.GO_BACK, targets=(picture.id,), language=language),
    )


def require_message(message: Message, gates: Gates) -> None:
    """Raises MessageRefused, UnsafeRequest or GateUnavailable."""
    num_characters = len(message.text)
    if num_characters > MAX_PROMPT_CHARACTERS:
        raise MessageRefused(
            f"Your message has {num_characters:,} characters; I read up to {MAX_PROMPT_CHARACTERS:,}. "
            "Please shorten it and send it again."
        )
    if not message.text and message.mask is not None:
        raise MessageRefused("Please say what should change where you painted.")
    if not message.text and not message.files:
        raise MessageRefused("Your message is empty. Please say what you would like to see.")
    if len(message.files) > MAX_UPLOADS:
        raise MessageRefused(
            f"You sent {len(message.files)} files; I take up to {MAX_UPLOADS} a message. Please send fewer."
        )
    gates.require_words(message.text, language_of(message.text))


def require_uploads(uploads: Sequence[CleanPicture], message: Message, gates: Gates) -> None:
    """Before they are kept. Raises UnsafeRequest or GateUnavailable."""
    for upload in uploads:
        with Image.open(io.BytesIO(upload.png), formats=("PNG",)) as image:
            gates.require_picture(image, language_of(message.text))


def clean_text(text: str) -> str:
    """Without what no database can keep: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "").strip()
