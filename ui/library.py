"""All pictures of all chats, in place of the conversation while it is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from ui.bilingual import spoken
from ui.handlers import Handlers
from ui.labels import WORDS
from ui.library_handlers import LibraryHandlers
from ui.listen import listen
from ui.sidebar import Sidebar

__all__ = ["LibraryView", "build_library", "wire_library"]

SCRIPT = Path(__file__).with_name("shelf.js")


@dataclass(frozen=True, kw_only=True)
class LibraryView:
    """`shelf` holds the grid, or one picture large."""

    panel: gr.Column
    search: gr.Textbox
    starred: gr.Checkbox
    close: gr.Button
    shelf: gr.HTML


def build_library() -> LibraryView:
    with gr.Column(visible=False, elem_classes="library") as panel:
        with gr.Row(elem_classes="library-top"):
            gr.HTML(f"<h2>{spoken('all_pictures')}</h2>")
            search = gr.Textbox(
                "",
                label=WORDS("search_pictures"),
                show_label=False,
                container=False,
                placeholder=WORDS("search_pictures"),
                max_length=200,
                max_lines=1,
                elem_classes="search",
            )
            starred = gr.Checkbox(label=WORDS("starred_only"), container=False, elem_classes="starred")
            close = gr.Button(WORDS("back_to_chat"), size="sm", elem_classes="close")
        shelf = gr.HTML(
            elem_classes="shelf", js_on_load=SCRIPT.read_text(encoding="utf-8"), apply_default_css=False
        )
    return LibraryView(panel=panel, search=search, starred=starred, close=close, shelf=shelf)


def wire_library(
    shown: gr.State,
    view: Sequence[Any],
    session_id: gr.Textbox,
    sidebar: Sidebar,
    library: LibraryView,
    page: Handlers,
) -> list[Dependency]:
    """Returns the gestures that show another chat: a running turn of it is then followed."""
    handlers = LibraryHandlers(handlers=page, library=page.library)
    asked = [library.search, library.starred]
    shelf = [library.shelf]
    listen(sidebar.pictures.click, handlers.open, [], [library.panel, *asked, *shelf])
    for asking in (library.search.change, library.starred.input):
        listen(asking, handlers.find, asked, shelf, trigger_mode="always_last")
    listen(library.shelf.turn, handlers.turn, asked, shelf)
    listen(library.shelf.look, handlers.look, [], shelf)
    listen(library.shelf.star, handlers.star, asked, shelf)
    leaving = [
        listen(library.shelf.use, handlers.use, [shown, session_id], view),
        listen(library.shelf.go, handlers.go, [shown], view),
    ]
    ways_back: list[Callable[..., Dependency]] = [
        library.close.click,
        sidebar.sessions.select,
        sidebar.found.select,
        sidebar.new.click,
        sidebar.temporary.click,
        *(gesture.success for gesture in leaving),
    ]
    for trigger in ways_back:
        listen(trigger, close_library, [], [library.panel], queue=False)
    return leaving


def close_library() -> Any:
    return gr.Column(visible=False)
