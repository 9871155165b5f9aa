"""A message with a painted place is an order for that place."""

from __future__ import annotations

import pytest

from agent.brains.brain import Context, PictureView
from agent.brains.marked import as_marked_edit
from agent.brains.offline import OfflineBrain
from agent.domain import Decision, Origin, Route

PICTURES = tuple(
    PictureView(id=f"p{number}", number=number, origin=Origin.GENERATED, turn=number, prompt=prompt)
    for number, prompt in enumerate(("a red car", "a cat"), start=1)
)
WORLD = {"classes": ("car", "cat", "hat"), "colors": ("red", "blue"), "edits": ("add", "color")}


def decided(
    message: str, mask_of: str | None = "p1", world: dict[str, tuple[str, ...]] | None = None
) -> Decision:
    context = Context(
        message=message, pictures=PICTURES, current=mask_of or "p2", mask_of=mask_of, vocabulary=world or {}
    )
    return as_marked_edit(OfflineBrain().decide(context), context)


@pytest.mark.parametrize(
    ("message", "prompt"),
    [
        ("make it blue", "make the car blue"),
        ("a blue hat", "add a blue hat"),
        ("draw a hat here", "add a hat here"),
        ("hmm, sparkly", "hmm, sparkly"),
        ("undo", "undo"),
        ("加一顶帽子", "add a hat"),
    ],
)
def test_whatever_it_says_it_changes_the_picture_painted_on(message: str, prompt: str) -> None:
    decision = decided(message)
    assert decision.route is Route.EDIT
    (step,) = decision.steps
    assert (step.kind, step.prompt, step.source) == ("edit", prompt, "p1")


def test_a_question_and_a_message_without_paint_are_left_alone() -> None:
    assert decided("what is in this picture?").route is Route.UNDERSTAND
    assert decided("draw a hat", mask_of=None).route is Route.GENERATE


def test_an_engine_of_few_words_still_says_what_it_cannot() -> None:
    decision = decided("a dragon", world=WORLD)
    assert decision.route is Route.ASK
    assert "dragon" in decision.reply
    assert decided("a hat", world=WORLD).steps[0].prompt == "add a hat"
