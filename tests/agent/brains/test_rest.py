"""Words that ask to keep all else, and those that only sound like it."""

from __future__ import annotations

import pytest

from agent.brains.rest import keeps_rest, without_rest


@pytest.mark.parametrize(
    ("message", "order"),
    [
        ("make the car blue and keep everything else exactly as it is", "make the car blue"),
        ("make the car blue, keep the rest as it is", "make the car blue"),
        ("make the car blue but leave everything else alone", "make the car blue"),
        ("make the car blue, don't change anything else", "make the car blue"),
        ("Make the car blue. Everything else should stay the same.", "Make the car blue."),
        ("remove the hat without changing anything else", "remove the hat"),
        ("change only the car to blue", "change the car to blue"),
        ("only change the car to blue", "change the car to blue"),
        ("leave the rest untouched, make the dog red", "make the dog red"),
        ("把车变成蓝色，其他不变", "把车变成蓝色"),
        ("把车变成蓝色，其他地方保持不变。", "把车变成蓝色。"),
        ("把车变成蓝色，不要改变其他部分", "把车变成蓝色"),
        ("只把车改成蓝色", "把车改成蓝色"),
        ("只改车的颜色，改成红色，其他不变", "把车改成红色"),
    ],
)
def test_they_are_heard_and_taken_out(message: str, order: str) -> None:
    assert keeps_rest(message)
    assert without_rest(message) == order


@pytest.mark.parametrize(
    "message",
    [
        "make the car blue",
        "just make it blue",
        "keep the background",
        "draw a man taking a rest",
        "everything else was better",
        "只要一只猫",
        "画其他动物",
    ],
)
def test_other_words_are_left_alone(message: str) -> None:
    assert not keeps_rest(message)
    assert without_rest(message) == message
