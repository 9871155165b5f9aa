"""Answers from what is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.seeing import Record, answer
from engines.api import Seen
from tests.agent.looks import VOCABULARY, seen

PICTURE = seen("green apple", "apple", "dog", background="grass")
RECORD = Record(name="#3", prompt="two apples and a dog", changes=("make the left apple green",))


def told(question: str, picture: Seen = PICTURE, language: str = "en") -> str:
    return answer(question, picture, RECORD, VOCABULARY, language)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("how many apples are there?", "I see two apples."),
        ("how many green apples are there?", "I see a green apple."),
        ("how many cats do you see?", "I see no cats."),
        ("what colour is the left apple?", "From left to right the two apples are green and red."),
        ("what color is the dog?", "The dog is of several colours."),
        ("is there a dog?", "Yes, I see a dog."),
        ("do you see a blue dog?", "No, I see a dog."),
        ("is the dog blue?", "No, I see a dog."),
        ("are there three apples?", "No, I see a green apple and a red apple."),
        ("is there a cat?", "I see no cats, but a green apple, a red apple and a dog."),
        ("what is left of the dog?", "I see a green apple and a red apple left of the dog."),
        ("what is to the right of the dog?", "I see nothing right of the dog."),
        ("what is next to the dog?", "I see a green apple and a red apple next to the dog."),
        ("is the dog right of the green apple?", "Yes, the dog is right of the green apple."),
        ("is the dog left of the green apple?", "No, the dog is right of the green apple."),
        ("where is the green apple?", "The green apple is on the left."),
        ("what is the background?", "It has a grass background."),
        ("which style is it?", "The style is plain stickers."),
        ("how many things are there?", "I see 3 things: a green apple, a red apple and a dog."),
        ("what is on the left?", "I see a green apple and a red apple on the left."),
        ("what is at the top?", "I see nothing that I know at the top."),
        ("有几个苹果？", "我看到两个苹果。"),
        ("左边是什么？", "画面左边：一个绿色的苹果和一个红色的苹果。"),
        ("有猫吗？", "我没看到猫，只看到一个绿色的苹果、一个红色的苹果和一只狗。"),
        ("狗的左边是什么？", "狗的左边是一个绿色的苹果和一个红色的苹果。"),
        ("背景是什么？", "背景是草地。"),
        ("狗在哪里？", "狗在中间。"),
    ],
)
def test_questions_about_one_thing(question: str, sentence: str) -> None:
    language = "en" if question.isascii() else "zh"
    assert told(question, language=language) == sentence


def test_the_whole_picture_comes_with_its_history() -> None:
    assert told("what is in this picture?") == (
        "I see a green apple, a red apple and a dog, on grass. "
        '#3 was drawn from the words "two apples and a dog", then changed: make the left apple green.'
    )
    assert told("图里有什么？", language="zh").startswith(
        "我看到一个绿色的苹果、一个红色的苹果和一只狗，背景是草地。#3 是按"
    )


def test_what_nobody_can_see_is_said() -> None:
    assert told("who painted it?").endswith("More than things, colours and places I cannot tell.")
    grey = replace(PICTURE, style="sepia")
    assert told("what colour is the dog?", grey) == "The picture is in sepia, which shows no colours."
    assert "green" not in told("what is in this picture?", grey).partition("#3")[0]
    strange = replace(PICTURE, num_strangers=1)
    assert "something that I do not recognise" in told("what is in this picture?", strange)
    assert told("what is in this picture?", seen()).startswith("I see nothing that I know, on a plain")


def test_photos_are_not_described() -> None:
    photo = Seen(size=(640, 480), is_known=False, confidence=0.01)
    upload = Record(name="#1", is_upload=True, prompt="holiday")
    said = answer("is there a dog?", photo, upload, VOCABULARY)
    assert said.startswith("I cannot see what is in this picture")
    assert said.endswith("#1 is your own picture; its description says: holiday.")
    assert answer("有狗吗？", photo, upload, VOCABULARY, "zh").startswith("我看不出这张图里有什么")


def test_eyes_that_speak_have_answered() -> None:
    spoken = Seen(size=(8, 8), is_known=True, confidence=1.0, description="A lighthouse at dusk.")
    assert told("what is it?", spoken) == "A lighthouse at dusk."
