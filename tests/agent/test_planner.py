"""Decisions become plans, or a sentence that says why not."""

from __future__ import annotations

import pytest

from agent.brains.brain import Context, PictureView
from agent.domain import (
    MAX_PICTURES_PER_TURN,
    MAX_PROMPT_CHARACTERS,
    MAX_STEPS_PER_TURN,
    AdjustStep,
    Decision,
    DecisionStep,
    EditStep,
    GenerateStep,
    Origin,
    Plan,
    Route,
    Shape,
)
from agent.errors import PlanRejected, SourceNotFound
from agent.operations import Rotate
from agent.planner import finished_pictures, plan, reworded

PICTURES = tuple(
    PictureView(id=name, number=number, origin=Origin.GENERATED, turn=number, prompt="a cat")
    for number, name in enumerate(("first", "second"), start=1)
)
CONTEXT = Context(message="", pictures=PICTURES, current="second")


def draw(prompt: str = "a cat", num_pictures: int = 1) -> DecisionStep:
    return DecisionStep(kind="generate", prompt=prompt, num_pictures=num_pictures)


def change(prompt: str, source: str | None = None, num_pictures: int = 1) -> DecisionStep:
    return DecisionStep(kind="edit", prompt=prompt, source=source, num_pictures=num_pictures)


def planned(*steps: DecisionStep, targets: tuple[str, ...] = (), shape: Shape | None = None) -> Plan:
    return plan(Decision(route=Route.EDIT, steps=steps, targets=targets, shape=shape), CONTEXT)


def test_a_drawing_takes_the_shape_asked_for() -> None:
    assert planned(draw(num_pictures=2), shape=Shape.PORTRAIT).steps == (
        GenerateStep(prompt="a cat", num_pictures=2, shape=Shape.PORTRAIT),
    )


@pytest.mark.parametrize(
    ("source", "targets", "expected"),
    [("first", (), "first"), (None, ("first",), "first"), (None, (), "second")],
)
def test_the_source_is_the_named_picture_then_the_target_then_the_current(
    source: str | None, targets: tuple[str, ...], expected: str
) -> None:
    assert planned(change("make it blue", source), targets=targets).steps == (
        EditStep(instruction="make it blue", source=expected),
    )


def test_edits_in_a_row_are_one_compound_edit() -> None:
    steps = planned(
        draw(), change("make it blue", "step1"), change("add a hat", "step2"), draw("a dog")
    ).steps
    assert steps == (
        GenerateStep(prompt="a cat"),
        EditStep(instruction="make it blue, and add a hat", source="step1"),
        GenerateStep(prompt="a dog"),
    )


def test_sources_after_a_joined_edit_point_where_they_should() -> None:
    steps = planned(
        change("make it blue", "first"),
        change("add a hat", "step1"),
        draw("a dog"),
        change("now at night", "step3"),
    ).steps
    assert [step.source for step in steps if isinstance(step, EditStep)] == ["first", "step2"]


def test_two_versions_of_one_picture_stay_apart() -> None:
    wishes = (draw(), change("make it blue", "step1"), change("make it red", "step1"))
    assert len(planned(*wishes).steps) == 3
    assert finished_pictures(wishes) == 2


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ((), "other words"),
        ((draw("   "),), "no words"),
        (tuple(draw() for _ in range(MAX_STEPS_PER_TURN + 1)), "in parts"),
        ((draw(num_pictures=MAX_PICTURES_PER_TURN + 1),), None),
        ((draw(num_pictures=3), draw(num_pictures=3)), "fewer"),
        ((change("make it blue", "step1"),), "does not come before"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_in_a_sentence(
    steps: tuple[DecisionStep, ...], says: str
) -> None:
    with pytest.raises(PlanRejected, match=says):
        planned(*steps)


def test_a_picture_of_somebody_else_is_not_found() -> None:
    with pytest.raises(SourceNotFound):
        planned(change("make it blue", "third"))
    with pytest.raises(SourceNotFound):
        planned(change("make it blue"), targets=("first", "second"))


def test_a_painted_place_and_words_to_keep_the_rest_reach_the_edit() -> None:
    wishes = (change("make it blue, keep the rest as it is", "first"), change("make it red", "second"))
    context = CONTEXT.model_copy(update={"message": "make it blue, keep the rest as it is"})
    steps = plan(Decision(route=Route.EDIT, steps=wishes), context, {"second": "mask"}).steps
    assert steps == (
        EditStep(instruction="make it blue", source="first", keeps_rest=True),
        EditStep(instruction="make it red", source="second", keeps_rest=True, mask="mask"),
    )


def test_exact_work_is_a_step_of_its_own() -> None:
    turn = DecisionStep(kind="adjust", prompt="rotate it", operation=Rotate(degrees=90))
    steps = planned(turn, change("make it blue", "step1"), change("add a hat", "step2")).steps
    assert steps == (
        AdjustStep(instruction="rotate it", source="second", operation=Rotate(degrees=90)),
        EditStep(instruction="make it blue, and add a hat", source="step1"),
    )


def test_a_plan_in_the_users_words_forgets_what_was_said_of_the_old_ones() -> None:
    old = Plan(
        steps=(
            GenerateStep(prompt="a red car in a long street", wish="a red car"),
            EditStep(instruction="make it blue", description="a blue car", source="step1"),
        )
    )
    assert reworded(old, ["a red car in a long street", "make it blue"]) == old
    new = reworded(old, [" a bus ", "make it green"])
    assert new.steps == (
        GenerateStep(prompt="a bus"),
        EditStep(instruction="make it green", source="step1"),
    )


@pytest.mark.parametrize("prompts", [[], ["a", "b"], [" "], ["x" * (MAX_PROMPT_CHARACTERS + 1)]])
def test_words_that_do_not_fit_a_plan_are_refused(prompts: list[str]) -> None:
    with pytest.raises(PlanRejected):
        reworded(Plan(steps=(GenerateStep(prompt="a car"),)), prompts)
