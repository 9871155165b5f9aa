"""The stage: the conversation, the message box and the settings under it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import gradio as gr
from gradio.components.chatbot import ExampleMessage

from agent.choices import Choices
from agent.domain import Quality
from ui.labels import WORDS
from ui.settings import Settings, build_settings
from ui.words import say

__all__ = ["Stage", "build_stage", "examples", "placeholder"]

EXAMPLES = ("example_two", "example_ground", "example_style", "example_steps")
PASTE_CHARACTERS = 1_000_000
"""Above this a pasted text would turn into a file; the coordinator says what is too long."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The conversation, the message box, and the settings under it.

    The page's script presses the buttons that nobody sees: `gesture` and `borrow` for something done with a
    picture or a message, `look_at_files` when the files in the box are others. `offer` is what the page then
    offers to do with them. `at_work` marks that a turn runs; words in `given_back` go into the box.
    """

    chat: gr.Chatbot
    box: gr.MultimodalTextbox
    settings: Settings
    offer: gr.HTML
    at_work: gr.HTML
    given_back: gr.Textbox
    payload: gr.Textbox
    gesture: gr.Button
    borrow: gr.Button
    look_at_files: gr.Button


def build_stage(qualities: tuple[Quality, ...], default: Quality, choices: Choices) -> Stage:
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
            placeholder=placeholder("en"),
            examples=examples("en"),
        )
        with gr.Column(elem_classes="desk"):
            gr.HTML('<div class="mask-place"></div>', elem_classes="chips")
            offer = gr.HTML("", elem_classes="chips")
            working = gr.HTML("", elem_classes="mark")
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
                stop_btn=True,
                autofocus=True,
                elem_classes="box",
            )
            settings = build_settings(qualities, default, choices)
        given_back = gr.Textbox("", visible=False)
        payload = gr.Textbox(visible=False)
        gesture = gr.Button(visible="hidden", elem_classes="unseen-gesture")
        borrow = gr.Button(visible="hidden", elem_classes="unseen-borrow")
        look_at_files = gr.Button(visible="hidden", elem_classes="unseen-look")
    return Stage(
        chat=chat,
        box=box,
        settings=settings,
        offer=offer,
        at_work=working,
        given_back=given_back,
        payload=payload,
        gesture=gesture,
        borrow=borrow,
        look_at_files=look_at_files,
    )


def placeholder(language: str) -> str:
    """What an empty conversation says."""
    title, hint = escape(say("empty_title", language)), escape(say("empty_hint", language))
    return f'<div class="empty"><h2>{title}</h2><p>{hint}</p></div>'


def examples(language: str) -> list[ExampleMessage]:
    return [ExampleMessage(text=say(key, language)) for key in EXAMPLES]
