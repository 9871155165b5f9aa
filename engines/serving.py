"""How a family of engines answers in a process of its own, whose device those who draw and speak share."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from types import TracebackType
from typing import TypeAlias

from engines.api import Engine, Eyes, GenerateRequest, Progress, Sample, Speaker
from engines.baton import Baton
from engines.devices import Device
from engines.errors import Cancelled, EngineError, ModelNotFound
from engines.families import EDITOR, Family
from engines.lazy import Lazy
from engines.log_lane import LABEL, Levels, send_logs
from engines.orders import (
    SIGN,
    TAKEN,
    Answer,
    Channel,
    Count,
    Draw,
    Given,
    Inform,
    Locate,
    Look,
    Measure,
    Order,
    Piece,
    Speak,
    Words,
)
from engines.process import end_with_starter
from engines.quiet import hush
from engines.worker import Request

__all__ = ["BROKE", "serve"]

BROKE = "Something inside the engine broke. Please retry; the log says more."
TALK_SECONDS = (0.1, 0.5)
"""Words are written for as long as a picture's last step took, within these, before it takes its next."""
log = logging.getLogger(__name__)


def serve(load: Callable[[], Family], device: Device, levels: Levels, *pipes: Connection) -> None:
    """The process: a thread a channel. The last pipe is for log records."""
    end_with_starter()
    os.environ.update(device.environment)
    send_logs(pipes[-1], levels)
    hush()
    house = House(family=Lazy(load))
    for channel in (Channel.LOADING, Channel.LOOKING, Channel.SPEAKING):
        threading.Thread(
            target=attend, args=(house, channel, pipes[channel]), name=channel.name.lower(), daemon=True
        ).start()
    attend(house, Channel.DRAWING, pipes[Channel.DRAWING])


@dataclass(frozen=True, kw_only=True)
class House:
    """A family and its device, which is one's at a time; for how many seconds a channel last `held` it."""

    family: Lazy[Family]
    baton: Baton = field(default_factory=Baton)
    held: dict[Channel, float] = field(default_factory=dict)


Slice: TypeAlias = Callable[[], float]
"""For how many seconds the device is not given on, asked anew at each step."""


class Spell:
    """While an order has the device, and what is said to whoever asked.

    At each step, and not before its slice is over, the device goes to whoever has waited longest.
    """

    def __init__(self, house: House, channel: Channel, pipe: Connection, slice_seconds: Slice) -> None:
        self._house, self._channel = house, channel
        self._pipe, self._slice_seconds = pipe, slice_seconds
        self._has_device, self._since = False, 0.0

    def __enter__(self) -> Spell:
        self._take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._has_device:
            self._give()

    def tell(self, said: Progress | Piece) -> None:
        """And wait for leave to go on, then for the device. Raises Cancelled, the device given back."""
        self._pipe.send(said)
        if not self._hears_soon():
            self._give()
        if not self._pipe.recv():
            raise Cancelled("Stopped.")
        if not self._has_device:
            self._take()

    def _hears_soon(self) -> bool:
        """Within what is left of the slice."""
        seconds = self._slice_seconds()
        left = self._since + seconds - time.monotonic()
        return left > 0 and (seconds == math.inf or self._pipe.poll(left))

    def _take(self) -> None:
        self._house.baton.take(self._still_wait)
        self._has_device, self._since = True, time.monotonic()

    def _give(self) -> None:
        self._has_device = False
        self._house.held[self._channel] = time.monotonic() - self._since
        self._house.baton.give()

    def _still_wait(self) -> None:
        """Without waiting for leave: the device may be given to us meanwhile."""
        self._pipe.send(SIGN)
        if self._pipe.poll():
            self._pipe.recv()
            raise Cancelled("Stopped.")


def attend(house: House, channel: Channel, pipe: Connection) -> None:
    """One order after the other, until the pipe is closed."""
    while True:
        try:
            given: Given | bool = pipe.recv()
        except EOFError:
            return
        if not isinstance(given, Given):
            continue  # a stop that came when all was done
        LABEL.set(given.label)
        pipe.send(TAKEN)
        try:
            said = carried_out(house, given.order, pipe)
        except EngineError as error:
            said = error
        except Exception:
            said = broken(channel, given.order)
        pipe.send(said)


def broken(channel: Channel, order: Order) -> EngineError:
    """A bug, or a failed kernel, on the device ends the process: its device, the only one seen here, can be
    trusted again only from a fresh one. Elsewhere it is told and does no harm to others."""
    if channel.needs_device:
        log.exception("the engine's process broke and ends")
        os._exit(1)
    log.exception("%s broke", type(order).__name__)
    return EngineError(BROKE)


def carried_out(house: House, order: Order, pipe: Connection) -> object:
    """Raises EngineError."""
    family = house.family.get()
    match order:
        case Draw(member=member, request=request):
            with Spell(house, order.channel, pipe, lambda: 0.0) as spell:
                return drawn(member_of(family, member), request, spell)
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
            speaker = speaker_of(family)
            with Spell(house, order.channel, pipe, slices_of(speaker, house)) as spell:
                return speaker.answer(messages, schema, num_tokens, spell.tell)
        case Speak(messages=messages, num_tokens=num_tokens):
            speaker = speaker_of(family)
            with Spell(house, order.channel, pipe, slices_of(speaker, house)) as spell:
                for text in speaker.stream(messages, num_tokens, spell.tell):
                    spell.tell(Piece(text=text))
            return None


def drawn(engine: Engine, request: Request, spell: Spell) -> Sample:
    if isinstance(request, GenerateRequest):
        return engine.generate(request, spell.tell)
    return engine.edit(request, spell.tell)


def slices_of(speaker: Speaker, house: House) -> Slice:
    def slice_seconds() -> float:
        if not speaker.pauses:
            return math.inf
        least, most = TALK_SECONDS
        return min(most, max(least, house.held.get(Channel.DRAWING, most)))

    return slice_seconds


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
