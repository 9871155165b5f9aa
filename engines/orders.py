"""What can be asked of a family of engines that lives in a process of its own, and how it answers there."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from multiprocessing.connection import Connection
from typing import ClassVar, TypeAlias

from PIL import Image

from engines.api import Engine, Eyes, Message, Progress, Speaker
from engines.devices import Device
from engines.errors import Cancelled, EngineError, ModelNotFound
from engines.families import EDITOR, Family
from engines.lazy import Lazy
from engines.log_lane import LABEL, Levels, send_logs
from engines.process import end_with_starter
from engines.quiet import hush
from engines.worker import Request, run

__all__ = [
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
    "serve",
]

EYES, SPEAKER = "eyes", "speaker"
"""Other members."""
TAKEN = "taken"
"""Said first: from here on the order is being carried out."""
BROKE = "Something inside the engine broke. Please retry; the log says more."
log = logging.getLogger(__name__)


class Channel(IntEnum):
    """Orders of one kind wait for each other, and for no others."""

    DEVICE = 0
    LOADING = 1
    LOOKING = 2


@dataclass(frozen=True, kw_only=True)
class Draw:
    """A Sample, with progress; `request` says of what."""

    member: str
    request: Request
    channel: ClassVar = Channel.DEVICE

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

    channel: ClassVar = Channel.DEVICE
    who: ClassVar = SPEAKER


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many tokens the messages are to the speaker."""

    messages: Sequence[Message]
    channel: ClassVar = Channel.DEVICE
    who: ClassVar = SPEAKER


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The speaker's JSON, with progress."""

    messages: Sequence[Message]
    schema: Mapping[str, object]
    num_tokens: int
    channel: ClassVar = Channel.DEVICE
    who: ClassVar = SPEAKER


@dataclass(frozen=True, kw_only=True)
class Speak:
    """The speaker's words: Pieces and progress, and nothing at the end."""

    messages: Sequence[Message]
    num_tokens: int
    channel: ClassVar = Channel.DEVICE
    who: ClassVar = SPEAKER


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Of what is spoken."""

    text: str


Order: TypeAlias = Draw | Inform | Look | Locate | Words | Measure | Count | Answer | Speak
Answering: TypeAlias = Callable[[Lazy[Family], Order, Connection], object]


@dataclass(frozen=True, kw_only=True)
class Given:
    """An order as it is handed over: `label` says in log records whose it is."""

    order: Order
    label: str


def serve(load: Callable[[], Family], device: Device, levels: Levels, *pipes: Connection) -> None:
    """The process: a thread a channel. A bug, or a failed kernel, on the device's ends the process.

    Its device, the only one seen here, can then be trusted again only from a fresh one. The last pipe is for
    log records.
    """
    end_with_starter()
    os.environ.update(device.environment)
    send_logs(pipes[-1], levels)
    hush()
    family = Lazy(load)
    for channel in (Channel.LOADING, Channel.LOOKING):
        threading.Thread(
            target=attend, args=(family, pipes[channel], answered), name=channel.name.lower(), daemon=True
        ).start()
    try:
        attend(family, pipes[Channel.DEVICE], carried_out)
    except Exception:
        log.exception("the engine's process broke and ends")
        raise SystemExit(1) from None  # or its traceback would be printed, with what it quotes


def attend(family: Lazy[Family], pipe: Connection, answer: Answering) -> None:
    """One order after the other, until the pipe is closed."""
    while True:
        try:
            given: Given = pipe.recv()
        except EOFError:
            return
        LABEL.set(given.label)
        pipe.send(TAKEN)
        try:
            said = answer(family, given.order, pipe)
        except EngineError as error:
            said = error
        pipe.send(said)


def answered(family: Lazy[Family], order: Order, pipe: Connection) -> object:
    """What needs no device's turn; a bug in it is told and does no harm to others."""
    try:
        return carried_out(family, order, pipe)
    except EngineError:
        raise
    except Exception:
        log.exception("%s broke", type(order).__name__)
        return EngineError(BROKE)


def carried_out(those: Lazy[Family], order: Order, pipe: Connection) -> object:
    """Raises EngineError."""
    family = those.get()
    match order:
        case Draw(member=member, request=request):
            return run(member_of(family, member), request, pipe)
        case Inform(member=member):
            return member_of(family, member).info
        case Look(image=image, question=question):
            return eyes_of(family).look(image, question)
        case Locate(image=image, words=words):
            return eyes_of(family).locate(image, words)
        case Words():
            return eyes_of(family).vocabulary
        case Measure():
            return speaker_of(family).max_tokens
        case Count(messages=messages):
            return speaker_of(family).count_tokens(messages)
        case Answer(messages=messages, schema=schema, num_tokens=num_tokens):
            return speaker_of(family).answer(messages, schema, num_tokens, lambda each: tell(pipe, each))
        case Speak(messages=messages, num_tokens=num_tokens):
            for text in speaker_of(family).stream(messages, num_tokens, lambda each: tell(pipe, each)):
                tell(pipe, Piece(text=text))
            return None


def tell(pipe: Connection, said: Progress | Piece) -> None:
    """And wait for leave to go on."""
    pipe.send(said)
    if not pipe.recv():
        raise Cancelled("Stopped.")


def member_of(family: Family, name: str) -> Engine:
    engine = family.editor if name == EDITOR else family.painters.get(name)
    if engine is None:
        raise ModelNotFound(f"There is no {name} among the engines.")
    return engine


def eyes_of(family: Family) -> Eyes:
    if family.eyes is None:
        raise ModelNotFound("These engines have no eyes.")
    return family.eyes


def speaker_of(family: Family) -> Speaker:
    if family.speaker is None:
        raise ModelNotFound("These engines cannot speak.")
    return family.speaker
