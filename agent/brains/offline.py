"""OfflineBrain: reads English and core Chinese. No language model, no network, same answer every time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.brains import answers
from agent.brains.brain import Context
from agent.brains.intent.model import IntentModel, shipped_model
from agent.brains.limits import within_limits
from agent.brains.rules import by_rule
from agent.brains.second_reading import second_reading
from agent.domain import Decision, Route

__all__ = ["OfflineBrain"]


class OfflineBrain:
    """Rules, and a small model that was taught what such messages mean. Other brains fall back on it."""

    def __init__(self, intent: IntentModel | None = None) -> None:
        """`intent`: by default Reverie's own. Raises ValueError when its file is damaged."""
        self.intent = intent or shipped_model()

    @property
    def name(self) -> str:
        return "offline rules"

    def decide(self, context: Context) -> Decision:
        """What the user wants; never raises."""
        return within_limits(second_reading(by_rule(context), self.intent))

    def reply(self, context: Context, decision: Decision) -> Iterator[str]:
        """The answer to small talk or to a question about a picture, word by word."""
        if decision.route is Route.UNDERSTAND:
            text = answers.about_pictures(context, decision)
        else:
            text = decision.reply or answers.talk(context, decision.language)
        yield from re.findall(r"\S+\s*|\s+", text)

    def close(self) -> None:
        """Nothing is held."""
