"""The page: what stands where, and which gesture goes to which handler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import gradio as gr
from gradio.components.chatbot import ExampleMessage
from gradio.events import Dependency

from agent.domain import Quality, Shape
from ui.handlers import Handlers, Page

__all__ = ["build_page"]

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
SHOW_ADDRESS = """
(id) => { window.history.replaceState(null, "", id ? `/?chat=${id}` : "/?chat=new"); return []; }
"""
SIDEBAR_PX = 272
UPLOADS_SECONDS = 3600
PASTE_CHARACTERS = 1_000_000
"""Above this a pasted text would turn into a file; the coordinator says what is too long."""


@dataclass(frozen=True, kw_only=True)
class Sidebar:
    """The list of sessions and what can be done with the one shown."""

    new: gr.Button
    sessions: gr.Radio
    rename: gr.Button
    delete: gr.Button
    renaming: gr.Column
    title: gr.Textbox
    save_title: gr.Button
    keep_title: gr.Button
    deleting: gr.Column
    really_delete: gr.Button
    keep: gr.Button


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The conversation, the message box and the settings under it."""

    chat: gr.Chatbot
    box: gr.MultimodalTextbox
    quality: gr.Radio
    shape: gr.Radio
    seed: gr.Textbox


def build_page(handlers: Handlers) -> gr.Blocks:
    """The Blocks, ready to be launched."""
    page = gr.Blocks(
        title="Reverie",
        analytics_enabled=False,
        fill_height=True,
        fill_width=True,
        delete_cache=(UPLOADS_SECONDS, UPLOADS_SECONDS),
    )
    with page:
        session_id = gr.Textbox(visible=False)
        sidebar = build_sidebar()
        stage = build_stage()
        wire_conversation(page, session_id, sidebar, stage, handlers)
        wire_sessions(session_id, sidebar, handlers)
    return page


def build_sidebar() -> Sidebar:
    with gr.Sidebar(width=SIDEBAR_PX):
        gr.HTML('<h1 class="wordmark">Reverie</h1>')
        new = gr.Button("New chat", elem_classes="new")
        sessions = gr.Radio(
            [], label="Chats", show_label=False, container=False, interactive=True, elem_classes="sessions"
        )
        with gr.Row(elem_classes="session-actions"):
            rename = gr.Button("Rename", size="sm")
            delete = gr.Button("Delete", size="sm")
        with gr.Column(visible=False, elem_classes="card") as renaming:
            title = gr.Textbox(label="Title", show_label=False, container=False, max_length=120)
            with gr.Row():
                save_title = gr.Button("Save", size="sm", variant="primary")
                keep_title = gr.Button("Cancel", size="sm")
        with gr.Column(visible=False, elem_classes="card") as deleting:
            gr.HTML("<p>Delete this chat and its pictures for good?</p>")
            with gr.Row():
                really_delete = gr.Button("Delete for good", size="sm", variant="stop")
                keep = gr.Button("Keep", size="sm")
    return Sidebar(
        new=new,
        sessions=sessions,
        rename=rename,
        delete=delete,
        renaming=renaming,
        title=title,
        save_title=save_title,
        keep_title=keep_title,
        deleting=deleting,
        really_delete=really_delete,
        keep=keep,
    )


def build_stage() -> Stage:
    with gr.Column(elem_classes="stage"):
        chat = gr.Chatbot(
            label="Conversation",
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
                label="Message",
                show_label=False,
                placeholder="Say what to draw or what to change…",
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
                    [("Full", Quality.FULL.value), ("Fast", Quality.FAST.value)],
                    value=Quality.FULL.value,
                    label="Quality",
                )
                shape = gr.Radio(
                    [(each.value.capitalize(), each.value) for each in Shape],
                    value=Shape.SQUARE.value,
                    label="Shape",
                )
                seed = gr.Textbox(
                    label="Seed", placeholder="random", max_length=10, max_lines=1, elem_classes="seed"
                )
    return Stage(chat=chat, box=box, quality=quality, shape=shape, seed=seed)


def wire_conversation(
    page: gr.Blocks, session_id: gr.Textbox, sidebar: Sidebar, stage: Stage, handlers: Handlers
) -> None:
    """Showing a session, and messages. Each gesture ends at once; then its running turn is followed."""
    shown = gr.State(Page())
    view = [session_id, sidebar.sessions, stage.chat, stage.box]
    settings = [session_id, stage.quality, stage.shape, stage.seed]
    gestures = [
        listen(page.load, handlers.open, [shown], view),
        listen(sidebar.sessions.select, handlers.choose, [shown], view),
        listen(sidebar.new.click, handlers.new, [shown], view),
        listen(sidebar.really_delete.click, handlers.delete, [shown, session_id], view),
        listen(stage.box.submit, handlers.send, [shown, stage.box, *settings], view),
        listen(stage.chat.example_select, handlers.pick, [shown, *settings], view),
        listen(stage.chat.option_select, handlers.pick, [shown, *settings], view),
        listen(stage.chat.retry, handlers.retry, [shown, session_id], view),
    ]
    for gesture in gestures:
        listen(gesture.success, handlers.follow, [shown, session_id], view, trigger_mode="multiple")
    listen(stage.box.stop, handlers.stop, [session_id], [], queue=False)
    session_id.change(None, [session_id], None, js=SHOW_ADDRESS)


def wire_sessions(session_id: gr.Textbox, sidebar: Sidebar, handlers: Handlers) -> None:
    """Renaming, and asking before a session is deleted."""
    listen(
        sidebar.rename.click, handlers.ask_title, [session_id], [sidebar.title, sidebar.renaming], queue=False
    )
    listen(sidebar.delete.click, handlers.ask_deletion, [session_id], [sidebar.deleting], queue=False)
    for trigger in (sidebar.save_title.click, sidebar.title.submit):
        listen(
            trigger,
            handlers.rename,
            [session_id, sidebar.title],
            [sidebar.sessions, sidebar.renaming],
        )
    for trigger in (
        sidebar.keep_title.click,
        sidebar.keep.click,
        sidebar.really_delete.click,
        sidebar.sessions.select,
        sidebar.new.click,
    ):
        listen(trigger, fold_cards, [], [sidebar.renaming, sidebar.deleting], queue=False)


def fold_cards() -> tuple[Any, Any]:
    """Neither renaming nor deleting any more."""
    return gr.Column(visible=False), gr.Column(visible=False)


def listen(
    trigger: Callable[..., Dependency],
    handler: Callable[..., Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    *,
    queue: bool = True,
    trigger_mode: Literal["once", "multiple"] = "once",
) -> Dependency:
    """An event of the page alone: not in the API's description, and without Gradio's own progress display."""
    return trigger(
        handler,
        [*inputs],
        [*outputs],
        queue=queue,
        trigger_mode=trigger_mode,
        concurrency_limit=None,
        show_progress="hidden",
        api_visibility="private",
    )
