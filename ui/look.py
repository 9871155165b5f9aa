"""How a conversation is shown to whoever looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.branches import Conversation
from ui.words import say

__all__ = ["Look"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """The reader's language, the picture looked at (`head`), and the messages that were said in other words.

    `forks` gives, for a turn with siblings, the ids of all of them, itself included, the oldest first.
    """

    language: str = "en"
    head: str | None = None
    forks: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def at(cls, conversation: Conversation, language: str) -> Look:
        return cls(language=language, head=conversation.session.head, forks=conversation.forks)

    def say(self, key: str, **facts: object) -> str:
        return say(key, self.language, **facts)

    def time(self, seconds: float) -> str:
        """Rounded as people say it: 0.8 s, 4 s, 3 min."""
        if seconds >= 100:
            return self.say("minutes", count=round(seconds / 60))
        return self.say("seconds", count=f"{seconds:.1f}" if seconds < 2 else f"{seconds:.0f}")
