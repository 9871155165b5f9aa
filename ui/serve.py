"""Launching the page: Gradio with everything switched off that calls home, lists, keeps or shares."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from agent.artifacts import Artifacts
from agent.coordinator import Coordinator
from agent.exits import Exits
from agent.keys import Keys
from agent.sessions import Sessions
from agent.signing import Signer
from ui.card_routes import card_routes
from ui.chat import build_page
from ui.gate import Gate
from ui.handlers import Handlers
from ui.live import LiveTurns
from ui.routes import picture_routes
from ui.theme import STYLE_SHEETS, build_theme
from ui.transfer import transfer_routes
from ui.words import TEXTS, WORDS

__all__ = ["serve"]

FAVICON = Path(__file__).with_name("favicon.svg")
SCRIPTS = tuple(Path(__file__).with_name(f"{name}.js") for name in ("page", "acts", "overlays", "brush"))
MAX_WAITING = 64
MAX_FOLLOWERS = 100
MAX_FILE_SIZE = "25mb"


def serve(
    *,
    sessions: Sessions,
    artifacts: Artifacts,
    keys: Keys,
    coordinator: Coordinator,
    host: str,
    port: int,
    signer: Signer | None = None,
) -> gr.Blocks:
    """Open the page; its server runs in the background. Raises OSError when the port is taken."""
    exits = Exits(sessions, artifacts, signer)
    page = build_page(Handlers(sessions=sessions, coordinator=coordinator, live=LiveTurns()))
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=None)
    page.launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        inbrowser=False,
        share=False,
        quiet=True,
        show_error=True,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        enable_monitoring=False,
        run_history=False,
        footer_links=[],
        state_session_capacity=50,
        max_threads=MAX_FOLLOWERS,
        max_file_size=MAX_FILE_SIZE,
        allowed_paths=[],
        favicon_path=FAVICON,
        theme=build_theme(),
        i18n=WORDS,
        css_paths=[*STYLE_SHEETS],
        head=head(),
        app_kwargs={
            "middleware": [Middleware(Gate, host=host, keys=keys)],
            "routes": [
                *card_routes(sessions),
                *picture_routes(exits),
                *transfer_routes(exits),
            ],
        },
    )
    return page


def head() -> str:
    """The page's scripts, after the words that they show."""
    texts = json.dumps({key: {"en": text.en, "zh": text.zh} for key, text in TEXTS.items()})
    words = f"window.reverie = {{texts: {texts.replace('</', '<' + chr(92) + '/')}}};"
    return "".join(
        f"<script>{script}</script>"
        for script in (words, *(path.read_text(encoding="utf-8") for path in SCRIPTS))
    )
