"""What the server's settings bound on every way that work comes in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import agent.requests
from agent.domain import Decision, DecisionStep, GenerateStep, PictureOptions, Route
from agent.errors import TooBusy
from agent.events import Event, TurnDone, TurnFailed
from agent.jobs import JobLimits, Jobs
from agent.limits import Limits, Rates
from agent.messages import Message
from agent.operations import Operation, Resize, Rotate
from agent.sizes import wanted_size
from tests.doubles import Agent, build_agent, draw

FEW = Limits(message_characters=40, messages_an_hour=3, side_px=300)
PATIENCE_SECONDS = 20


def work_on(source: str, operation: Operation) -> Decision:
    step = DecisionStep(kind="adjust", prompt="do it", source=source, operation=operation)
    return Decision(route=Route.EDIT, targets=(source,), steps=(step,))


class House:
    """One owner's chats with an agent under limits; the last event of each turn."""

    def __init__(self, folder: Path) -> None:
        self.agent: Agent = build_agent(folder)
        self.chat = self.agent.sessions.create("ann").id

    def bound(self, limits: Limits) -> None:
        coordinator = self.agent.coordinator
        coordinator.rates = Rates(limits)
        coordinator.executor.limits = coordinator.executor.requests.limits = limits

    def say(self, decision: Decision, chat: str = "", **options: object) -> Event:
        settings = PictureOptions.model_validate(options)
        message = Message(text="do it", files=(), options=settings, given=decision)
        *_, end = self.agent.coordinator.send(chat or self.chat, "ann", message)
        return end

    def picture(self, chat: str = "") -> str:
        self.say(draw("a red car"), chat)
        (*_, turn) = self.agent.sessions.turns(chat or self.chat, "ann")
        return turn.artifacts[0].id

    def last_turn(self) -> str:
        return self.agent.sessions.turns(self.chat, "ann")[-1].id


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.agent.close()


def why(event: Event) -> str:
    assert isinstance(event, TurnFailed)
    return event.reply


def test_going_on_with_a_turn_is_counted_like_a_message(house: House) -> None:
    house.bound(FEW)
    assert isinstance(house.say(draw("a red car")), TurnDone)
    for _ in range(2):
        *_, end = house.agent.coordinator.retry(house.last_turn(), "ann")
        assert isinstance(end, TurnDone)
    *_, end = house.agent.coordinator.retry(house.last_turn(), "ann")
    assert "3 messages within an hour" in why(end)


def test_a_plan_is_approved_in_no_more_words_than_a_message_may_have(house: House) -> None:
    house.bound(FEW)
    house.say(draw("a red car"), asks_first=True)
    *_, end = house.agent.coordinator.approve(house.last_turn(), "ann", ["a car " * 20])
    assert "120 characters; I read up to 40" in why(end)
    *_, end = house.agent.coordinator.approve(house.last_turn(), "ann", ["a blue car"])
    assert isinstance(end, TurnDone)


def test_a_plan_that_was_counted_as_a_message_is_approved_without_another(house: House) -> None:
    house.bound(Limits(messages_an_hour=1))
    house.say(draw("a red car"), asks_first=True)
    *_, end = house.agent.coordinator.approve(house.last_turn(), "ann", ["a red car"])
    assert isinstance(end, TurnDone)


def test_what_a_picture_shall_not_show_has_a_length_too(house: House) -> None:
    house.bound(FEW)
    assert "up to 40" in why(house.say(draw("a red car"), negative_prompt="x" * 41))


def test_a_message_makes_no_more_pictures_than_the_setting_says(house: House) -> None:
    house.bound(Limits(pictures_a_message=2))
    assert "I make at most 2 a message" in why(house.say(draw("a red car", 3)))
    assert isinstance(house.say(draw("a red car", 2)), TurnDone)


def test_an_engine_of_any_size_is_asked_for_no_longer_side_than_the_setting_says() -> None:
    step = GenerateStep(prompt="a car", width=2048, height=1024)
    asked = wanted_size(step, PictureOptions(), [], takes_others=True, most_side_px=1000)
    assert (asked.width, asked.height) == (992, 496)
    asked = wanted_size(step, PictureOptions(), [], takes_others=True)
    assert (asked.width, asked.height) == (2048, 1024)


def test_exact_work_makes_no_larger_pictures_than_the_setting_says(house: House) -> None:
    source = house.picture()
    house.bound(FEW)
    assert "of 1 to 300 a side" in why(house.say(work_on(source, Resize(width=301, height=301))))
    assert isinstance(house.say(work_on(source, Resize(width=300, height=300))), TurnDone)


def test_exact_work_stands_in_a_line_and_beyond_it_is_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One at a time, however many chats ask, and not on the device."""
    chats = [house.agent.sessions.create("ann").id for _ in range(4)]
    sources = [house.picture(chat) for chat in chats]
    executor = house.agent.coordinator.executor
    executor.desk.close()
    executor.desk = Jobs(limits=JobLimits(of_owner=3, in_all=3))
    at_work, most, go_on = [0], [0], threading.Event()

    def slow(image: Image.Image, operation: Operation, most_px: int) -> Image.Image:
        at_work[0] += 1
        most[0] = max(most[0], at_work[0])
        go_on.wait(PATIENCE_SECONDS)
        at_work[0] -= 1
        return image.rotate(90)

    monkeypatch.setattr(agent.requests, "adjust", slow)
    ends: list[Event] = []

    def turn(chat: str, source: str) -> None:
        ends.append(house.say(work_on(source, Rotate(degrees=90)), chat))

    threads = [threading.Thread(target=turn, args=each) for each in zip(chats, sources, strict=True)]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        begun = time.monotonic()
        while len(executor.desk.line) < min(number, 3) and time.monotonic() - begun < PATIENCE_SECONDS:
            time.sleep(0.01)
    threads[-1].join(PATIENCE_SECONDS)
    (refused,) = ends
    assert isinstance(refused, TurnFailed)
    assert refused.cause == TooBusy.__name__
    assert len(house.agent.jobs.line) == 0
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert [type(each) for each in ends[1:]] == [TurnDone] * 3
    assert most == [1]


def test_a_limit_cannot_be_raised_above_what_is_built() -> None:
    for limits in ({"side_px": 5000}, {"pictures_a_message": 100}, {"message_characters": 10**6}):
        with pytest.raises(ValueError, match="less than or equal"):
            Limits.model_validate(limits)
