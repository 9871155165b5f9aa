"""What a turn did, in one line and line by line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.domain import Artifact, Decision, EditStep, GenerateStep, Plan, Route, Step, TurnStatus
from tests.ui.pieces import a_picture, a_turn
from ui.live import Story
from ui.look import Look
from ui.trail import doing, lines, seconds_left, trail

ENGLISH = Look()
DRAW = GenerateStep(prompt="a red car")
CHANGE = EditStep(instruction="make it blue", source="step1")


def made(number: int, step: int = 0, seconds: float = 2.0) -> Artifact:
    return a_picture(number).model_copy(update={"step": step, "seconds": seconds})


def told(*steps: Step, pictures: tuple[Artifact, ...], status: TurnStatus = TurnStatus.DONE) -> str:
    turn = a_turn(artifacts=pictures, plan=Plan(steps=steps), status=status)
    return trail(turn, {each.id: each for each in pictures}, ENGLISH)


def test_a_picture_and_its_time() -> None:
    assert "<summary>Drew a picture in 2 s</summary>" in told(DRAW, pictures=(made(1),))


def test_several_pictures_add_up() -> None:
    several = GenerateStep(prompt="a car", num_pictures=2)
    assert "Drew 2 pictures in 4 s" in told(several, pictures=(made(1), made(2)))


def test_steps_say_what_they_changed() -> None:
    markup = told(DRAW, CHANGE, pictures=(made(1), made(2, step=1)))
    assert "Worked in 2 steps in 4 s" in markup
    assert "Change #1" in markup
    assert markup.count('class="did"') == 2


def test_a_stopped_turn_says_how_far_it_came() -> None:
    markup = told(DRAW, CHANGE, pictures=(made(1),), status=TurnStatus.STOPPED)
    assert "Stopped after 1 of 2 steps" in markup
    assert markup.count('class="todo"') == 1


def test_what_took_no_time_names_none() -> None:
    assert "<summary>Drew a picture</summary>" in told(DRAW, pictures=(made(1, seconds=0.001),))


def test_talk_leaves_no_trail() -> None:
    assert trail(a_turn(), {}, ENGLISH) == ""


@pytest.mark.parametrize(("reason", "is_told"), [("the user said it", True), ("1 step(s)", False)])
def test_why_is_told_where_somebody_says_why(reason: str, is_told: bool) -> None:
    picture = made(1)
    decision = Decision(route=Route.EDIT, targets=(picture.id,), reason=reason)
    markup = lines(a_turn(), decision, Plan(steps=(CHANGE,)), {picture.id: picture}, ENGLISH)
    assert ("A change to #1" in markup) is is_told
    assert (reason in markup) is is_told


def test_nobodys_words_become_markup() -> None:
    markup = told(GenerateStep(prompt="<img src=x>\n\n# a"), pictures=(made(1),))
    assert "<img" not in markup
    assert "\n" not in markup


RUNNING = Story(
    plan=Plan(steps=(GenerateStep(prompt="a car", num_pictures=2),)), step=2, of=8, step_seconds=1.5
)


def test_time_left_counts_this_picture_and_those_after_it() -> None:
    assert seconds_left(RUNNING, num_made=0) == 6 * 1.5 + 8 * 1.5
    assert seconds_left(RUNNING, num_made=1) == 6 * 1.5
    assert doing(RUNNING, 1, ENGLISH) == "Drawing · step 2 of 8 · about 9 s left"


def test_nobody_guesses_the_time_at_the_first_step_or_at_the_last() -> None:
    assert seconds_left(replace(RUNNING, step=1), num_made=0) == 0
    assert doing(replace(RUNNING, step=7), 1, ENGLISH) == "Drawing · step 7 of 8"


def test_how_long_it_waits_is_said_in_chinese_too() -> None:
    words = doing(Story(place=3, wait_seconds=200), 0, Look(language="zh"))
    assert words == "排队中 · 前面还有 3 张 · 大约3 分钟"
