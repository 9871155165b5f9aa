"""What a gate is: it looks at words or at a picture, and says whether they may pass."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from PIL import Image

from agent.domain import Value

__all__ = ["PASSED", "Harm", "PictureGate", "Verdict", "WordsGate"]


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


class WordsGate(Protocol):
    """Reads what is asked for."""

    def check(self, text: str, *, shown: str = "", is_upload: bool = False) -> Verdict:
        """`shown` is what the picture to be changed was made of, `is_upload` whether it is a user's own.

        Raises GateUnavailable when it cannot tell.
        """
        ...


class PictureGate(Protocol):
    """Looks at pictures: those that are brought along, and those that were made."""

    def check(self, image: Image.Image) -> Verdict:
        """Raises GateUnavailable when it cannot tell."""
        ...
