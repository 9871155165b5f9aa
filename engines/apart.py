"""A family whose members live in a workshop: asked here, at work there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from PIL import Image

from engines.api import (
    Box,
    EditRequest,
    EngineInfo,
    GenerateRequest,
    Message,
    OnProgress,
    Progress,
    Sample,
    Seen,
)
from engines.families import EDITOR, Family
from engines.orders import Answer, Count, Draw, Locate, Look, Measure, Piece, Speak, Words
from engines.workshop import Workshop
from engines.workshops import Workshops

__all__ = ["ApartEngine", "ApartEyes", "ApartSpeaker", "apart"]


@dataclass(frozen=True, kw_only=True)
class ApartEngine:
    """A member who draws or edits. Raises what it raises, or WorkerDied."""

    workshop: Workshop | Workshops
    member: str

    @property
    def info(self) -> EngineInfo:
        return self.workshop.info(self.member)

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        return self.workshop.ask(Draw(member=self.member, request=request), Sample, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        return self.workshop.ask(Draw(member=self.member, request=request), Sample, on_progress)


@dataclass(frozen=True, kw_only=True)
class ApartEyes:
    """They look while an engine draws, in a thread of their own there."""

    workshop: Workshop | Workshops

    @cached_property
    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        return self.workshop.ask(Words(), dict)

    def look(self, image: Image.Image, question: str = "") -> Seen:
        return self.workshop.ask(Look(image=image, question=question), Seen)

    def locate(self, image: Image.Image, words: str) -> tuple[Box, ...]:
        return self.workshop.ask(Locate(image=image, words=words), tuple)


@dataclass(frozen=True, kw_only=True)
class ApartSpeaker:
    """Speaks while an engine draws, in a thread of its own there, between the steps of the picture."""

    workshop: Workshop | Workshops
    pauses: ClassVar[bool] = True

    @cached_property
    def max_tokens(self) -> int:
        return self.workshop.ask(Measure(), int)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self.workshop.ask(Count(messages=messages), int)

    def answer(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, object],
        num_tokens: int,
        on_progress: OnProgress,
    ) -> str:
        order = Answer(messages=messages, schema=schema, num_tokens=num_tokens)
        return self.workshop.ask(order, str, on_progress)

    def stream(self, messages: Sequence[Message], num_tokens: int, on_progress: OnProgress) -> Iterator[str]:
        with closing(self.workshop.talk(Speak(messages=messages, num_tokens=num_tokens))) as talk:
            for said in talk:
                match said:
                    case Progress():
                        on_progress(said)
                    case Piece(text=text):
                        yield text


def apart(family: Family, workshop: Workshop | Workshops) -> Family:
    """The members of `family`, which is not loaded here, as they are in the workshop."""
    return replace(
        family,
        painters={name: ApartEngine(workshop=workshop, member=name) for name in family.painters},
        editor=None if family.editor is None else ApartEngine(workshop=workshop, member=EDITOR),
        eyes=None if family.eyes is None else ApartEyes(workshop=workshop),
        speaker=None if family.speaker is None else ApartSpeaker(workshop=workshop),
    )
