"""The page: what stands where, and which gesture of the conversation goes to which handler."""

from __future__ import annotations

import gradio as gr
from gradio.events import Dependency

from agent.choices import Choices
from ui.following import Following
from ui.gestures import Gestures
from ui.handlers import Handlers, Page
from ui.house_handlers import HouseHandlers, wire_house
from ui.library import LibraryView, build_library, wire_library
from ui.listen import listen
from ui.settings import keep_settings
from ui.sidebar import Sidebar, build_sidebar, wire_chats
from ui.stage import Stage, build_stage

__all__ = ["build_page"]

SHOW_ADDRESS = """
(id) => { window.history.replaceState(null, "", id ? `/?chat=${id}` : "/?chat=new"); return []; }
"""
TAKE_GESTURE = "(page, payload, ...rest) => [page, window.reverie.takeGesture(), ...rest]"
TAKE_MASK = "(page, box, id, mask, ...rest) => [page, box, id, window.reverie.takeMask(box), ...rest]"
TAKE_BACK = """
(text, box) => {
  const asItIs = { __type__: "update" };
  if (!text) return [asItIs, asItIs];
  if (box.text.startsWith(text)) return [box, ""];
  return [{ text: [text, box.text].filter(Boolean).join("\\n"), files: box.files }, ""];
}
"""
"""Before what was typed since. Where nothing comes back the box is not touched: by now it may hold more than
was read of it. Gradio tells the last view twice."""
TAKE_LOAN = "(payload, ...rest) => [window.reverie.takeGesture(), ...rest]"
LOOK_SECONDS, UPLOADS_SECONDS = 300, 1_800
"""How often uploads that were never sent are looked through, and how old they may become."""


def build_page(handlers: Handlers, choices: Choices, *, signs_in: bool = False) -> gr.Blocks:
    """The Blocks, ready to be launched; `signs_in`: who uses the page has said who it is."""
    page = gr.Blocks(
        title="Reverie",
        analytics_enabled=False,
        fill_height=True,
        fill_width=True,
        delete_cache=(LOOK_SECONDS, UPLOADS_SECONDS),
    )
    with page:
        session_id = gr.Textbox(visible=False)
        sidebar = build_sidebar(signs_in=signs_in)
        library = build_library()
        stage = build_stage(handlers.qualities, handlers.default_quality, choices)
        wire_conversation(page, session_id, sidebar, library, stage, handlers)
        borrowed = wire_borrowing(stage, Gestures(handlers=handlers))
        keep_settings(page, stage.settings, borrowed)
        used = wire_house(
            stage.settings.house, HouseHandlers(choices=choices, coordinator=handlers.coordinator)
        )
        listen(used.then, Gestures(handlers=handlers).facts, [], [stage.settings.facts])
    return page


def wire_conversation(
    page: gr.Blocks,
    session_id: gr.Textbox,
    sidebar: Sidebar,
    library: LibraryView,
    stage: Stage,
    handlers: Handlers,
) -> None:
    """Showing a session, and messages. Each gesture ends at once; then its running turn is followed."""
    shown = gr.State(Page())
    view = [session_id, sidebar.sessions, stage.chat, stage.at_work]
    session_id.change(None, [session_id], None, js=SHOW_ADDRESS)
    told, following = [*view, stage.given_back], Following(handlers)
    settings = [session_id, *stage.settings.fields]
    done = Gestures(handlers=handlers)
    gestures = [
        listen(page.load, handlers.open, [shown], view),
        *wire_chats(shown, view, session_id, sidebar, handlers),
        *wire_library(shown, view, session_id, sidebar, library, handlers),
        listen(sidebar.really_delete.click, handlers.delete, [shown, session_id], view),
        listen(
            stage.box.submit,
            handlers.send,
            [shown, stage.box, session_id, stage.payload, *stage.settings.fields],
            [*view, stage.box],
            js=TAKE_MASK,
        ),
        listen(stage.chat.example_select, handlers.pick, [shown, *settings], view),
        listen(stage.chat.option_select, handlers.pick, [shown, *settings], view),
        listen(stage.gesture.click, done.act, [shown, stage.payload, *settings], view, js=TAKE_GESTURE),
        listen(stage.chat.retry, handlers.retry, [shown, session_id], view),
    ]
    for gesture in gestures:
        listen(gesture.success, following.follow, [shown, session_id], told, trigger_mode="multiple")
    stage.given_back.change(None, [stage.given_back, stage.box], [stage.box, stage.given_back], js=TAKE_BACK)
    listen(stage.box.stop, handlers.stop, [session_id], [], queue=False)


def wire_borrowing(stage: Stage, gestures: Gestures) -> Dependency:
    """Taking over what a picture was made with, and what the settings tell."""
    fields = stage.settings
    borrowed = [stage.box, stage.offer, fields.shape, fields.seed, fields.num_steps, fields.guidance]
    listen(stage.look_at_files.click, gestures.look_at_files, [stage.box], [stage.offer])
    listen(fields.more.expand, gestures.facts, [], [fields.facts])
    return listen(stage.borrow.click, gestures.borrow, [stage.payload, stage.box], borrowed, js=TAKE_LOAN)
