"""Our events in AG-UI's words."""

from __future__ import annotations

import json
from typing import Any

import ag_ui.core
import pytest
from pydantic import TypeAdapter

from agent.domain import GenerateStep, Plan, Route, TurnStatus
from agent.events import Event
from agent.pipe import EventPipe
from tests.ui.pieces import a_decision, a_picture, a_turn
from ui.doors.ag_ui import Frame, Telling, frames_of_stored, is_end, last_frame_id

EVENT: TypeAdapter[Any] = TypeAdapter(ag_ui.core.Event)
PLAN = Plan(steps=(GenerateStep(prompt="a car"), GenerateStep(prompt="a dog")))


def a_long_turn(pipe: EventPipe) -> None:
    """Two steps, words, and an end."""
    pipe.decision(a_decision(Route.GENERATE))
    pipe.plan(PLAN)
    for index in range(2):
        pipe.queued(index, 1)
        for step in range(3):
            pipe.progress(index, step, 2, b"jpeg" if step == 1 else None)
        pipe.artifact(index, a_picture(index + 1))
    pipe.reply("Here ")
    pipe.reply("")
    pipe.reply("they are.")
    pipe.done("Here they are.", ("a",))


def told(*events: Event, base: int = 0) -> list[Frame]:
    telling = Telling(chat_id="c", turn_id="t", base=base)
    return [telling.opening(), *(frame for event in events for frame in telling.frames(event))]


def types_of(frames: list[Frame]) -> list[str]:
    return [frame.event.type.value for frame in frames]


@pytest.mark.parametrize("base", [0, 9_000])
def test_every_frame_is_sound_and_ids_grow(base: int) -> None:
    pipe = EventPipe()
    pipe.begin("t", base)
    a_long_turn(pipe)
    frames = told(*pipe.since(0), base=base)
    for frame in frames:
        EVENT.validate_python(frame.event.model_dump(by_alias=True))
    ids = [frame.id for frame in frames]
    assert ids == sorted(set(ids))
    assert last_frame_id(base) <= ids[1]
    assert ids[-1] == last_frame_id(pipe.last_id)
    assert [each for each in ids if is_end(each)] == ids[-1:]


def test_steps_begin_and_end_in_turn_and_words_come_in_one_message() -> None:
    pipe = EventPipe()
    a_long_turn(pipe)
    found = [kind for kind in types_of(told(*pipe.since(0))) if kind != "CUSTOM"]
    assert found == [
        "RUN_STARTED",
        *("STEP_STARTED", "STEP_FINISHED") * 2,
        "TEXT_MESSAGE_START",
        *("TEXT_MESSAGE_CONTENT",) * 2,
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]


@pytest.mark.parametrize(
    ("end", "kinds", "outcome"),
    [
        (lambda pipe: pipe.stopped("Stopped."), 5, "cancelled"),
        (lambda pipe: pipe.waiting(PLAN, "Shall I?"), 5, "interrupt"),
        (lambda pipe: pipe.done("Hello.", ()), 5, "success"),
    ],
)
def test_a_reply_that_was_not_streamed_is_told_at_the_end(end: Any, kinds: int, outcome: str) -> None:
    pipe = EventPipe()
    end(pipe)
    frames = told(*pipe.since(0))
    assert len(frames) == kinds
    assert types_of(frames)[1:4] == ["TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END"]
    assert frames[-1].event.model_dump(by_alias=True)["outcome"]["type"] == outcome


def test_a_failure_in_the_midst_closes_what_is_open() -> None:
    pipe = EventPipe()
    pipe.progress(0, 1, 8, None)
    pipe.failed("Broke.")
    assert types_of(told(*pipe.since(0))) == [
        "RUN_STARTED",
        "STEP_STARTED",
        "CUSTOM",
        "STEP_FINISHED",
        "RUN_ERROR",
    ]


@pytest.mark.parametrize(
    ("status", "end"),
    [
        (TurnStatus.DONE, "RUN_FINISHED"),
        (TurnStatus.WAITING, "RUN_FINISHED"),
        (TurnStatus.STOPPED, "RUN_FINISHED"),
        (TurnStatus.FAILED, "RUN_ERROR"),
        (TurnStatus.RUNNING, "RUN_ERROR"),
    ],
)
def test_what_the_store_keeps_is_a_snapshot_and_an_end(status: TurnStatus, end: str) -> None:
    turn = a_turn(status=status)
    frames = [*frames_of_stored(turn, last_event_id=7, after=0)]
    assert types_of(frames) == ["RUN_STARTED", "STATE_SNAPSHOT", end]
    ids = [frame.id for frame in frames]
    assert (ids, ids[-1]) == (sorted(set(ids)), last_frame_id(7))
    assert types_of([*frames_of_stored(turn, last_event_id=7, after=40)]) == ["STATE_SNAPSHOT", end]
    assert types_of([*frames_of_stored(turn, last_event_id=7, after=ids[1])]) == [end]
    assert [*frames_of_stored(turn, last_event_id=7, after=ids[2])] == []
    for frame in frames:
        EVENT.validate_python(frame.event.model_dump(by_alias=True))


def test_a_frame_is_one_event_of_the_stream_whatever_the_words() -> None:
    pipe = EventPipe()
    pipe.reply("a\n\ndata: forged\r\nid: 9\u2028b\x85c\x0b猫")
    lines = told(*pipe.since(0))[-1].encode().splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["id", "data", ""]
    assert json.loads(lines[1].removeprefix("data: "))["delta"].endswith("\u2028b\x85c\x0b猫")
