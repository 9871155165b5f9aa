"""Launching the page: Gradio with everything switched off that calls home, lists, keeps or shares."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
from gradio.queueing import Queue
from starlette.middleware import Middleware

from agent.artifacts import Artifacts
from agent.choices import Choices
from agent.coordinator import Coordinator
from agent.direct import Direct
from agent.exits import Exits
from agent.keys import Keys
from agent.logs import adopt_server_logs
from agent.meter import Meter
from agent.people.sign_ins import SignIns
from agent.sessions import Sessions
from agent.signing import Signer
from ui.bound import Bound, Names
from ui.card_routes import card_routes
from ui.chat import build_page
from ui.doors.counted import Counted
from ui.doors.health import Health, health_routes
from ui.doors.images import image_routes
from ui.doors.mcp import mcp_routes
from ui.doors.turns import turn_routes
from ui.doors.unknown import unknown_routes
from ui.front import front_routes
from ui.gate import Gate, OnlyThroughGate
from ui.handlers import Handlers
from ui.home import Home
from ui.inline_scripts import InlineScripts
from ui.labels import WORDS
from ui.payer import PayerKnown
from ui.routes import picture_routes
from ui.still_in import StillIn
from ui.theme import STYLE_SHEETS, build_theme
from ui.transfer import transfer_routes
from ui.unused import UnusedDoors
from ui.upload_door import UploadDoor
from ui.uploading import UploadGuard
from ui.words import TEXTS

__all__ = ["serve"]

FAVICON = Path(__file__).with_name("favicon.svg")
SCRIPTS = tuple(Path(__file__).with_name(f"{name}.js") for name in ("page", "acts", "overlays", "brush"))
MAX_WAITING = 256
MAX_EVENTS = 512
"""At work at once, those of pages that follow a turn among them: they hold no thread."""
MAX_PAGES = 250
"""That Gradio remembers, at a seventh of a megabyte each and what they show."""
LOOK_SECONDS = 0.01
MAX_FILE_SIZE = "25mb"
GOODBYE_SECONDS = 1
"""When the server ends: how long pages that listen are waited for."""


def serve(
    *,
    sessions: Sessions,
    artifacts: Artifacts,
    keys: Keys,
    coordinator: Coordinator,
    choices: Choices,
    health: Health,
    home: Home,
    port: int,
    signer: Signer | None = None,
    lends_cards: bool = False,
) -> gr.Blocks:
    """Open the page; its server runs in the background. Raises OSError when the port is taken."""
    names = Names()
    direct, exits = Direct(sessions, coordinator), Exits(sessions, artifacts, signer)
    programs, turns = image_routes(exits, keys, coordinator, direct), turn_routes(sessions, coordinator)
    sign_ins = SignIns(sessions) if home.signs_in else None
    handlers = Handlers(sessions=sessions, coordinator=coordinator, sign_ins=sign_ins)
    page = build_page(handlers, choices, signs_in=home.signs_in)
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=None)
    be_quiet(page._queue)
    page.launch(
        server_name=home.host,
        server_port=port,
        prevent_thread_lock=True,
        inbrowser=False,
        share=False,
        quiet=True,
        show_error=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        enable_monitoring=False,
        run_history=False,
        footer_links=[],
        state_session_capacity=MAX_PAGES,
        max_threads=MAX_EVENTS,
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
                Middleware(InlineScripts, added=head()),
                Middleware(StillIn, keys=keys, sign_ins=sign_ins),
                Middleware(UnusedDoors),
                Middleware(UploadGuard, rates=coordinator.rates),
                Middleware(UploadDoor),
                Middleware(Bound, names=names),
                *([Middleware(PayerKnown)] if lends_cards else []),
            ],
            "routes": [
                *card_routes(sessions),
                *picture_routes(exits),
                *transfer_routes(exits, coordinator.decoders, coordinator.rates),
                *programs,
                *mcp_routes(exits, keys, direct),
                *turns,
                *unknown_routes(programs, turns),
                *health_routes(health),
                *front_routes(home, exits, keys, coordinator, names.forget_files),
            ],
        },
    )
    adopt_server_logs()
    page.server.config.timeout_graceful_shutdown = GOODBYE_SECONDS
    close_gate(page, home, keys, sign_ins, health.meter)
    return page


def be_quiet(queue: Queue) -> None:
    """Gradio looks for events a thousand times a second, and for progress, which nobody tells, a hundred."""
    queue.sleep_when_free = LOOK_SECONDS
    queue.progress_update_sleep_when_free = 1.0


def close_gate(page: gr.Blocks, home: Home, keys: Keys, sign_ins: SignIns | None, meter: Meter) -> None:
    """Around Gradio's own layers, which answer preflights and tell other sites that they may read.

    Starlette keeps its layers in `middleware_stack`; were that to change, nothing would come in at all.
    """
    layers = page.app.middleware_stack or page.app.build_middleware_stack()
    gate = Gate(
        layers,
        home.host,
        keys,
        public_url=home.public_url,
        sign_ins=sign_ins,
        framed_by=home.framed_by,
    )
    page.app.middleware_stack = Counted(gate, meter=meter)


def head() -> str:
    """The page's scripts, after the words that they show."""
    texts = json.dumps({key: {"en": text.en, "zh": text.zh} for key, text in TEXTS.items()})
    words = f"window.reverie = {{texts: {texts.replace('</', '<' + chr(92) + '/')}}};"
    return "".join(
        f"<script>{script}</script>"
        for script in (words, *(path.read_text(encoding="utf-8") for path in SCRIPTS))
    )
