"""Several turns told as one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from agent.domain import Artifact, Origin
from agent.events import ArtifactReady, Event, StepProgress, TurnDone, TurnFailed, TurnStopped
from agent.several import shares, told_as_one


def artifact(number: int) -> Artifact:
    return Artifact(
        id=f"a{number}",
        session_id="s",
        turn_id="t",
        number=number,
        sha256="",
        width=8,
        height=8,
        origin=Origin.GENERATED,
        created=datetime.now(UTC),
    )


def a_turn(number: int, end: Event | None = None) -> Iterator[Event]:
    yield StepProgress(event_id=1, turn_id="t", index=0, step=1, of=2)
    yield ArtifactReady(event_id=2, turn_id="t", index=0, artifact=artifact(number))
    yield end or TurnDone(event_id=3, turn_id="t", reply=f"Here is #{number}.", shown=(f"a{number}",))


@pytest.mark.parametrize(("num_pictures", "wanted"), [(1, (1,)), (4, (4,)), (5, (4, 1)), (10, (4, 4, 2))])
def test_so_many_pictures_are_shared_out(num_pictures: int, wanted: tuple[int, ...]) -> None:
    assert shares(num_pictures, 4) == wanted


def test_all_turns_end_once() -> None:
    begun = list[str]()

    def follow(made: Artifact) -> Iterator[Event]:
        begun.append(made.id)
        return a_turn(1 + len(begun))

    told = list(told_as_one(a_turn(1), [follow, follow], lambda: False))
    assert begun == ["a1", "a1"]
    assert [each.artifact.number for each in told if isinstance(each, ArtifactReady)] == [1, 2, 3]
    assert [each for each in told if isinstance(each, TurnDone)] == [told[-1]]
    assert isinstance(told[-1], TurnDone)
    assert told[-1].reply == "Here is #1. Here is #2. Here is #3."
    assert told[-1].shown == ("a1", "a2", "a3")


@pytest.mark.parametrize(
    "end",
    [
        TurnFailed(event_id=3, turn_id="t", reply="No."),
        TurnStopped(event_id=3, turn_id="t", reply="Stopped."),
    ],
)
def test_nothing_follows_a_turn_that_went_wrong(end: Event) -> None:
    told = list(told_as_one(a_turn(1, end), [lambda _: pytest.fail("begun")], lambda: False))
    assert told[-1] == end


def test_nothing_begins_once_it_is_stopped() -> None:
    told = list(told_as_one(a_turn(1), [lambda _: pytest.fail("begun")], lambda: True))
    assert isinstance(told[-1], TurnDone)
