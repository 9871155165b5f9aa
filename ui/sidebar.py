"""The sidebar: the list of sessions, and what can be done with the one shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui.handlers import Handlers
from ui.listen import listen
from ui.words import WORDS

__all__ = ["Sidebar", "build_sidebar", "wire_sessions"]

SIDEBAR_PX = 272


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


def build_sidebar() -> Sidebar:
    with gr.Sidebar(width=SIDEBAR_PX):
        gr.HTML('<h1 class="wordmark">Reverie</h1>')
        new = gr.Button(WORDS("new_chat"), elem_classes="new")
        sessions = gr.Radio(
            [],
            label=WORDS("chats"),
            show_label=False,
            container=False,
            interactive=True,
            elem_classes="sessions",
        )
        with gr.Row(elem_classes="session-actions"):
            rename = gr.Button(WORDS("rename"), size="sm")
            delete = gr.Button(WORDS("delete"), size="sm")
        with gr.Column(visible=False, elem_classes="card") as renaming:
            title = gr.Textbox(label=WORDS("title"), show_label=False, container=False, max_length=120)
            with gr.Row():
                save_title = gr.Button(WORDS("save"), size="sm", variant="primary")
                keep_title = gr.Button(WORDS("cancel"), size="sm")
        with gr.Column(visible=False, elem_classes="card") as deleting:
            gr.Markdown(WORDS("delete_question"))
            with gr.Row():
                really_delete = gr.Button(WORDS("delete_for_good"), size="sm", variant="stop")
                keep = gr.Button(WORDS("keep"), size="sm")
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
