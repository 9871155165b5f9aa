"""Doubles shared by tests: a brain that follows a script, and a whole agent around a fake engine."""

from __future__ import annotations

import atexit
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from agent.artifacts import Artifacts
from agent.brains.brain import Brain, Context
from agent.coordinator import Coordinator
from agent.decoder.pool import Decoders
from agent.domain import Decision, DecisionStep, Quality, Route
from agent.errors import AgentError
from agent.gates.gates import Gates
from agent.jobs import Jobs
from agent.sessions import Sessions
from engines.api import Box, Engine, Eyes, Seen
from engines.fake import FakeEngine

__all__ = ["Agent", "ScriptedBrain", "ScriptedEyes", "build_agent", "draw", "edit", "shared_decoders"]


@cache
def shared_decoders() -> Decoders:
    """One pair of real ones for all tests of this process."""
    decoders = Decoders()
    atexit.register(decoders.close)
    return decoders


def draw(prompt: str, num_pictures: int = 1) -> Decision:
    """A decision to draw."""
    step = DecisionStep(kind="generate", prompt=prompt, num_pictures=num_pictures)
    return Decision(route=Route.GENERATE, steps=(step,))


def edit(instruction: str, source: str) -> Decision:
    """A decision to change the picture `source`."""
    step = DecisionStep(kind="edit", prompt=instruction, source=source)
    return Decision(route=Route.EDIT, targets=(source,), steps=(step,))


class ScriptedBrain:
    """Takes the next decision of its script, or draws the message when none is left. Errors are raised."""

    def __init__(
        self, *script: Decision | AgentError, replies: Iterable[str | AgentError] = ("Hello.",)
    ) -> None:
        self.contexts: list[Context] = []
        self.is_closed = False
        self._script = iter(script)
        self._replies = tuple(replies)

    @property
    def name(self) -> str:
        return "scripted"

    def decide(self, context: Context) -> Decision:
        self.contexts.append(context)
        decision = next(self._script, draw(context.message))
        if isinstance(decision, AgentError):
            raise decision
        return decision

    def reply(self, context: Context, decision: Decision) -> Iterator[str]:
        for piece in self._replies:
            if isinstance(piece, AgentError):
                raise piece
            yield piece

    def close(self) -> None:
        self.is_closed = True


class ScriptedEyes:
    """See what their script says, one look after the other, and then a picture that is not of their world."""

    def __init__(self, *script: Seen, vocabulary: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.vocabulary = dict(vocabulary or {})
        self.questions: list[str] = []
        self._script = iter(script)

    def look(self, image: Image.Image, question: str = "") -> Seen:
        self.questions.append(question)
        return next(self._script, Seen(size=image.size, is_known=False, confidence=1.0))

    def locate(self, image: Image.Image, words: str) -> tuple[Box, ...]:
        return ()


@dataclass(frozen=True, kw_only=True)
class Agent:
    """A coordinator with all it stands on."""

    sessions: Sessions
    artifacts: Artifacts
    jobs: Jobs
    coordinator: Coordinator

    def close(self) -> None:
        self.coordinator.close()
        self.jobs.close()
        self.sessions.close()


def build_agent(
    folder: Path,
    *,
    brain: Brain | None = None,
    fallback: Brain | None = None,
    engine: Engine | None = None,
    engines: Mapping[Quality, Engine] | None = None,
    editors: Mapping[Quality, Engine] | None = None,
    eyes: Eyes | None = None,
    url: str | None = None,
    gates: Gates = Gates(),
    jobs: Jobs | None = None,
) -> Agent:
    """An agent on `folder`, as app.build would make it; its store is SQLite there, or `url`."""
    both = {Quality.FULL: engine or FakeEngine()}
    sessions = Sessions(url or f"sqlite:///{folder}/reverie.db")
    artifacts = Artifacts(folder / "pictures")
    jobs = jobs or Jobs()
    coordinator = Coordinator(
        sessions=sessions,
        artifacts=artifacts,
        decoders=shared_decoders(),
        jobs=jobs,
        brain=brain or ScriptedBrain(),
        fallback=fallback or ScriptedBrain(),
        engines=both if engines is None else engines,
        editors=both if editors is None else editors,
        vocabulary=next(
            (each.info.vocabulary for each in (both if engines is None else engines).values()), {}
        ),
        eyes=eyes,
        gates=gates,
    )
    return Agent(sessions=sessions, artifacts=artifacts, jobs=jobs, coordinator=coordinator)
