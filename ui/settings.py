"""The settings under the message box: two for everyone, the rest behind a fold. The browser keeps them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.events import Dependency
from pydantic import ValidationError

from agent.choices import Choices
from agent.domain import PictureOptions, Quality, Shape
from ui.house import House, build_house
from ui.labels import WORDS
from ui.words import say

__all__ = ["DEFAULTS", "MAX_SEED", "Settings", "build_settings", "keep_settings", "wanted_options"]

MAX_SEED = 2**31 - 1
DEFAULTS = (Quality.FULL.value, Shape.SQUARE.value, "", "", "", "", False, False, True, True, True)
"""The quality among them is the one that the engines offer first."""
BAD = {"num_steps": "bad_steps", "guidance": "bad_guidance", "best_of": "bad_best_of"}
KEEP = "(...values) => { window.reverie.keepSettings(values); return []; }"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The fields, in the order in which handlers take them, and what stands around them."""

    quality: gr.Radio
    shape: gr.Radio
    seed: gr.Textbox
    num_steps: gr.Textbox
    guidance: gr.Textbox
    best_of: gr.Textbox
    asks_first: gr.Checkbox
    keeps_rest: gr.Checkbox
    is_checked: gr.Checkbox
    rewrites: gr.Checkbox
    keeps_recipe: gr.Checkbox
    qualities: tuple[Quality, ...]
    default: Quality
    more: gr.Accordion
    facts: gr.HTML
    reset: gr.Button
    house: House

    @property
    def fields(self) -> list[Any]:
        return [
            *(self.quality, self.shape, self.seed, self.num_steps, self.guidance, self.best_of),
            *(self.asks_first, self.keeps_rest, self.is_checked, self.rewrites, self.keeps_recipe),
        ]


def build_settings(qualities: tuple[Quality, ...], default: Quality, choices: Choices) -> Settings:
    """`qualities`: those that there is an engine for, the best one first."""
    with gr.Row(elem_classes="settings"):
        quality = gr.Radio(
            [(WORDS(each.value), each.value) for each in qualities],
            value=default.value,
            label=WORDS("quality"),
        )
        shape = gr.Radio(
            [(WORDS(each.value), each.value) for each in Shape],
            value=Shape.SQUARE.value,
            label=WORDS("shape"),
        )
        with gr.Accordion(WORDS("more"), open=False, elem_classes="more") as more:
            with gr.Row(elem_classes="numbers"):
                seed = number_field("seed", "random", "seed")
                num_steps = number_field("steps", "own_steps", "num-steps")
                guidance = number_field("guidance", "own_steps", "guidance")
                best_of = number_field("best_of", "one_try", "best-of")
            asks_first = gr.Checkbox(False, label=WORDS("asks_first"), elem_classes="asks-first")
            keeps_rest = gr.Checkbox(False, label=WORDS("keeps_rest"))
            is_checked = gr.Checkbox(True, label=WORDS("is_checked"))
            rewrites = gr.Checkbox(True, label=WORDS("rewrites"))
            keeps_recipe = gr.Checkbox(True, label=WORDS("keeps_recipe"), elem_classes="keeps-recipe")
            with gr.Row(elem_classes="foot"):
                facts = gr.HTML("", elem_classes="facts")
                reset = gr.Button(WORDS("reset"), size="sm", elem_classes="reset")
            house = build_house(choices)
    return Settings(
        quality=quality,
        shape=shape,
        seed=seed,
        num_steps=num_steps,
        guidance=guidance,
        best_of=best_of,
        asks_first=asks_first,
        keeps_rest=keeps_rest,
        is_checked=is_checked,
        rewrites=rewrites,
        keeps_recipe=keeps_recipe,
        qualities=qualities,
        default=default,
        more=more,
        facts=facts,
        reset=reset,
        house=house,
    )


def number_field(label: str, placeholder: str, name: str) -> gr.Textbox:
    """Empty stands for the default, which a number box cannot be."""
    return gr.Textbox(
        label=WORDS(label),
        placeholder=WORDS(placeholder),
        max_length=10,
        max_lines=1,
        elem_classes=name,
    )


def keep_settings(page: gr.Blocks, settings: Settings, borrowed: Dependency) -> None:
    """All in the browser: kept when changed, there again on the next visit, and back to the defaults.

    A field behind the fold does not tell of a change, so what was `borrowed` is kept once more.
    """
    qualities = [each.value for each in settings.qualities]
    defaults = json.dumps([settings.default.value, *DEFAULTS[1:]])
    load = f"() => window.reverie.loadSettings({defaults}, {json.dumps(qualities)})"
    page.load(None, [], settings.fields, js=load)
    settings.reset.click(None, [], settings.fields, js=f"() => {defaults}")
    for tell in (borrowed.then, *(field.change for field in settings.fields)):
        tell(None, settings.fields, [], js=KEEP)


def wanted_options(values: Sequence[Any], language: str) -> PictureOptions:
    """The fields as the coordinator takes them; raises gr.Error with a sentence."""
    quality, shape, seed, num_steps, guidance, best_of, asks_first, keeps_rest, is_checked, rewrites, _ = (
        values
    )
    try:
        return PictureOptions(
            quality=quality,
            shape=shape,
            seed=wanted_seed(str(seed or ""), language),
            num_steps=str(num_steps or "").strip() or None,
            guidance=str(guidance or "").strip() or None,
            best_of=str(best_of or "").strip() or 1,
            asks_first=asks_first,
            keeps_rest=keeps_rest,
            is_checked=is_checked,
            rewrites=rewrites,
        )
    except ValidationError as error:
        key = BAD.get(str(error.errors()[0]["loc"][0]), "old_page")
        raise gr.Error(say(key, language)) from error


def wanted_seed(words: str, language: str) -> int | None:
    """Nothing stands for a fresh seed each time."""
    words = words.strip()
    if not words:
        return None
    if not words.isascii() or not words.isdigit() or int(words) > MAX_SEED:
        raise gr.Error(say("bad_seed", language, most=MAX_SEED))
    return int(words)
