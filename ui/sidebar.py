"""The sidebar: the list of chats, its search, and what can be done with the chat shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from ui.bilingual import spoken
from ui.handlers import Handlers
from ui.labels import WORDS
from ui.listen import listen
from ui.session_handlers import SessionHandlers

__all__ = ["Sidebar", "build_sidebar", "wire_chats"]

SIDEBAR_PX = 288
CHATS_SCRIPT = Path(__file__).with_name("chats.js")
IMPORT_SCRIPT = Path(__file__).with_name("import.js")
IMPORT = f"""
<label class="import" tabindex="0"><input type="file" accept=".zip,application/zip" hidden>
<span class="idle">{spoken("import_chat")}</span><span class="busy">{spoken("importing")}</span></label>
<p class="import-error" role="alert"><span class="reason"></span>
<span class="broken">{spoken("import_failed")}</span></p>
"""


ACCOUNT = f"""
<p class="account"><a href="/account">{spoken("account")}</a></p>
<form class="account" method="post" action="/sign-out">
<button type="submit">{spoken("sign_out")}</button></form>
"""
NO_ACCOUNT = f'<p class="account"><a href="/account">{spoken("keys_for_programs")}</a></p>'


@dataclass(frozen=True, kw_only=True)
class Sidebar:
    """`sessions` is the list; while there are words in `search`, `found` stands in its place.

    The `bar` above the conversation says that it is temporary.
    """

    new: gr.Button
    temporary: gr.Button
    pictures: gr.Button
    search: gr.Textbox
    sessions: gr.HTML
    found: gr.HTML
    renaming: gr.Column
    title: gr.Textbox
    save_title: gr.Button
    keep_title: gr.Button
    deleting: gr.Column
    really_delete: gr.Button
    keep: gr.Button
    bar: gr.Row
    end: gr.Button


def build_sidebar(*, signs_in: bool = False) -> Sidebar:
    with gr.Sidebar(width=SIDEBAR_PX):
        gr.HTML('<h1 class="wordmark">Reverie</h1>')
        new = gr.Button(WORDS("new_chat"), elem_classes="new")
        with gr.Row(elem_classes="places"):
            temporary = gr.Button(WORDS("temporary_chat"), size="sm", elem_classes="new-temporary")
            pictures = gr.Button(WORDS("all_pictures"), size="sm", elem_classes="all-pictures")
        search = gr.Textbox(
            "",
            label=WORDS("search_chats"),
            show_label=False,
            container=False,
            placeholder=WORDS("search_chats"),
            max_length=200,
            max_lines=1,
            elem_classes="search",
        )
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
        script = CHATS_SCRIPT.read_text(encoding="utf-8")
        found = gr.HTML(elem_classes=["sessions", "found"], js_on_load=script, apply_default_css=False)
        sessions = gr.HTML(elem_classes=["sessions", "all"], js_on_load=script, apply_default_css=False)
        gr.HTML(
            IMPORT,
            js_on_load=IMPORT_SCRIPT.read_text(encoding="utf-8"),
            elem_classes="importing",
            apply_default_css=False,
        )
        gr.HTML(ACCOUNT if signs_in else NO_ACCOUNT, elem_classes="accounts", apply_default_css=False)
    with gr.Row(visible=False, elem_classes="temporary-bar") as bar:
        gr.HTML(f"<p>{spoken('temporary_note')}</p>", apply_default_css=False)
        end = gr.Button(WORDS("end_now"), size="sm")
    return Sidebar(
        new=new,
        temporary=temporary,
        pictures=pictures,
        search=search,
        sessions=sessions,
        found=found,
        renaming=renaming,
        title=title,
        save_title=save_title,
        keep_title=keep_title,
        deleting=deleting,
        really_delete=really_delete,
        keep=keep,
        bar=bar,
        end=end,
    )


def wire_chats(
    shown: gr.State, view: Sequence[Any], session_id: gr.Textbox, sidebar: Sidebar, page: Handlers
) -> list[Dependency]:
    """Finding, renaming, pinning, leaving, and asking before a session is deleted.

    Returns the gestures that show another chat: a running turn of it is then followed.
    """
    handlers = SessionHandlers(handlers=page, library=page.library)
    cards = [sidebar.renaming, sidebar.deleting]
    lists = [sidebar.sessions, sidebar.found]
    words = [session_id, sidebar.search]
    listen(sidebar.search.change, handlers.search, words, [sidebar.found], trigger_mode="always_last")
    listen(session_id.change, handlers.mark, words, [sidebar.bar, sidebar.found], queue=False)
    for listed in lists:
        listen(listed.rename, handlers.ask_title, [session_id], [sidebar.title, *cards], queue=False)
        listen(listed.remove, handlers.ask_deletion, [session_id], cards, queue=False)
        listen(listed.pin, handlers.pin, words, lists, queue=False)
    for trigger in (sidebar.save_title.click, sidebar.title.submit):
        listen(trigger, handlers.rename, [*words, sidebar.title], [*lists, *cards])
    for trigger in (
        sidebar.keep_title.click,
        sidebar.keep.click,
        sidebar.really_delete.click,
        sidebar.sessions.select,
        sidebar.found.select,
        sidebar.new.click,
        sidebar.temporary.click,
    ):
        listen(trigger, fold_cards, [], cards, queue=False)
    return [
        listen(sidebar.sessions.select, page.choose, [shown], view),
        listen(sidebar.found.select, page.choose, [shown], view),
        listen(sidebar.new.click, handlers.new, [shown, session_id], view),
        listen(sidebar.end.click, handlers.new, [shown, session_id], view),
        listen(sidebar.temporary.click, handlers.temporary, [shown, session_id], view),
    ]


def fold_cards() -> tuple[Any, Any]:
    """Neither renaming nor deleting any more."""
    return gr.Column(visible=False), gr.Column(visible=False)
