"""The stage: the conversation, the message box and the settings under it."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr
from gradio.components.chatbot import ExampleMessage

from agent.domain import Quality, Shape
from ui.words import WORDS

__all__ = ["Stage", "build_stage"]

EXAMPLES = (
    "draw a red car next to a dog",
    "two green apples on a pink background",
    "a cat in pixel style",
    "draw a blue house, then add a tree next to it",
)
PLACEHOLDER = """
<div class="empty"><h2>What shall we draw?</h2>
<p>Say what you would like to see, then say what to change.</p></div>
"""
PASTE_CHARACTERS = 1_000_000
"""Above this a pasted text would turn into a file; the coordinator says what is too long."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The conversation, the message box and the settings under it."""

    chat: gr.Chatbot
    box: gr.MultimodalTextbox
    quality: gr.Radio
    shape: gr.Radio
    seed: gr.Textbox


def build_stage() -> Stage:
    with gr.Column(elem_classes="stage"):
        chat = gr.Chatbot(
            label=WORDS("conversation"),
            show_label=False,
            elem_classes="chat",
            height="100%",
            layout="bubble",
            buttons=[],
            feedback_options=None,
            latex_delimiters=[],
            allow_tags=False,
            sanitize_html=True,
            placeholder=PLACEHOLDER,
            examples=[ExampleMessage(text=words) for words in EXAMPLES],
        )
        with gr.Column(elem_classes="desk"):
            box = gr.MultimodalTextbox(
                {"text": "", "files": []},
                label=WORDS("message"),
                show_label=False,
                placeholder=WORDS("box_hint"),  # type: ignore[arg-type]
                sources=["upload"],
                file_types=["image"],
                file_count="multiple",
                max_plain_text_length=PASTE_CHARACTERS,
                max_lines=8,
                autofocus=True,
                elem_classes="box",
            )
            with gr.Row(elem_classes="settings"):
                quality = gr.Radio(
                    [(WORDS(each.value), each.value) for each in (Quality.FULL, Quality.FAST)],
                    value=Quality.FULL.value,
                    label=WORDS("quality"),
                )
                shape = gr.Radio(
                    [(WORDS(each.value), each.value) for each in Shape],
                    value=Shape.SQUARE.value,
                    label=WORDS("shape"),
                )
                seed = gr.Textbox(
                    label=WORDS("seed"),
                    placeholder=WORDS("random"),
                    max_length=10,
                    max_lines=1,
                    elem_classes="seed",
                )
    return Stage(chat=chat, box=box, quality=quality, shape=shape, seed=seed)
