"""Launching the page: Gradio with everything switched off that calls home, lists, keeps or shares."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from agent.artifacts import Artifacts
from agent.coordinator import Coordinator
from agent.keys import Keys
from agent.people.sign_ins import SignIns
from agent.sessions import Sessions
from ui.bound import Bound
from ui.card_routes import card_routes
from ui.chat import build_page
from ui.front import front_routes
from ui.gate import Gate, OnlyThroughGate
from ui.handlers import Handlers
from ui.home import Home
from ui.live import LiveTurns
from ui.routes import picture_routes
from ui.theme import STYLE_SHEETS, build_theme
from ui.transfer import transfer_routes
from ui.unused import UnusedDoors
from ui.uploading import UploadGuard
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
    home: Home,
    port: int,
) -> gr.Blocks:
    """Open the page; its server runs in the background. Raises OSError when the port is taken."""
    handlers = Handlers(sessions=sessions, coordinator=coordinator, live=LiveTurns())
    page = build_page(handlers, signs_in=home.signs_in)
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=None)
    page.launch(
        server_name=home.host,
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
            "middleware": [
                Middleware(OnlyThroughGate),
                Middleware(UnusedDoors),
                Middleware(UploadGuard, rates=coordinator.rates),
                Middleware(Bound),
            ],
            "routes": [
                *card_routes(sessions),
                *picture_routes(sessions, artifacts),
                *transfer_routes(sessions, artifacts),
                *front_routes(home, sessions, artifacts, keys, coordinator),
            ],
        },
    )
    close_gate(page, home, keys, SignIns(sessions) if home.signs_in else None)
    return page


def close_gate(page: gr.Blocks, home: Home, keys: Keys, sign_ins: SignIns | None) -> None:
    """Around Gradio's own layers, which answer preflights and tell other sites that they may read.

    Starlette keeps its layers in `middleware_stack`; were that to change, nothing would come in at all.
    """
    layers = page.app.middleware_stack or page.app.build_middleware_stack()
    page.app.middleware_stack = Gate(layers, home.host, keys, public_url=home.public_url, sign_ins=sign_ins)


def head() -> str:
    """The page's scripts, after the words that they show."""
    texts = json.dumps({key: {"en": text.en, "zh": text.zh} for key, text in TEXTS.items()})
    words = f"window.reverie = {{texts: {texts.replace('</', '<' + chr(92) + '/')}}};"
    return "".join(
        f"<script>{script}</script>"
        for script in (words, *(path.read_text(encoding="utf-8") for path in SCRIPTS))
    )
