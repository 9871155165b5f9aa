"""Winding down: no turn begins any more, and those at work end by themselves or are stopped."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from agent.events import TurnFailed
from agent.running import CLOSING
from engines.fake import FakeEngine
from tests.doubles import Agent, build_agent


def at_work(agent: Agent) -> tuple[str, list[str]]:
    """A session whose turn draws just now, and the kinds of its events as they come."""
    session, kinds = agent.sessions.create("ann"), list[str]()
    events = agent.coordinator.run(session.id, "ann", "draw a dog")

    def listen() -> None:
        kinds.extend(event.kind for event in events)

    threading.Thread(target=listen, daemon=True).start()
    while "progress" not in kinds:
        time.sleep(0.01)
    return session.id, kinds


@pytest.mark.parametrize(
    ("patience_seconds", "status"), [(20.0, "done"), (0.0, "stopped"), (0.15, "stopped")]
)
def test_a_turn_at_work_may_end_or_is_stopped(tmp_path: Path, patience_seconds: float, status: str) -> None:
    agent = build_agent(tmp_path, engine=FakeEngine(num_steps=10, step_seconds=0.1))
    session_id, _ = at_work(agent)
    begun = time.monotonic()
    agent.coordinator.close(patience_seconds)
    assert time.monotonic() - begun < 5, "it waits no longer than the turn takes"
    (turn,) = agent.sessions.turns(session_id, "ann")
    assert turn.status == status
    assert turn.reply
    agent.close()


def test_no_turn_begins_while_closing(tmp_path: Path) -> None:
    agent = build_agent(tmp_path, engine=FakeEngine(num_steps=10, step_seconds=0.1))
    at_work(agent)
    closing = threading.Thread(target=agent.coordinator.close, args=(20.0,))
    closing.start()
    time.sleep(0.1)
    other = agent.sessions.create("ann")
    (refusal,) = agent.coordinator.run(other.id, "ann", "draw a cat")
    assert isinstance(refusal, TurnFailed)
    assert (refusal.reply, refusal.turn_id) == (CLOSING, "")
    assert agent.sessions.turns(other.id, "ann") == []
    closing.join()
    agent.close()
