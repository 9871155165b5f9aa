"""Turns in numbers, and nothing in them that tells whose or what."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry

from agent.errors import BrainUnavailable
from agent.meter import Meter
from tests.doubles import ScriptedBrain, build_agent, draw


def number(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return registry.get_sample_value(name, labels) or 0.0


def test_turns_pictures_and_refusals_are_counted(tmp_path: Path) -> None:
    brain = ScriptedBrain(draw("a violet zebra", num_pictures=2))
    agent = build_agent(tmp_path, brain=brain)
    meter = Meter(queue_length=lambda: len(agent.jobs.line), engine_restarts=lambda: 0)
    agent.coordinator.watch = meter.watch
    session = agent.sessions.create("owner-of-zebras")

    def say(text: str, *files: bytes) -> None:
        [*agent.coordinator.run(session.id, "owner-of-zebras", text, files)]

    say("draw a violet zebra twice")
    say("")
    say("look", b"no picture at all")
    agent.coordinator.brain = ScriptedBrain(BrainUnavailable("Nobody answers."))
    agent.coordinator.fallback = ScriptedBrain(BrainUnavailable("No rules."))
    say("draw a zebra again")
    agent.close()
    registry = meter.registry
    assert number(registry, "reverie_turns_total", status="done", route="generate") == 1
    assert number(registry, "reverie_turns_total", status="refused", route="none") == 2
    assert number(registry, "reverie_turns_total", status="failed", route="none") == 1
    assert number(registry, "reverie_uploads_refused_total") == 1
    assert number(registry, "reverie_pictures_total", kind="generated") == 2
    assert number(registry, "reverie_job_seconds_count", kind="generated") == 2
    assert number(registry, "reverie_turn_seconds_count", route="generate") == 1
    text = meter.text().decode()
    assert session.id not in text
    assert "zebra" not in text
