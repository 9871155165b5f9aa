"""One function a gesture among all pictures. What the browser names is checked against its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from agent.library import Library
from agent.versions import Versions
from ui.handlers import Handlers, Page, language_in, require_owner
from ui.shelf import grid, large
from ui.view import View

__all__ = ["LibraryHandlers"]

MOST_PAGES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class LibraryHandlers:
    """Looking through all pictures, and taking one along."""

    handlers: Handlers
    library: Library

    def open(self, request: gr.Request) -> tuple[Any, str, bool, str]:
        """The newest pictures, and an empty search."""
        return gr.Column(visible=True), "", False, self.find("", False, request)

    def find(self, words: str, is_starred: bool, request: gr.Request) -> str:
        return grid(self.library.pictures(require_owner(request), words, is_starred=is_starred))

    def turn(self, words: str, is_starred: bool, event: gr.EventData, request: gr.Request) -> str:
        """Another page, or back from a picture to its page."""
        owner, page = require_owner(request), page_of(event)
        return grid(self.library.pictures(owner, words, is_starred=is_starred, page=page))

    def look(self, event: gr.EventData, request: gr.Request) -> str:
        """A picture large."""
        return large(self.library.picture(picture_of(event), require_owner(request)), page_of(event))

    def star(self, words: str, is_starred: bool, event: gr.EventData, request: gr.Request) -> str:
        """Sets a star or takes it away; what was shown is shown again."""
        owner, artifact_id = require_owner(request), picture_of(event)
        is_starred_now = self.library.picture(artifact_id, owner).artifact.is_starred
        self.library.star(artifact_id, owner, not is_starred_now)
        if event.large:
            return self.look(event, request)
        return self.turn(words, is_starred, event, request)

    def use(self, page: Page, session_id: str, event: gr.EventData, request: gr.Request) -> View:
        """A copy of the picture in the chat that is shown, or in a new one."""
        owner, sessions = require_owner(request), self.library.sessions
        artifact = sessions.artifact(picture_of(event), owner)
        if not sessions.has(session_id, owner):
            session_id = sessions.create(owner).id
        if self.handlers.coordinator.running(session_id, owner):
            raise gr.Error("I am still busy in this chat. Please wait for it or press Stop.")
        language = language_in(request)
        self.library.use(artifact.id, owner, session_id, language)
        return self.handlers.show(page, session_id, owner, language)

    def go(self, page: Page, event: gr.EventData, request: gr.Request) -> View:
        """The chat that the picture is from, on the picture's branch and looking at it."""
        owner = require_owner(request)
        artifact = Versions(self.library.sessions).go_to(picture_of(event), owner)
        return self.handlers.show(page, artifact.session_id, owner, language_in(request))


def picture_of(event: gr.EventData) -> str:
    """The id that the browser names."""
    return str(event.picture)


def page_of(event: gr.EventData) -> int:
    """The page that the browser names; the library keeps it within what there is."""
    page = event.page
    return max(0, min(page, MOST_PAGES)) if isinstance(page, int) else 0
