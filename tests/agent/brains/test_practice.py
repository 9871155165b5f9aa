"""Messages the rules were tuned on, and idioms that must never be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.brains.brain import Context, PictureView, Utterance
from agent.brains.offline import OfflineBrain
from agent.domain import Origin, Route
from agent.evaluate import evaluate
from agent.evaluation.report import shares
from tests.practice import read_practice

DATA = Path(__file__).parents[2] / "data"
PRACTICE = DATA / "practice.tsv"
PLANS = DATA / "practice_plans.tsv"
IDIOMS = DATA / "idioms.txt"
FLOOR = 0.97
PLAN_FLOORS = {"route": 0.95, "target": 0.95, "plan": 0.94}


def view(
    number: int, prompt: str, turn: int, origin: Origin = Origin.GENERATED, candidate: int = 1
) -> PictureView:
    parent = str(number - 1) if origin is Origin.EDITED else None
    return PictureView(
        id=str(number),
        number=number,
        origin=origin,
        turn=turn,
        parent=parent,
        prompt=prompt,
        candidate=candidate,
    )


def told(*turns: tuple[str, tuple[str, ...]]) -> tuple[Utterance, ...]:
    return tuple(
        line
        for text, shown in turns
        for line in (
            Utterance(role="user", text=text),
            Utterance(role="assistant", text="Done.", pictures=shown),
        )
    )


CONVERSATIONS = {
    "N": Context(message=""),
    "C": Context(
        message="",
        pictures=(view(1, "a black cat on a red sofa", 1),),
        history=told(("draw a black cat on a red sofa", ("1",))),
        current="1",
    ),
    "S": Context(
        message="",
        pictures=(
            view(1, "a red car", 1),
            view(2, "make it blue", 2, Origin.EDITED),
            view(3, "add a dog", 3, Origin.EDITED),
        ),
        history=told(("draw a red car", ("1",)), ("make it blue", ("2",)), ("add a dog", ("3",))),
        current="3",
    ),
    "T": Context(
        message="",
        pictures=(view(1, "a lighthouse", 1), view(2, "a bridge", 2), view(3, "a balloon", 3)),
        history=told(("draw a lighthouse", ("1",)), ("a bridge", ("2",)), ("a balloon", ("3",))),
        current="3",
    ),
    "G": Context(
        message="",
        pictures=tuple(view(number, "a bear", 1, candidate=number) for number in (1, 2, 3)),
        history=told(("draw a bear, 3 versions", ("1", "2", "3"))),
        current="3",
    ),
    "U": Context(message="", pictures=(view(1, "a man with a bike", 1, Origin.UPLOADED),), uploads=("1",)),
}
""" "edit2" wants picture 2 changed, "edit*" all of them; without a figure only the route counts."""


def answered(kind: str, wanted: str, message: str) -> bool:
    context = CONVERSATIONS[kind]
    decision = OfflineBrain().decide(context.model_copy(update={"message": message}))
    name = "back" if decision.route is Route.GO_BACK else str(decision.route)
    if wanted.endswith("*"):
        return name == wanted[:-1] and len(decision.targets) == len(context.pictures)
    return wanted == (name + "".join(decision.targets) if wanted[-1].isdigit() else name)


def test_nearly_all_practised_messages_are_read_as_meant() -> None:
    lines = [line.split("\t") for line in PRACTICE.read_text("utf-8").splitlines()]
    wrong = [message for kind, wanted, message in lines if not answered(kind, wanted, message)]
    assert len(lines) > 400
    assert len(wrong) <= (1 - FLOOR) * len(lines), wrong


def test_nearly_all_practised_plans_are_made_as_meant() -> None:
    points = tuple(read_practice(PLANS))
    brain = OfflineBrain()
    got = shares(evaluate(points, brain, brain))
    assert len(points) > 1000
    assert all((got[name] or 0) >= floor for name, floor in PLAN_FLOORS.items()), got


@pytest.mark.parametrize("kind", ["N", "C"])
def test_no_idiom_is_drawn(kind: str) -> None:
    idioms = IDIOMS.read_text("utf-8").splitlines()
    assert len(set(idioms)) > 200
    context = CONVERSATIONS[kind]
    drawn = [
        idiom
        for idiom in idioms
        if OfflineBrain().decide(context.model_copy(update={"message": idiom})).route
        in (Route.GENERATE, Route.EDIT)
    ]
    assert drawn == []
