"""Which picture is meant: ids, the reason in words, and how sure."""

from __future__ import annotations

import pytest

from agent.brains.brain import Context, PictureView, Utterance
from agent.brains.deciding import SURE_ENOUGH
from agent.brains.offline import OfflineBrain
from agent.brains.references import Album, Reference
from agent.domain import Decision, Origin, Route


def view(
    number: int, prompt: str, *, parent: int | None = None, turn: int = 1, letter: str = ""
) -> PictureView:
    return PictureView(
        id=f"p{number}{letter}",
        number=number,
        letter=letter,
        origin=Origin.EDITED if parent else Origin.GENERATED,
        turn=turn,
        parent=f"p{parent}" if parent else None,
        prompt=prompt,
    )


def shown(*turns: tuple[str, ...]) -> tuple[Utterance, ...]:
    return tuple(Utterance(role="assistant", text="Done.", pictures=each) for each in turns)


CHAIN = Context(
    message="",
    pictures=(
        view(1, "a red car"),
        view(2, "make it blue", parent=1, turn=2),
        view(3, "add a hat", parent=2, turn=3),
    ),
    history=shown(("p1",), ("p2",), ("p3",)),
    current="p3",
)
CANDIDATES = Context(
    message="",
    pictures=(view(1, "a lighthouse"), *(view(2, "a bear", turn=2, letter=each) for each in "abc")),
    history=shown(("p1",), ("p2a", "p2b", "p2c")),
    current="p2c",
)


@pytest.mark.parametrize(
    ("context", "reference", "ids", "reason"),
    [
        (CHAIN, Reference(kind="current"), ("p3",), "the picture you look at"),
        (CHAIN, Reference(kind="original"), ("p1",), "the original of this picture"),
        (CHAIN, Reference(kind="back"), ("p2",), "the version before this one"),
        (CHAIN, Reference(kind="before", words=frozenset({"hat"})), ("p2",), 'the one before "add a hat"'),
        (CHAIN, Reference(kind="described", words=frozenset({"hat"})), ("p3",), "the only one with: hat"),
        (CHAIN, Reference(kind="number", index=2), ("p2",), "the number you gave"),
        (CANDIDATES, Reference(kind="ordinal", index=2), ("p2b",), "the second of the three shown last"),
        (CANDIDATES, Reference(kind="number", index=2, letter="c"), ("p2c",), "the number you gave"),
    ],
)
def test_one_picture_is_found_with_its_reason(
    context: Context, reference: Reference, ids: tuple[str, ...], reason: str
) -> None:
    found = Album(context).find(reference)
    assert (found.ids, found.reason) == (ids, reason)
    assert found.confidence >= SURE_ENOUGH


def test_reasons_are_told_in_chinese_too() -> None:
    assert Album(CANDIDATES, "zh").find(Reference(kind="ordinal", index=-1)).reason == "刚才3张里的最后一张"


@pytest.mark.parametrize(
    ("context", "reference", "ids"),
    [
        (CANDIDATES, Reference(kind="number", index=2), ("p2a", "p2b", "p2c")),
        (CANDIDATES, Reference(kind="described", words=frozenset({"bear"})), ("p2a", "p2b", "p2c")),
        (CANDIDATES, Reference(kind="current"), ("p2c",)),
        (CHAIN, Reference(kind="number", index=9), ()),
        (CHAIN, Reference(kind="described", words=frozenset({"boat", "sea", "car"})), ("p3",)),
    ],
)
def test_what_fits_several_or_hardly_one_is_not_sure(
    context: Context, reference: Reference, ids: tuple[str, ...]
) -> None:
    found = Album(context).find(reference)
    assert found.confidence < SURE_ENOUGH
    assert not ids or set(ids) <= {*found.ids, "p2c", "p3"}


def test_a_letter_is_ignored_where_pictures_have_none() -> None:
    assert Album(CHAIN).find(Reference(kind="number", index=2, letter="b")).ids == ("p2",)


def decide(context: Context, message: str) -> Decision:
    return OfflineBrain().decide(context.model_copy(update={"message": message}))


@pytest.mark.parametrize(
    "message",
    [
        "make #2b blue",
        "2b in the snow",
        "number 2 b with a hat",
        "go back to #2b",
        "把#2b变成蓝色",
        "回到第2张b",
        "2号b加一顶帽子",
    ],
)
def test_handles_with_letters_are_read(message: str) -> None:
    assert decide(CANDIDATES, message).targets == ("p2b",)


def test_a_shared_number_asks_with_all_its_candidates() -> None:
    decision = decide(CANDIDATES, "make #2 blue")
    assert (decision.route, decision.targets) == (Route.ASK, ("p2a", "p2b", "p2c"))
    assert decision.confidence < SURE_ENOUGH


def test_it_of_several_unpicked_pictures_asks_and_shows_them() -> None:
    decision = decide(CANDIDATES, "make it blue")
    assert (decision.route, decision.targets) == (Route.ASK, ("p2a", "p2b", "p2c"))


def test_three_d_is_no_handle() -> None:
    assert decide(CHAIN, "make it 3d").targets == ("p3",)


def test_the_reply_names_the_picture_taken_and_why() -> None:
    edit = decide(CHAIN, "make the first one green")
    assert edit.notices == ("I took #1, the first picture of this conversation.",)
    assert "the first picture of this conversation" in edit.reason
    back = decide(CHAIN, "go back to the one before the hat")
    assert back.reply == 'Back to #2, the one before "add a hat".'
    assert decide(CHAIN, "make it green").notices == ()


def test_several_places_named_at_once() -> None:
    decision = decide(CANDIDATES, "make the first and the third blue")
    assert set(decision.targets) == {"p2a", "p2c"}
