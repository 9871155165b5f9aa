"""What the fields of the page become, and what is said of those that cannot be."""

from __future__ import annotations

import gradio as gr
import pytest

from agent.domain import PictureOptions, Quality, Shape
from ui.settings import DEFAULTS, wanted_options


def fields(**changes: object) -> list[object]:
    names = "quality shape seed num_steps guidance best_of asks_first keeps_rest is_checked".split()
    return [changes.get(name, default) for name, default in zip(names, DEFAULTS[:9], strict=True)] + [
        True,
        True,
    ]


def test_the_defaults_are_the_coordinators_own() -> None:
    assert wanted_options(DEFAULTS, "en") == PictureOptions()


def test_empty_and_unopened_fields_leave_it_to_the_engine() -> None:
    options = wanted_options(fields(seed=None, num_steps=" ", guidance=None), "en")
    assert (options.seed, options.num_steps, options.guidance) == (None, None, None)


def test_fields_are_taken_as_they_are_typed() -> None:
    options = wanted_options(
        fields(
            quality="fast",
            shape="portrait",
            seed=" 7 ",
            num_steps="12",
            guidance="4.5",
            best_of="3",
            asks_first=True,
        ),
        "en",
    )
    assert options == PictureOptions(
        quality=Quality.FAST,
        shape=Shape.PORTRAIT,
        seed=7,
        num_steps=12,
        guidance=4.5,
        best_of=3,
        asks_first=True,
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("seed", "-1", "A seed is a whole number"),
        ("seed", "²", "A seed is a whole number"),
        ("num_steps", "0", "Steps are a whole number from 1 to 200"),
        ("num_steps", "201", "Steps are a whole number from 1 to 200"),
        ("num_steps", "many", "Steps are a whole number from 1 to 200"),
        ("guidance", "20.5", "Guidance is a number from 0 to 20"),
        ("quality", "best", "Please reload"),
    ],
)
def test_what_cannot_be_is_said(name: str, value: str, words: str) -> None:
    with pytest.raises(gr.Error, match=words):
        wanted_options(fields(**{name: value}), "en")


def test_chinese_readers_hear_chinese() -> None:
    with pytest.raises(gr.Error, match="步数是 1 到 200 之间的整数"):
        wanted_options(fields(num_steps="0"), "zh")
