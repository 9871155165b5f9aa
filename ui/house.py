"""The settings of the house, behind a fold of their own: who reads the words, and who draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from agent.choices import MOST_CHARACTERS, BrainName, Choices
from ui.labels import WORDS

__all__ = ["House", "build_house"]

BRAIN_WORDS: Mapping[BrainName, str] = {
    "offline": "built_in_rules",
    "openai": "language_model",
    "llama": "engines_llama",
}
ENGINE_WORDS = {"stickers": "Stickers", "hidream": "HiDream", "fake": "Fake"}


@dataclass(frozen=True, kw_only=True)
class House:
    """The fields, in the order in which handlers take them. `server` holds those of a language model."""

    fold: gr.Accordion
    brain: gr.Radio
    server: gr.Column
    base_url: gr.Textbox
    model: gr.Textbox
    api_key: gr.Textbox
    engine: gr.Radio
    test: gr.Button
    use: gr.Button
    told: gr.HTML

    @property
    def fields(self) -> list[Any]:
        return [self.brain, self.base_url, self.model, self.api_key, self.engine]


def build_house(choices: Choices) -> House:
    """What stands in the fields is asked for when the fold is opened: it belongs into no page."""
    with gr.Accordion(WORDS("house"), open=False, elem_classes="house") as fold:
        brain = gr.Radio(
            [(WORDS(BRAIN_WORDS[each]), each) for each in choices.brains],
            label=WORDS("brain"),
            elem_classes="brain",
        )
        with gr.Column(visible=False, elem_classes="server") as server:
            base_url = gr.Textbox(
                label=WORDS("address"), max_length=500, max_lines=1, elem_classes="base-url"
            )
            model = gr.Textbox(label=WORDS("model_name"), max_length=500, max_lines=1, elem_classes="model")
            api_key = gr.Textbox(
                label=WORDS("key"), type="password", max_length=500, max_lines=1, elem_classes="api-key"
            )
        engine = gr.Radio(
            [(ENGINE_WORDS[each], each) for each in choices.engines],
            label=WORDS("engines"),
            visible=len(choices.engines) > 1,
            elem_classes="engine",
        )
        with gr.Row(elem_classes="foot"):
            test = gr.Button(WORDS("test_brain"), size="sm", elem_classes="test")
            use = gr.Button(WORDS("use_it"), size="sm", variant="primary", elem_classes="use")
        told = gr.HTML("", elem_classes="told")
    return House(
        fold=fold,
        brain=brain,
        server=server,
        base_url=base_url,
        model=model,
        api_key=api_key,
        engine=engine,
        test=test,
        use=use,
        told=told,
    )


def line_field(label: str, name: str, *, is_secret: bool = False) -> gr.Textbox:
    return gr.Textbox(
        label=WORDS(label),
        type="password" if is_secret else "text",
        max_length=MOST_CHARACTERS,
        max_lines=1,
        elem_classes=name,
    )
