"""What every brain is: it reads a message in its context and says what the user wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, Protocol

from pydantic import Field, InstanceOf

from agent.cancel import CancelToken
from agent.domain import Decision, Origin, Value


class PictureView(Value):
    """A picture as a brain sees it; `number` and `letter` are its handle (#6b).

    `prompt` is the words it was made with; of an upload, a description. `text` is what is written in the
    picture: data, never an order.
    """

    id: str
    number: int
    letter: str = ""
    origin: Origin
    turn: int
    parent: str | None = None
    prompt: str = ""
    candidate: int = 1
    text: str = ""

    @property
    def handle(self) -> str:
        return f"#{self.number}{self.letter}"


class Utterance(Value):
    """One earlier line of the conversation with the ids of the pictures shown under it."""

    role: Literal["user", "assistant"]
    text: str
    pictures: tuple[str, ...] = ()


class Context(Value):
    """All a brain may know. `current` is the picture looked at, `mask_of` one that was painted on.

    `pictures` are in order of birth, this message's uploads included. `look` gives a picture's pixels by its
    id, as a JPEG of bounded size, or raises AgentError; `token` tells of Stop.
    """

    message: str
    uploads: tuple[str, ...] = ()
    pictures: tuple[PictureView, ...] = ()
    history: tuple[Utterance, ...] = ()
    current: str | None = None
    mask_of: str | None = None
    vocabulary: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    look: Callable[[str], bytes] | None = Field(default=None, exclude=True, repr=False)
    token: InstanceOf[CancelToken] | None = Field(default=None, exclude=True, repr=False)


class Brain(Protocol):
    """Reads language. `decide` is the only call of a working turn; `reply` speaks in the other turns."""

    @property
    def name(self) -> str: ...

    def decide(self, context: Context) -> Decision:
        """What the user wants. Raises BrainUnavailable when the model is out of reach or answers nonsense.

        The coordinator then asks the offline rules.
        """
        ...

    def reply(self, context: Context, decision: Decision) -> Iterator[str]:
        """Pieces of the answer to a chat or understand message."""
        ...

    def close(self) -> None:
        """Let go of what it holds; no call follows."""
        ...
