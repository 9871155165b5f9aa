"""What the app and a decoder say to one another: a head in JSON, then bytes. Nothing is ever unpickled."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import IO, Literal

__all__ = ["MAX_BYTES", "MAX_PIXELS", "Answer", "Frame", "Problem", "Task", "receive", "send", "send_answer"]

MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 40_000_000
LENGTHS = struct.Struct(">IQ")


class Task(StrEnum):
    """What a decoder can be asked for."""

    CLEAN = "clean"
    """The first frame as RGB: upright, over white, sRGB, long side bounded."""
    LAYER = "layer"
    """The same, but as RGBA where something shines through."""
    PIXELS = "pixels"
    """A PNG's pixels as they are, and the texts that we write."""
    TEXTS = "texts"
    """Only the texts that say how a picture was made; no pixel is decoded."""


class Problem(StrEnum):
    """Why there is no picture."""

    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    TOO_MANY_PIXELS = "too many pixels"
    TOO_HEAVY = "too heavy"
    TOO_SLOW = "too slow"
    CRASHED = "crashed"
    BUSY = "busy"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A decoder's head: a problem, or the facts of the pixels that follow. The app believes none of it."""

    problem: Problem | None = None
    width: int = 0
    height: int = 0
    mode: Literal["L", "RGB", "RGBA"] = "RGB"
    is_reduced: bool = False
    is_first_frame: bool = False
    source_type: str | None = None
    has_credentials: bool = False
    recipe: str | None = None
    infotext: str | None = None


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One message as it came."""

    head: bytes
    body: bytes


def send(sink: IO[bytes], head: bytes, body: bytes) -> None:
    sink.write(LENGTHS.pack(len(head), len(body)) + head)
    sink.write(body)
    sink.flush()


def send_answer(sink: IO[bytes], answer: Answer, body: bytes) -> None:
    send(sink, json.dumps(asdict(answer)).encode(), body)


def receive(source: IO[bytes], most_head: int, most_body: int) -> Frame | None:
    """None when the other side has gone, in the middle of a message too, or promises more than it may."""
    lengths = source.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head_length, body_length = LENGTHS.unpack(lengths)
    if head_length > most_head or body_length > most_body:
        return None
    head, body = source.read(head_length), source.read(body_length)
    return Frame(head=head, body=body) if (len(head), len(body)) == (head_length, body_length) else None
