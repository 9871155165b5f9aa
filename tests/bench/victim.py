"""The process that tests.bench.kill kills: the agent's core on SQLite, running turn after turn."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from PIL import Image

from agent.domain import DecisionStep, Route
from agent.events import TurnDone
from agent.tidying import tidy
from engines.fake import FakeEngine
from tests.doubles import Agent, ScriptedBrain, build_agent, draw

__all__ = ["OWNER", "Acknowledgement", "live", "open_folder"]

OWNER = "ann"


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """What the killed process said was saved."""

    turn_id: str
    reply: str
    shown: tuple[str, ...]


def open_folder(folder: Path) -> Agent:
    """What app.build does at start: open, mark what was cut off, sweep."""
    agent = build_agent(folder, engine=FakeEngine(num_steps=6, step_seconds=0.002))
    tidy(agent.sessions, agent.artifacts)
    return agent


def live(folder: Path, seed: int, acknowledge: Connection) -> None:
    """Turn after turn, each acknowledged when its last event has come."""
    dice = random.Random(seed)
    agent = open_folder(folder)
    sessions = agent.sessions.list(OWNER)
    session = sessions[0] if sessions and dice.random() < 0.7 else agent.sessions.create(OWNER)
    for number in itertools.count():
        step = DecisionStep(kind="edit", prompt="make it blue", source="step1")
        decision = draw(f"a dog, number {number}", num_pictures=dice.randint(1, 2))
        if dice.random() < 0.5:
            decision = decision.model_copy(update={"steps": (*decision.steps, step)})
        agent.coordinator.brain = ScriptedBrain(decision.model_copy(update={"route": Route.GENERATE}))
        picture = Image.effect_noise((64, 48), 40)
        file = folder / f"upload-{seed}.jpg"
        picture.save(file)
        files = [file] if dice.random() < 0.3 else []
        for event in agent.coordinator.run(session.id, OWNER, f"draw dogs, number {number}", files):
            if isinstance(event, TurnDone):
                done = Acknowledgement(turn_id=event.turn_id, reply=event.reply, shown=event.shown)
                acknowledge.send(done)
