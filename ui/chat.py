"""The page: what stands where, and which gesture goes to which handler."""

from __future__ import annotations

import gradio as gr
from gradio.components.chatbot import ExampleMessage

from agent.domain import MAX_PROMPT_CHARACTERS, Quality, Shape
from ui.handlers import Handlers

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
CLOSE_SIDEBAR_ON_PHONE = """
() => { if (window.innerWidth < 768) document.querySelector(".sidebar.open .toggle-button")?.click(); }
"""
SHOW_ADDRESS = """
(id) => { window.history.replaceState(null, "", id ? `/?chat=${id}` : "/?chat=new"); return []; }
"""


def build_page(handlers: Handlers) -> gr.Blocks:
    """The Blocks, ready to be launched."""
    with gr.Blocks(
        title="Reverie", analytics_enabled=False, fill_height=True, fill_width=True, delete_cache=(3600, 3600)
    ) as page:
        session_id = gr.Textbox(visible=False)
        with gr.Sidebar(width=272):
            gr.HTML('<h1 class="wordmark">Reverie</h1>')
            new = gr.Button("New chat", elem_classes="new", size="md")
            sessions = gr.Radio(choices=[], show_label=False, container=False, elem_classes="sessions")
            with gr.Row(elem_classes="session-actions"):
                rename = gr.Button("Rename", size="sm")
                delete = gr.Button("Delete", size="sm")
            with gr.Column(visible=False, elem_classes="card") as renaming:
                title = gr.Textbox(show_label=False, container=False, max_length=120, placeholder="Title")
                with gr.Row():
                    save = gr.Button("Save", size="sm", variant="primary")
                    keep_title = gr.Button("Cancel", size="sm")
            with gr.Column(visible=False, elem_classes="card") as deleting:
                gr.HTML("<p>Delete this chat and its pictures for good?</p>")
                with gr.Row():
                    really_delete = gr.Button("Delete for good", size="sm", variant="stop")
                    keep = gr.Button("Keep", size="sm")
        with gr.Column(elem_classes="stage"):
            chat = gr.Chatbot(
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
                    show_label=False,
                    placeholder="Draw a red car next to a dog…",
                    sources=["upload"],
                    file_types=["image"],
                    file_count="multiple",
                    max_plain_text_length=1_000_000,
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
                        "", label="Seed", placeholder="random", max_length=10, elem_classes="seed"
                    )

        view = [session_id, sessions, chat, box]
        settings = [session_id, quality, shape, seed]
        shown = [
            page.load(handlers.open, None, view, show_progress="hidden", api_visibility="private"),
            sessions.select(handlers.choose, None, view, show_progress="hidden", api_visibility="private"),
            new.click(handlers.new, None, view, show_progress="hidden", api_visibility="private"),
            really_delete.click(handlers.delete, [session_id], view, show_progress="hidden", api_visibility="private"),
        ]
        telling = [
            *(
                each.then(
                    handlers.follow_on, [session_id], view, trigger_mode="multiple", show_progress="hidden", api_visibility="private"
                )
                for each in shown
            ),
            box.submit(
                handlers.send, [box, *settings], view, concurrency_limit=None, show_progress="hidden", api_visibility="private"
            ),
            chat.example_select(
                handlers.pick, settings, view, concurrency_limit=None, show_progress="hidden", api_visibility="private"
            ),
            chat.option_select(
                handlers.pick, settings, view, concurrency_limit=None, show_progress="hidden", api_visibility="private"
            ),
            chat.retry(handlers.retry, [session_id], view, concurrency_limit=None, show_progress="hidden", api_visibility="private"),
        ]
        gr.on([sessions.select, new.click, really_delete.click], None, cancels=telling)
        gr.on([sessions.select, new.click], None, js=CLOSE_SIDEBAR_ON_PHONE)
        box.stop(handlers.stop, [session_id], None, queue=False, show_progress="hidden", api_visibility="private")
        session_id.change(None, [session_id], None, js=SHOW_ADDRESS)
        rename.click(
            handlers.ask_title, [session_id], [title, renaming], queue=False, show_progress="hidden", api_visibility="private"
        )
        delete.click(handlers.ask_deletion, [session_id], [deleting], queue=False, show_progress="hidden", api_visibility="private")
        gr.on(
            [save.click, title.submit],
            handlers.rename,
            [session_id, title],
            [sessions, renaming],
            show_progress="hidden", api_visibility="private",
        )
        gr.on(
            [keep_title.click, keep.click, really_delete.click, sessions.select, new.click],
            lambda: (gr.Column(visible=False), gr.Column(visible=False)),
            None,
            [renaming, deleting],
            queue=False,
            show_progress="hidden", api_visibility="private",
        )
    return page
