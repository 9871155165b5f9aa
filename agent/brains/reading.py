"""What a reader of one language hands over: the wishes of a message, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.brains.references import Reference
from agent.domain import Shape
from agent.operations import Operation

__all__ = ["Format", "Reading", "Wish"]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One thing the user wants. `text`: words for the engine; `reference`: the picture named, if any.

    `others`: further pictures that a question is about. `operation`: exact work in place of an edit.
    `is_guess`: read from what the words suggest, for they say no such thing plainly. `is_between`: the
    picture that is changed and the one that something is taken from were each named.
    """

    kind: Literal["generate", "edit", "again", "go_back", "question", "ask", "chat"]
    text: str = ""
    reference: Reference | None = None
    others: tuple[Reference, ...] = ()
    num_pictures: int = 1
    operation: Operation | None = None
    is_guess: bool = False
    is_between: bool = False


@dataclass(frozen=True, kw_only=True)
class Format:
    """Shape or pixels asked for."""

    shape: Shape | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """All wishes of a message and the format they share."""

    wishes: tuple[Wish, ...]
    format: Format = Format()

    @property
    def is_guess(self) -> bool:
        """Some wish is one, or without wishes the talk."""
        working = [wish for wish in self.wishes if wish.kind != "chat"]
        return any(wish.is_guess for wish in working or self.wishes)
