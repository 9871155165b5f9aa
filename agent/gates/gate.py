"""What a gate is: it is shown words or a picture, and says whether they may pass."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from PIL import Image

from agent.domain import Value

__all__ = ["PASSED", "Gate", "Harm", "Subject", "Verdict"]


class Harm(StrEnum):
    """Why something is refused."""

    MINORS = "minors"
    UNDRESSING = "undressing"
    REAL_PERSON = "real_person"
    OTHER = "other"


class Verdict(Value):
    """`harm` None lets it pass."""

    harm: Harm | None = None

    @property
    def is_refused(self) -> bool:
        return self.harm is not None


PASSED = Verdict()


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a gate is asked about: a request in words, or a picture that was brought along or made.

    Of words, `shown` is what the picture to be changed was made of, `is_upload` whether it is a user's own.
    """

    text: str = ""
    shown: str = ""
    is_upload: bool = False
    image: Image.Image | None = None


class Gate(Protocol):
    """Reads what is asked for, looks at pictures, or both; what it cannot judge it lets pass."""

    @property
    def looks(self) -> bool:
        """Whether it judges pictures: nobody then sees one that it has not passed, not even half done."""
        ...

    def check(self, subject: Subject) -> Verdict:
        """Raises GateUnavailable when it should judge and cannot."""
        ...
