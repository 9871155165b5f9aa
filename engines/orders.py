"""What can be asked of a family of engines that lives in a process of its own. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, TypeAlias

from PIL import Image

from engines.api import Message, Progress
from engines.worker import Request

__all__ = [
    "SIGN",
    "TAKEN",
    "Answer",
    "Channel",
    "Count",
    "Draw",
    "Given",
    "Inform",
    "Locate",
    "Look",
    "Measure",
    "Order",
    "Piece",
    "Speak",
    "Words",
    "is_sign",
]

EYES, SPEAKER = "eyes", "speaker"
"""Other members."""
TAKEN = "taken"
"""Said first: from here on the order is being carried out."""


class Channel(IntEnum):
    """Orders of one kind wait for each other; of others, only those of DRAWING and SPEAKING, step by step."""

    DRAWING = 0
    LOADING = 1
    LOOKING = 2
    SPEAKING = 3

    @property
    def needs_device(self) -> bool:
        return self in (Channel.DRAWING, Channel.SPEAKING)


@dataclass(frozen=True, kw_only=True)
class Draw:
    """A Sample, with progress; `request` says of what."""

    member: str
    request: Request
    channel: ClassVar = Channel.DRAWING

    @property
    def who(self) -> str:
        return self.member


@dataclass(frozen=True, kw_only=True)
class Inform:
    """The EngineInfo of a member, which is loaded for it."""

    member: str
    channel: ClassVar = Channel.LOADING

    @property
    def who(self) -> str:
        return self.member


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the eyes see."""

    image: Image.Image
    question: str
    channel: ClassVar = Channel.LOOKING
    who: ClassVar = EYES


@dataclass(frozen=True, kw_only=True)
class Locate:
    """Where the eyes see it."""

    image: Image.Image
    words: str
    channel: ClassVar = Channel.LOOKING
    who: ClassVar = EYES


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the eyes can tell apart."""

    channel: ClassVar = Channel.LOOKING
    who: ClassVar = EYES


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How many tokens the speaker takes."""

    channel: ClassVar = Channel.SPEAKING
    who: ClassVar = SPEAKER


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many tokens the messages are to the speaker."""

    messages: Sequence[Message]
    channel: ClassVar = Channel.SPEAKING
    who: ClassVar = SPEAKER


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The speaker's JSON, with progress."""

    messages: Sequence[Message]
    schema: Mapping[str, object]
    num_tokens: int
    channel: ClassVar = Channel.SPEAKING
    who: ClassVar = SPEAKER


@dataclass(frozen=True, kw_only=True)
class Speak:
    """The speaker's words: Pieces and progress, and nothing at the end."""

    messages: Sequence[Message]
    num_tokens: int
    channel: ClassVar = Channel.SPEAKING
    who: ClassVar = SPEAKER


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Of what is spoken."""

    text: str


Order: TypeAlias = Draw | Inform | Look | Locate | Words | Measure | Count | Answer | Speak


@dataclass(frozen=True, kw_only=True)
class Given:
    """An order as it is handed over: `label` says in log records whose it is."""

    order: Order
    label: str


SIGN = Progress(step=-1, num_steps=1)
"""Not of work: of life, while the device is another's. It waits for no leave to go on."""


def is_sign(said: object) -> bool:
    return isinstance(said, Progress) and said.step < 0
