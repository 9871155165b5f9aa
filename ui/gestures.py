"""What can be done with a picture, a plan or an earlier message. The browser names ids and words; whether
they exist, and whose they are, the store says."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from pydantic import Field, ValidationError

from agent.domain import MAX_STEPS_PER_TURN, Shape, Value
from agent.infotext import PictureSettings, read_settings, settings_of
from agent.pipe import Listener
from ui.gallery import act
from ui.handlers import Handlers, Page, language_in, require_owner
from ui.live import LiveTurn
from ui.settings import wanted_options
from ui.view import Sent, View, at_work
from ui.words import say

__all__ = ["Gesture", "Gestures"]

Borrowed = tuple[Any, Any, Any, Any, Any, Any]
"""Message box, offer, shape, seed, steps, guidance."""
WIDE, TALL = 1.15, 1 / 1.15


class Gesture(Value):
    """What the page's script sends: an act, the id of what it is about, and words if there are any."""

    act: Literal[
        "go_back", "edit", "show_branch", "approve", "decline", "use_seed", "use_settings", "use_files"
    ]
    about: str = Field(default="", max_length=64)
    texts: tuple[str, ...] = Field(default=(), max_length=MAX_STEPS_PER_TURN)


@dataclass(frozen=True, kw_only=True)
class Gestures:
    """Gestures beyond sending a message."""

    handlers: Handlers

    def act(self, page: Page, payload: str, session_id: str, request: gr.Request, *settings: Any) -> View:
        """Something done with a picture, a plan or a message; a turn that it starts is then followed."""
        owner, gesture, coordinator = (
            require_owner(request),
            parsed(payload, request),
            self.handlers.coordinator,
        )
        about, language = gesture.about, language_in(request)
        match gesture.act:
            case "go_back":
                return self.start(page, coordinator.go_back(about, owner, language))
            case "approve":
                return self.start(page, coordinator.approve(about, owner, gesture.texts))
            case "decline":
                coordinator.decline(about, owner)
                return self.handlers.show(page, session_id, owner, language)
            case "edit":
                return self.edit(page, gesture, owner, request, settings)
            case "show_branch":
                shown = self.handlers.sessions.show_branch(about, owner)
                return self.handlers.show(page, shown.id, owner, language)
            case _:
                raise gr.Error(say("old_page", language))

    def start(self, page: Page, told: Listener, text: str = "", instead: str = "") -> View:
        page.show(LiveTurn(pipe=told.pipe, text=text, instead=instead))
        return View(gr.skip(), gr.skip(), gr.skip(), at_work(True))

    def edit(
        self, page: Page, gesture: Gesture, owner: str, request: gr.Request, settings: tuple[Any, ...]
    ) -> View:
        """An earlier message in other words, with its own files: a branch of its own."""
        turn = self.handlers.sessions.turn(gesture.about, owner)
        text, options = " ".join(gesture.texts), wanted_options(settings, language_in(request))
        told = self.handlers.coordinator.edit(turn.id, owner, text, options=options)
        return self.start(page, told, text, turn.id)

    def borrow(self, payload: str, sent: Sent, request: gr.Request) -> Borrowed:
        """The settings of a picture, or its seed alone, into the fields of the page."""
        owner, gesture = require_owner(request), parsed(payload, request)
        if gesture.act == "use_files":
            found = next((each for file in sent["files"] if (each := self._settings(file))), None)
            return filled_in(found or PictureSettings())
        recipe = self.handlers.sessions.artifact(gesture.about, owner).recipe
        if recipe is None:
            raise gr.Error(say("no_settings", language_in(request)))
        if gesture.act == "use_seed":
            return gr.skip(), gr.skip(), gr.skip(), str(recipe.seed), gr.skip(), gr.skip()
        return filled_in(settings_of(recipe))

    def _settings(self, file: str) -> PictureSettings | None:
        """Those that a file in the box carries."""
        return read_settings(Path(file), self.handlers.coordinator.decoders)

    def look_at_files(self, sent: Sent, request: gr.Request) -> str:
        """What the page offers to do with the files in the box: taking over the settings that one carries."""
        require_owner(request)
        language = language_in(request)
        for file in sent["files"]:
            if self._settings(file) is not None:
                words = say("carries_settings", language, name=Path(file).name[:40])
                button = act("use_files", "", escape(say("use_settings", language)), "", "chip-act")
                return f'<div class="chip"><span>{escape(words)}</span>{button}</div>'
        return ""

    def facts(self, request: gr.Request) -> str:
        """Who reads and who draws here."""
        language, coordinator = language_in(request), self.handlers.coordinator
        is_rules = coordinator.brain is coordinator.fallback
        brain = say("built_in_rules", language) if is_rules else coordinator.brain.name
        presets = ", ".join(coordinator.presets)
        told = f"{say('brain', language)}: {brain} · {say('engines', language)}: {presets}"
        return f'<span class="told">{escape(told)}<br>{escape(say("marked", language))}</span>'


def parsed(payload: str, request: gr.Request) -> Gesture:
    try:
        return Gesture.model_validate_json(payload)
    except ValidationError as error:
        raise gr.Error(say("old_page", language_in(request))) from error


def filled_in(found: PictureSettings) -> Borrowed:
    """Into the box and the fields; what the picture does not say becomes the default."""
    shape = gr.skip()
    if found.width and found.height:
        aspect = found.width / found.height
        shape = Shape.LANDSCAPE if aspect > WIDE else Shape.PORTRAIT if aspect < TALL else Shape.SQUARE
    return (
        Sent(text=found.prompt, files=[]),
        "",
        shape,
        in_words(found.seed),
        in_words(found.num_steps),
        in_words(found.guidance),
    )


def in_words(value: float | None) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
