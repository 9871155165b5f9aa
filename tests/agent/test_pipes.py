from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from agent.domain import Turn, TurnStatus
from agent.pipe import EventPipe
from agent.pipes import Pipes


def a_turn(number: int, session_id: str = "s", *, age: timedelta = timedelta()) -> Turn:
    created = datetime.now(UTC) - age
    return Turn(id=f"t{number}", session_id=session_id, text="hi", status=TurnStatus.RUNNING, created=created)


def opened(pipes: Pipes, turn: Turn, *, is_over: bool = False, is_again: bool = False) -> EventPipe:
    pipe = EventPipe()
    pipes.open(pipe, turn, is_again=is_again)
    if is_over:
        pipe.close()
    return pipe


def test_a_pipe_outlives_its_turn_for_a_while() -> None:
    pipes = Pipes(kept_seconds=0.1)
    over, running = opened(pipes, a_turn(1), is_over=True), opened(pipes, a_turn(2))
    assert pipes.find("t1") is over
    time.sleep(0.15)
    assert pipes.find("t1") is None
    assert pipes.find("t2") is running


def test_who_hears_that_a_turn_is_open_finds_its_pipe() -> None:
    pipes, pipe = Pipes(), EventPipe()
    found: list[EventPipe | None] = []
    pipe.listen(lambda: found.append(pipes.find(pipe.turn_id)))
    pipes.open(pipe, a_turn(1))
    assert found == [pipe]


def test_those_that_ended_first_go_first_and_running_ones_never() -> None:
    pipes = Pipes(most_kept=3)
    running = opened(pipes, a_turn(0))

    def kept() -> list[int]:
        return [number for number in range(8) if pipes.find(f"t{number}") is not None]

    for number in range(1, 8):
        opened(pipes, a_turn(number), is_over=True)
    assert kept() == [0, 5, 6, 7]
    running.close()
    assert kept() == [0, 6, 7], "it was opened first, and ended last"
    assert pipes.find("t0") is running


def test_what_a_deleted_session_told_is_gone() -> None:
    pipes = Pipes()
    for number, session_id in enumerate(("a", "b", "a")):
        opened(pipes, a_turn(number, session_id), is_over=True)
    pipes.forget("a")
    assert [pipes.find(f"t{number}") is None for number in range(3)] == [True, False, True]


def test_a_turn_taken_up_again_has_higher_ids_also_when_its_pipe_is_gone() -> None:
    pipes, turn = Pipes(), a_turn(1, age=timedelta(seconds=2))
    first = opened(pipes, turn)
    for _ in range(5_000):
        first.reply("x")
    first.close()
    again = opened(pipes, turn, is_again=True)
    assert again.base > 5_000, "its first event is no event of before"
    assert pipes.find("t1") is again
    after_restart = opened(Pipes(), a_turn(1, age=timedelta(minutes=1)), is_again=True)
    assert after_restart.base >= 60_000
    kept = a_turn(1).model_copy(update={"last_event_id": 9_000})
    assert opened(Pipes(), kept, is_again=True).base > 9_000
