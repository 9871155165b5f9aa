"""Exact work asked for in English, and orders about things in a picture that are none."""

from __future__ import annotations

import pytest

from agent.brains.brain import Context, PictureView, Utterance
from agent.brains.english_adjust import operation_of
from agent.brains.offline import OfflineBrain
from agent.domain import DecisionStep, Origin, Route
from agent.operations import Axis, Crop, CutOut, Extend, Flip, Operation, Resize, Rotate, Side, Upscale

LEFT_AND_RIGHT = (Side.LEFT, Side.RIGHT)


@pytest.mark.parametrize(
    ("order", "operation"),
    [
        ("crop it to a square", Crop(aspect=1)),
        ("crop the picture to 16:9", Crop(aspect=16 / 9)),
        ("crop to 512x256", Crop(width=512, height=256)),
        ("crop it to the left half", Crop(right=0.5)),
        ("cut off 10% from each side", Crop(left=0.1, top=0.1, right=0.9, bottom=0.9)),
        ("crop the top by 20%", Crop(top=0.2)),
        ("rotate it by 90 degrees", Rotate(degrees=90)),
        ("rotate the image 45° counter-clockwise", Rotate(degrees=-45)),
        ("turn the photo by 180 degrees", Rotate(degrees=180)),
        ("rotate it to the left", Rotate(degrees=-90)),
        ("turn it upside down", Rotate(degrees=180)),
        ("mirror it", Flip()),
        ("flip the picture horizontally", Flip()),
        ("flip it vertically", Flip(axis=Axis.VERTICAL)),
        ("resize it to 800x600", Resize(width=800, height=600)),
        ("resize it to 99999x10", Resize(width=99_999, height=10)),
        ("make it 512 pixels wide", Resize(width=512)),
        ("scale it down to 50%", Resize(scale=0.5)),
        ("shrink the picture to half its size", Resize(scale=0.5)),
        ("scale it up 3x", Resize(scale=3)),
        ("upscale it", Upscale(factor=2)),
        ("enlarge the image 4x", Upscale(factor=4)),
        ("double the resolution", Upscale(factor=2)),
        ("extend it to the left", Extend(sides=(Side.LEFT,))),
        ("extend the canvas by 100 pixels on the right", Extend(sides=(Side.RIGHT,), pixels=100)),
        ("extend the picture by 20% on both sides", Extend(sides=LEFT_AND_RIGHT, share=0.2)),
        ("outpaint it", Extend(sides=tuple(Side))),
        ("extend it to 16:9", Extend(aspect=16 / 9)),
        ("make the canvas wider", Extend(sides=LEFT_AND_RIGHT)),
        ("remove the background", CutOut()),
        ("make the background transparent", CutOut()),
    ],
)
def test_an_order_for_the_picture_is_exact_work(order: str, operation: Operation) -> None:
    assert operation_of(order) == operation


@pytest.mark.parametrize(
    "order",
    [
        "flip the car",
        "rotate the dog by 90 degrees",
        "make it bigger",
        "enlarge the cat",
        "enlarge it",
        "shrink it",
        "remove the people in the background",
        "make the background blue",
        "crop it",
        "turn it into a watercolor",
        "turn it around the corner",
        "cut out the dog",
        "crop it to 0:1",
        "rotate it by 36000 degrees",
        "scale it to 0%",
        "extend the roof",
    ],
)
def test_all_else_is_left_to_the_engines(order: str) -> None:
    assert operation_of(order) is None


def decided(message: str) -> tuple[Route, tuple[DecisionStep, ...]]:
    pictures = tuple(
        PictureView(id=f"p{number}", number=number, origin=Origin.GENERATED, turn=number, prompt=prompt)
        for number, prompt in enumerate(("a red car", "a cat"), start=1)
    )
    history = tuple(Utterance(role="assistant", text="Here.", pictures=(each.id,)) for each in pictures)
    decision = OfflineBrain().decide(
        Context(message=message, pictures=pictures, history=history, current="p2")
    )
    return decision.route, decision.steps


def adjusting(prompt: str, source: str, operation: Operation) -> DecisionStep:
    return DecisionStep(kind="adjust", prompt=prompt, source=source, operation=operation)


@pytest.mark.parametrize(
    ("message", "steps"),
    [
        ("please rotate #1 by 90 degrees", [adjusting("rotate it by 90 degrees", "p1", Rotate(degrees=90))]),
        ("flip it vertically", [adjusting("flip it vertically", "p2", Flip(axis=Axis.VERTICAL))]),
        (
            "draw a dog and upscale it 2x",
            [
                DecisionStep(kind="generate", prompt="a dog"),
                adjusting("upscale it 2x", "step1", Upscale(factor=2)),
            ],
        ),
        (
            "mirror it and make it blue",
            [
                adjusting("mirror it", "p2", Flip()),
                DecisionStep(kind="edit", prompt="make it blue", source="step1"),
            ],
        ),
        ("左右翻转一下", [adjusting("mirror it", "p2", Flip())]),
        ("把第一张图裁剪成正方形", [adjusting("crop it", "p1", Crop(aspect=1))]),
        ("把图片放大两倍", [adjusting("upscale it", "p2", Upscale(factor=2))]),
    ],
)
def test_the_rules_name_the_picture_too(message: str, steps: list[DecisionStep]) -> None:
    _, found = decided(message)
    assert list(found) == steps
