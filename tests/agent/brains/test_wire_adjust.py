"""Exact work in a language model's answer: read by our own rules, else an edit."""

from __future__ import annotations

import json

import pytest

from agent.brains.brain import Context, PictureView
from agent.brains.wire import read_decision
from agent.domain import DecisionStep, Origin
from agent.operations import Rotate, Upscale

CONTEXT = Context(
    message="",
    pictures=(PictureView(id="p1", number=1, origin=Origin.GENERATED, turn=1, prompt="a cat"),),
    current="p1",
)


def step_of(**step: object) -> DecisionStep:
    answer = {"language": "en", "route": "edit", "steps": [{"source": "#1", **step}]}
    return read_decision(json.dumps(answer), CONTEXT).steps[0]


@pytest.mark.parametrize("kind", ["adjust", "edit"])
def test_words_for_exact_work_are_exact_work(kind: str) -> None:
    step = step_of(kind=kind, prompt="rotate by 90 degrees clockwise", count=3)
    assert (step.kind, step.operation, step.num_pictures) == ("adjust", Rotate(degrees=90), 1)
    assert step_of(kind=kind, prompt="upscale 2x").operation == Upscale(factor=2)


def test_what_the_rules_cannot_read_is_left_to_an_engine() -> None:
    step = step_of(kind="adjust", prompt="straighten the horizon")
    assert (step.kind, step.operation) == ("edit", None)
