from __future__ import annotations

import threading

from agent.events import ReplyDelta, StepQueued, TurnDone, TurnFailed, TurnStopped
from agent.pipe import EventPipe


def test_events_come_in_the_order_of_their_ids_from_any_thread() -> None:
    pipe = EventPipe()
    pipe.turn_id = "t"

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
