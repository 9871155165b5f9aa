"""One function a gesture of the sidebar. Every id is checked against the owner that the cookie names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from agent.errors import SessionNotFound
from agent.library import Library
from ui.chats import found_chats
from ui.handlers import Handlers, Page, language_in, require_owner
from ui.view import View

__all__ = ["SessionHandlers"]


@dataclass(frozen=True, kw_only=True)
class SessionHandlers:
    """What can be done with chats as wholes."""

    handlers: Handlers
    library: Library

    def search(self, session_id: str, words: str, request: gr.Request) -> str:
        """The chats that have the words; nothing without words."""
        owner = require_owner(request)
        return found_chats(self.library.chats(owner, words), session_id) if words.strip() else ""

    def new(self, page: Page, session_id: str, request: gr.Request) -> View:
        """An empty page. A temporary chat that is left for it is gone."""
        self.leave(session_id, require_owner(request))
        return self.handlers.new(page, request)

    def temporary(self, page: Page, session_id: str, request: gr.Request) -> View:
        """An empty chat that will not stay."""
        owner = require_owner(request)
        self.leave(session_id, owner)
        session_id = self.library.sessions.create(owner, is_temporary=True).id
        return self.handlers.show(page, session_id, owner, language_in(request))

    def leave(self, session_id: str, owner: str) -> None:
        try:
            if self.library.sessions.get(session_id, owner).is_temporary:
                self.handlers.coordinator.delete(session_id, owner)
        except SessionNotFound:
            return

    def mark(self, session_id: str, words: str, request: gr.Request) -> tuple[Any, Any]:
        """Another chat is shown: whether the page says that it is temporary, and what was found anew.

        Where nothing was looked for nothing is told: words typed since may have been answered by now.
        """
        owner, sessions = require_owner(request), self.library.sessions
        has_one = sessions.has(session_id, owner)
        is_temporary = has_one and sessions.get(session_id, owner).is_temporary
        found = self.search(session_id, words, request) if words.strip() else gr.skip()
        return gr.Row(visible=is_temporary), found

    def pin(self, session_id: str, words: str, request: gr.Request) -> tuple[str, str]:
        """Pins the chat, or lets it go."""
        owner, sessions = require_owner(request), self.library.sessions
        sessions.pin(session_id, owner, not sessions.get(session_id, owner).is_pinned)
        return self.handlers.session_list(session_id, owner), self.search(session_id, words, request)

    def ask_title(self, session_id: str, request: gr.Request) -> tuple[str, Any, Any]:
        """The present title, for a new one to begin with."""
        title = self.library.sessions.get(session_id, require_owner(request)).title
        return title, gr.Column(visible=True), gr.Column(visible=False)

    def rename(
        self, session_id: str, words: str, title: str, request: gr.Request
    ) -> tuple[str, str, Any, Any]:
        owner = require_owner(request)
        self.library.sessions.rename(session_id, owner, title)
        found = self.search(session_id, words, request)
        return (
            self.handlers.session_list(session_id, owner),
            found,
            gr.Column(visible=False),
            gr.Column(visible=False),
        )

    def ask_deletion(self, session_id: str, request: gr.Request) -> tuple[Any, Any]:
        require_owner(request)
        return gr.Column(visible=False), gr.Column(visible=bool(session_id))
