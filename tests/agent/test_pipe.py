from __future__ import annotations

import random
import threading
import time

import pytest

from agent.events import Event, ReplyDelta, StepProgress, StepQueued, TurnDone, TurnFailed, TurnStopped
from agent.pipe import EventPipe

WAIT_SECONDS = 10.0


def previews(events: list[Event]) -> list[bytes]:
    return [each.preview for each in events if isinstance(each, StepProgress) and each.preview]


def test_events_come_in_the_order_of_their_ids_from_any_thread() -> None:
    pipe = EventPipe()
    pipe.begin("t")

    def queue() -> None:
        for place in range(200):
            pipe.queued(0, place)

    threads = [threading.Thread(target=queue) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.close()
    events = list(pipe)
    assert [event.event_id for event in events] == list(range(1, 801))
    assert {event.turn_id for event in events} == {"t"}


def test_each_kind_carries_what_was_said() -> None:
    pipe = EventPipe()
    pipe.queued(1, 2)
    pipe.reply("Hel")
    pipe.done("Hello", ("a",))
    pipe.stopped("Stopped.")
    pipe.failed("Failed.")
    pipe.close()
    assert list(pipe) == [
        StepQueued(event_id=1, turn_id="", index=1, place=2),
        ReplyDelta(event_id=2, turn_id="", text="Hel"),
        TurnDone(event_id=3, turn_id="", reply="Hello", shown=("a",)),
        TurnStopped(event_id=4, turn_id="", reply="Stopped."),
        TurnFailed(event_id=5, turn_id="", reply="Failed."),
    ]


def test_listeners_of_any_speed_and_any_beginning_hear_the_same() -> None:
    pipe = EventPipe()
    pipe.begin("t")
    heard: list[list[int]] = [[] for _ in range(20)]

    def follow(number: int) -> None:
        dice = random.Random(number)
        for event in pipe:
            heard[number].append(event.event_id)
            if dice.random() < 0.05:
                time.sleep(0.002)

    threads = [threading.Thread(target=follow, args=(number,)) for number in range(20)]
    for number, thread in enumerate(threads):
        thread.start()
        pipe.progress(0, number, 20, b"x")
    for number in range(100):
        pipe.reply(str(number))
    pipe.close()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert heard == [list(range(1, 121))] * 20


def test_of_the_previews_only_the_newest_is_kept_and_every_event_keeps_its_place() -> None:
    pipe = EventPipe()
    for step in range(50):
        pipe.progress(0, step, 50, b"%d" % step if step % 5 == 0 else None)
    assert previews([*pipe.since(0)]) == [b"45"]
    assert [each.event_id for each in pipe.since(10)] == list(range(11, 51))
    pipe.close()
    assert previews([*pipe.since(0)]) == []
    assert pipe.last_id == 50


def test_a_device_that_speaks_after_the_end_is_not_heard() -> None:
    pipe = EventPipe()
    pipe.stopped("Stopped.")
    pipe.close()
    pipe.progress(0, 1, 8, b"late")
    pipe.close()
    assert [each.kind for each in pipe] == ["stopped"]


def test_a_turn_taken_up_again_goes_on_above_what_it_told() -> None:
    pipe = EventPipe()
    listener = iter(pipe)
    pipe.begin("t", base=1_000)
    pipe.reply("Hello")
    pipe.close()
    assert [each.event_id for each in listener] == [1_001]
    assert [each.event_id for each in pipe.since(12)] == [1_001]


def test_once_it_is_sealed_only_the_end_is_told_with_the_id_that_was_said() -> None:
    pipe = EventPipe()
    pipe.begin("t", base=1_000)
    pipe.reply("Hello")
    assert pipe.seal() == pipe.seal() == 1_002
    pipe.progress(0, 1, 8, None)
    pipe.done("Hello", ())
    assert pipe.seal() == pipe.last_id == 1_002
    assert [each.kind for each in pipe.since(0)] == ["reply", "done"]


def test_waiting_ends_with_news_with_the_end_and_in_vain() -> None:
    pipe = EventPipe()
    assert not pipe.wait(0, 0.01)
    pipe.reply("Hello")
    assert pipe.wait(0, 0.0)
    assert not pipe.wait(1, 0.01)
    threading.Timer(0.05, pipe.close).start()
    assert pipe.wait(1, WAIT_SECONDS)


def test_who_leaves_is_not_called_any_more() -> None:
    pipe = EventPipe()
    calls: list[str] = []
    leave = pipe.listen(lambda: calls.append("one"))
    pipe.listen(lambda: calls.append("two"))
    pipe.reply("Hello")
    leave()
    pipe.reply("Hello")
    assert calls == ["one", "two", "two"]


@pytest.mark.parametrize("is_over", [False, True])
def test_what_is_to_be_done_at_the_end_is_done_once(is_over: bool) -> None:
    pipe = EventPipe()
    acts: list[float | None] = []
    if is_over:
        pipe.close()
    pipe.when_over(lambda: acts.append(pipe.over))
    assert len(acts) == is_over
    pipe.close()
    assert acts == [pipe.over]
