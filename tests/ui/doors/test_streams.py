"""Following a pipe without a thread: slow ones, many, and those who leave."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from agent.domain import TurnStatus
from agent.pipe import EventPipe
from tests.ui.pieces import a_turn
from ui.doors.streams import ForgedEventId, follow, read_event_id, until_open

TURN = a_turn(status=TurnStatus.RUNNING)


def data_of(frame: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(frame.partition("data: ")[2])
    return data


def test_who_falls_behind_misses_previews_and_nothing_else() -> None:
    pipe = EventPipe()
    pipe.begin(TURN.id)

    async def listen() -> list[dict[str, Any]]:
        stream = follow(TURN, pipe, 0)
        told = [data_of(await anext(stream))]
        for step in range(100):
            pipe.progress(0, step, 100, b"x" * 1_000)
        pipe.done("Done.", ())
        pipe.close()
        return told + [data_of(frame) async for frame in stream]

    told = asyncio.run(listen())
    progress = [each["value"] for each in told if each.get("name") == "progress"]
    assert [each["step"] for each in progress] == list(range(100))
    assert not any("preview" in each for each in progress)
    assert told[-1]["type"] == "RUN_FINISHED"


def test_what_another_thread_tells_wakes_the_listener() -> None:
    pipe = EventPipe()
    pipe.begin(TURN.id)

    async def listen() -> list[str]:
        threading.Timer(0.05, lambda: pipe.reply("Hello.")).start()
        threading.Timer(0.1, lambda: pipe.done("Hello.", ())).start()
        threading.Timer(0.15, pipe.close).start()
        return [data_of(frame)["type"] async for frame in follow(TURN, pipe, 0)]

    told = asyncio.run(asyncio.wait_for(listen(), 10))
    assert told[-2:] == ["TEXT_MESSAGE_END", "RUN_FINISHED"]


def test_who_leaves_is_not_told_any_more_and_who_ends_troubles_no_turn() -> None:
    pipe = EventPipe()
    pipe.begin(TURN.id)

    async def leave() -> None:
        stream = follow(TURN, pipe, 0)
        await anext(stream)
        waiting = asyncio.create_task(anext(stream))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        assert len(pipe._callbacks) == 1
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len(pipe._callbacks) == 0

    async def end_with_the_loop() -> None:
        stream = follow(TURN, pipe, 0)
        await anext(stream)
        await asyncio.wait([asyncio.create_task(anext(stream))], timeout=0.01)  # type: ignore[arg-type]

    asyncio.run(leave())
    asyncio.run(end_with_the_loop())
    pipe.reply("Nobody hears this.")
    assert pipe.last_id == 1


def test_a_turn_that_is_refused_is_not_waited_for() -> None:
    pipe = EventPipe()
    threading.Timer(0.05, pipe.close).start()
    asyncio.run(asyncio.wait_for(until_open(pipe), 10))
    assert pipe.turn_id == ""


@pytest.mark.parametrize("told", ["", "-1", "x", "1.0", "9" * 16, "1" * 5_000, "²", "٣", "0x1", "1_0"])
def test_an_id_is_a_whole_number(told: str) -> None:
    with pytest.raises(ForgedEventId):
        read_event_id(told, None)
    with pytest.raises(ForgedEventId):
        read_event_id(None, told)


def test_the_header_goes_before_the_address() -> None:
    assert read_event_id("12", "7") == 12
    assert read_event_id(None, "7") == 7
    assert read_event_id(None, None) == 0
