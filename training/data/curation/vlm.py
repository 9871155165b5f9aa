"""Who looks at pictures and writes: any vision language model, behind a server or in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from training.data.curation.shards import Sample

__all__ = ["Question", "Reply", "Silent", "Vlm"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked about a picture. `form`: the answer's JSON schema, for servers that keep to one."""

    sample: Sample
    words: str
    form: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What was said, and the tokens it took as the server counts them: 0 where it does not say."""

    text: str
    is_cut: bool = False
    num_read: int = 0
    num_written: int = 0


class Silent(Exception):
    """No reply for this picture, after all retries. The reason stands in the table."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Vlm(Protocol):
    """Threads may ask at once, `most_at_once` of them."""

    @property
    def name(self) -> str:
        """The model's: replies are kept under it."""
        ...

    @property
    def most_at_once(self) -> int: ...

    def ask(self, question: Question) -> Reply:
        """Raises Silent for this picture alone, CaptionerUnavailable where it is of no use to go on."""
        ...
