"""Two pictures in one Chinese wish."""

from __future__ import annotations

import pytest

from agent.brains.brain import Context, PictureView
from agent.brains.chinese_combine import as_combination, as_placement
from agent.brains.chinese_references import find_reference
from agent.brains.offline import OfflineBrain
from agent.brains.references import Reference
from agent.domain import Decision, Origin, Route
from tests.agent.brains.test_english_combine import album

PROMPTS = ("a red cat", "a blue car on a beach", "a forest")


def decided(message: str) -> Decision:
    """Of three pictures, drawn one after the other."""
    pictures = tuple(
        PictureView(id=str(number), number=number, origin=Origin.GENERATED, turn=number, prompt=prompt)
        for number, prompt in enumerate(PROMPTS, start=1)
    )
    return OfflineBrain().decide(Context(message=message, pictures=pictures, current="3"))


@pytest.mark.parametrize(
    ("clause", "reference", "text"),
    [
        ("把第一张图的猫放到第二张里", Reference(kind="ordinal", index=2), "add cat"),
        ("把第一张里的红猫加进第三张图", Reference(kind="ordinal", index=3), "add red cat"),
        ("把图1的猫放到图2的沙滩上", Reference(kind="number", index=2), "add cat on beach"),
    ],
)
def test_the_picture_something_is_put_into_is_changed(clause: str, reference: Reference, text: str) -> None:
    wish = as_placement(clause)
    assert wish is not None
    assert (wish.kind, wish.reference, wish.text) == ("edit", reference, text)


@pytest.mark.parametrize("clause", ["把第二张图的猫放到左边", "把猫放到第二张里", "把第二张变成夜晚"])
def test_a_change_of_one_picture_takes_nothing_from_another(clause: str) -> None:
    assert as_placement(clause) is None


@pytest.mark.parametrize(
    ("message", "targets", "prompts"),
    [
        ("把第一张和第二张图都变成夜晚", ("1", "2"), ("make it night", "make it night")),
        ("第一、第三张图加一只狗", ("1", "3"), ("add a dog", "add a dog")),
        ("把前两张图变成夜晚", ("1", "2"), ("make it night", "make it night")),
        ("最后两张变成夜晚", ("2", "3"), ("make it night", "make it night")),
        ("把第二张图变成蓝色，第一张变成夜晚", ("2", "1"), ("make the car blue", "make it night")),
        ("给第二张图加一顶帽子，第三张加一只狗", ("2", "3"), ("give the car a hat", "add a dog")),
        ("把第一张图的猫放到第二张里", ("2",), ("add cat",)),
        ("把第二张图的车加到第一张图里", ("1",), ("add car",)),
    ],
)
def test_each_picture_named_gets_its_change(
    message: str, targets: tuple[str, ...], prompts: tuple[str, ...]
) -> None:
    decision = decided(message)
    assert decision.route is Route.EDIT
    assert decision.targets == targets
    assert tuple(step.source for step in decision.steps) == targets
    assert tuple(step.prompt for step in decision.steps) == prompts


def test_english_says_the_same() -> None:
    """The second reading does not take the picture with the cat for the one that is changed."""
    assert decided("put the cat of the first picture into the second").targets == ("2",)
    assert decided("make the first and the second picture night").targets == ("1", "2")


@pytest.mark.parametrize("clause", ["把第一张和第三张图合并", "把第一张图和第三张图合成一张"])
def test_pictures_named_by_their_places_are_drawn_together(clause: str) -> None:
    drawn = decided(clause)
    assert drawn.route is Route.GENERATE
    assert [step.prompt for step in drawn.steps] == ["a red cat and a forest"]


def test_photos_are_asked_about() -> None:
    photos = album("", "", origin=Origin.UPLOADED)
    named, _ = find_reference("把第一张和第二张图合并", photos)
    wish = as_combination("把第一张和第二张图合并", named, photos)
    assert wish is not None
    assert wish.kind == "ask"
