"""One function a gesture. Every gesture names a session; whose it is, the cookie says, and the store decides.

What the browser shows is never an input: the conversation is built from the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from agent.coordinator import Coordinator
from agent.domain import Quality, TurnStatus
from agent.library import Library
from agent.people.sign_ins import SignIns
from agent.sessions import Sessions
from ui.chats import chat_list
from ui.gate import owner_of
from ui.live import LiveTurn, Story, heard
from ui.look import Look
from ui.painted import read_painted
from ui.render import RETRY, chat_messages, pending_messages
from ui.settings import wanted_options
from ui.stage import examples, placeholder
from ui.view import EMPTY_BOX, Sent, SentView, View, at_work
from ui.words import language_of, say

__all__ = ["Handlers", "Page", "language_in", "require_owner"]


@dataclass(kw_only=True)
class Page:
    """One open page: how often it has shown something else, and the turn it follows since."""

    version: int = 0
    live: LiveTurn | None = field(default=None, repr=False)

    def show(self, live: LiveTurn | None) -> None:
        """Whoever told this page about an earlier turn stops telling."""
        self.version += 1
        self.live = live


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """Gestures of any page on one agent. Each ends at once; the turn that it starts is then followed."""

    sessions: Sessions
    coordinator: Coordinator
    sign_ins: SignIns | None = None
    """Where people sign in."""

    @property
    def qualities(self) -> tuple[Quality, ...]:
        """Those that there is an engine for, the best one first."""
        engines = self.coordinator.executor.requests.engines
        found = tuple(each for each in (Quality.FULL, Quality.DEV, Quality.FAST) if each in engines)
        return found or (Quality.FULL,)

    @property
    def default_quality(self) -> Quality:
        """What the page offers first."""
        wanted = self.coordinator.default_quality
        return wanted if wanted in self.qualities else self.qualities[0]

    @property
    def library(self) -> Library:
        return Library(self.sessions, self.coordinator.artifacts)

    def open(self, page: Page, request: gr.Request) -> View:
        """The page is loaded: the session its address names, else the one used last."""
        owner = require_owner(request)
        found = [each.id for each in self.sessions.list(owner)]
        wanted = str(request.query_params.get("chat", found[0] if found else ""))
        language = language_in(request)
        opened = self.show(page, wanted if wanted in found else "", owner, language)
        chat = gr.Chatbot(
            value=opened.chat,
            placeholder=placeholder(language),
            examples=examples(language),
        )
        return opened._replace(chat=chat)

    def choose(self, page: Page, event: gr.SelectData, request: gr.Request) -> View:
        """A session in the list."""
        return self.show(page, str(event.value), require_owner(request), language_in(request))

    def new(self, page: Page, request: gr.Request) -> View:
        """An empty page; its session is made with the first message."""
        return self.show(page, "", require_owner(request), language_in(request))

    def send(
        self, page: Page, sent: Sent, session_id: str, painted: str, request: gr.Request, *settings: Any
    ) -> SentView:
        """A message from the box, in a new session if the page has none."""
        view = self.begin(page, sent, session_id, painted, request, settings)
        return SentView(*view, box=EMPTY_BOX)

    def pick(
        self, page: Page, event: gr.SelectData, session_id: str, request: gr.Request, *settings: Any
    ) -> View:
        """A chip, under a message or on an empty page: its words are the message, but for Retry."""
        text = str(event.value["text"] if isinstance(event.value, dict) else event.value)
        if text == RETRY:
            return self.retry(page, session_id, request)
        return self.begin(page, Sent(text=text, files=[]), session_id, "", request, settings)

    def begin(
        self,
        page: Page,
        sent: Sent,
        session_id: str,
        painted: str,
        request: gr.Request,
        settings: Sequence[Any],
    ) -> View:
        """A turn, which `page` is to follow."""
        owner, text = require_owner(request), sent["text"] or ""
        files = [Path(file) for file in sent["files"]]
        language = language_in(request)
        options, mask = wanted_options(settings, language), read_painted(painted, language)
        if not self.sessions.has(session_id, owner):
            session_id = self.sessions.create(owner).id
        found = self.sessions.conversation(session_id, owner)
        look = Look.at(found, language)
        messages = chat_messages(found.turns, None, look)
        told = self.coordinator.run(session_id, owner, text, files, options, mask.png, mask.about)
        told.pipe.when_over(lambda: forget(files))
        page.show(LiveTurn(pipe=told.pipe, text=text))
        shown = [*messages, *pending_messages(text, look)] if text else messages
        return View(session_id, self.session_list(session_id, owner), shown, at_work(True))

    def retry(self, page: Page, session_id: str, request: gr.Request) -> View:
        """The last turn once more, or on from where it stood."""
        owner = require_owner(request)
        turns = self.sessions.turns(session_id, owner)
        if not turns:
            raise gr.Error(say("nothing_to_retry", language_in(request)))
        text = turns[-1].text if turns[-1].status is TurnStatus.DONE else ""
        told = self.coordinator.retry(turns[-1].id, owner)
        page.show(LiveTurn(pipe=told.pipe, text=text))
        return View(gr.skip(), gr.skip(), gr.skip(), at_work(True))

    def stop(self, session_id: str, request: gr.Request) -> None:
        """The running turn ends within one denoising step."""
        self.coordinator.stop(session_id, require_owner(request))

    def delete(self, page: Page, session_id: str, request: gr.Request) -> View:
        """The session with its pictures is gone; the one used before it is shown."""
        owner = require_owner(request)
        self.coordinator.delete(session_id, owner)
        rest = self.sessions.list(owner)
        return self.show(page, rest[0].id if rest else "", owner, language_in(request))

    def show(self, page: Page, session_id: str, owner: str, language: str) -> View:
        """A session, or the empty page."""
        sessions = self.session_list(session_id, owner)
        if not session_id:
            page.show(None)
            return View(session_id, sessions, [], at_work(False))
        pipe = self.coordinator.pipe(session_id, owner)
        found = self.sessions.conversation(session_id, owner)
        page.show(None if pipe is None else LiveTurn(pipe=pipe))
        story = None if pipe is None else heard(Story(), pipe)
        messages = chat_messages(found.turns, story, Look.at(found, language))
        return View(session_id, sessions, messages, at_work(pipe is not None))

    def session_list(self, session_id: str, owner: str) -> str:
        """The list in the sidebar, with the shown session marked."""
        return chat_list(self.library.chats(owner), session_id)


def require_owner(request: gr.Request) -> str:
    owner = None if request.request is None else owner_of(request.request)
    if owner is None:
        raise gr.Error(say("no_cookie", language_in(request)))
    return owner


def language_in(request: gr.Request) -> str:
    """What the browser would like to read."""
    return language_of(request.headers.get("accept-language", ""))


def forget(files: Sequence[Path]) -> None:
    """The store keeps a clean copy of an upload; what the browser sent may name a place and need not stay."""
    for file in files:
        file.unlink(missing_ok=True)
