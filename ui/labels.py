"""The page's labels as keys that Gradio looks up in the browser: `WORDS("new_chat")`."""

from __future__ import annotations

import gradio as gr

from ui.words import TEXTS

__all__ = ["WORDS"]

WORDS = gr.I18n(
    en={key: text.en for key, text in TEXTS.items()}, zh={key: text.zh for key, text in TEXTS.items()}
)
