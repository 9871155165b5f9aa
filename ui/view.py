"""What gestures may change on the page, and how a part is left as it is."""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict

import gradio as gr

__all__ = ["EMPTY_BOX", "Sent", "SentView", "Told", "View", "at_work"]

AT_WORK = '<i class="at-work"></i>'
"""While it is in the page, the page's style shows Stop in place of Send."""


class Sent(TypedDict):
    """What the message box holds."""

    text: str
    files: list[str]


EMPTY_BOX = Sent(text="", files=[])


class View(NamedTuple):
    """The shown session's id, the list in the sidebar, the conversation, and whether a turn is at work.

    gr.skip() leaves a part alone. Gradio then describes that component anew: of a conversation or a message
    box this takes milliseconds, in which no other page is served, so what is told often says the whole.
    """

    session_id: Any
    sessions: Any
    chat: Any
    at_work: Any


class SentView(NamedTuple):
    """With what stands in the message box."""

    session_id: Any
    sessions: Any
    chat: Any
    at_work: Any
    box: Any


class Told(NamedTuple):
    """Of a turn at work; `given_back` is the message that opened none."""

    session_id: Any = gr.skip()
    sessions: Any = gr.skip()
    chat: Any = gr.skip()
    at_work: Any = gr.skip()
    given_back: Any = gr.skip()


def at_work(is_busy: bool) -> str:
    return AT_WORK if is_busy else ""
