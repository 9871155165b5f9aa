"""One function a gesture. Every gesture names a session; whose it is, the cookie says, and the store decides.

What the browser shows is never an input: the conversation is built from the store.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import gradio as gr

from agent.coordinator import Coordinator
from agent.domain import Quality, Turn, TurnStatus
from agent.library import Library
from agent.people.sign_ins import SignIns
from agent.sessions import Sessions
from ui.chats import chat_list
from ui.gate import caller_of, owner_of
from ui.live import LiveTurn, Story, heard
from ui.look import Look
from ui.painted import read_painted
from ui.render import RETRY, chat_messages, notice, pending_messages, updated
from ui.settings import wanted_options
from ui.stage import examples, placeholder
from ui.words import language_of, say

__all__ = ["Handlers", "Page", "Sent", "View", "language_in", "message_box", "require_owner"]

LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.12
SIGN_IN_SECONDS = 3.0
"""How often a page that is told of a turn is asked whether it is still signed in."""

View = tuple[Any, Any, Any, Any]
"""Session id, session list, chat, message box: what a gesture may change. gr.skip() leaves a part alone."""

NOTHING_NEW: View = (gr.skip(), gr.skip(), gr.skip(), gr.skip())


@dataclass(kw_only=True)
class Page:
    """One open page: how often it has shown something else, and the turn it follows since."""

    version: int = 0
    live: LiveTurn | None = field(default=None, repr=False)

    def show(self, live: LiveTurn | None) -> None:
        """Whoever told this page about an earlier turn stops telling."""
        self.version += 1
        self.live = live


class Sent(TypedDict):
    """What the message box holds."""

    text: str
    files: list[str]


@dataclass(frozen=True, kw_only=True)
class Handlers:
    """Gestures of any page on one agent. Each ends at once; `follow` then tells what a running turn does."""

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
            value=opened[2],
            placeholder=placeholder(language),
            examples=examples(language),
        )
        return opened[0], opened[1], chat, opened[3]

    def choose(self, page: Page, event: gr.SelectData, request: gr.Request) -> View:
        """A session in the list."""
        return self.show(page, str(event.value), require_owner(request), language_in(request))

    def new(self, page: Page, request: gr.Request) -> View:
        """An empty page; its session is made with the first message."""
        return self.show(page, "", require_owner(request), language_in(request))

    def send(
        self, page: Page, sent: Sent, session_id: str, painted: str, request: gr.Request, *settings: Any
    ) -> View:
        """A message from the box, in a new session if the page has none."""
        owner, text = require_owner(request), sent["text"] or ""
        files = [Path(file) for file in sent["files"]]
        language = language_in(request)
        options, mask = wanted_options(settings, language), read_painted(painted, language)
        if not self.sessions.has(session_id, owner):
            session_id = self.sessions.create(owner).id
        look = self.look(session_id, owner, language)
        messages = chat_messages(self.sessions.turns(session_id, owner), None, look)
        told = self.coordinator.run(session_id, owner, text, files, options, mask.png, mask.about)
        told.pipe.when_over(lambda: forget(files))
        page.show(LiveTurn(pipe=told.pipe, text=text))
        shown = [*messages, *pending_messages(text, look)] if text else messages
        return session_id, self.session_list(session_id, owner), shown, message_box("", is_busy=True)

    def pick(
        self, page: Page, event: gr.SelectData, session_id: str, request: gr.Request, *settings: Any
    ) -> View:
        """A chip, under a message or on an empty page: its words are the message, but for Retry."""
        text = str(event.value["text"] if isinstance(event.value, dict) else event.value)
        if text == RETRY:
            return self.retry(page, session_id, request)
        return self.send(page, Sent(text=text, files=[]), session_id, "", request, *settings)

    def retry(self, page: Page, session_id: str, request: gr.Request) -> View:
        """The last turn once more, or on from where it stood."""
        owner = require_owner(request)
        turns = self.sessions.turns(session_id, owner)
        if not turns:
            raise gr.Error(say("nothing_to_retry", language_in(request)))
        text = turns[-1].text if turns[-1].status is TurnStatus.DONE else ""
        told = self.coordinator.retry(turns[-1].id, owner)
        page.show(LiveTurn(pipe=told.pipe, text=text))
        return gr.skip(), gr.skip(), gr.skip(), message_box(is_busy=True)

    def stop(self, session_id: str, request: gr.Request) -> None:
        """The running turn ends within one denoising step."""
        self.coordinator.stop(session_id, require_owner(request))

    def delete(self, page: Page, session_id: str, request: gr.Request) -> View:
        """The session with its pictures is gone; the one used before it is shown."""
        owner = require_owner(request)
        self.coordinator.delete(session_id, owner)
        rest = self.sessions.list(owner)
        return self.show(page, rest[0].id if rest else "", owner, language_in(request))

    def look(self, session_id: str, owner: str, language: str) -> Look:
        """How a session, or the empty page, is shown."""
        if not session_id:
            return Look(language=language)
        head = self.sessions.get(session_id, owner).head
        return Look(language=language, head=head, forks=self.sessions.forks(session_id, owner))

    def show(self, page: Page, session_id: str, owner: str, language: str) -> View:
        """A session, or the empty page."""
        pipe = self.coordinator.pipe(session_id, owner)
        turns = self.sessions.turns(session_id, owner) if session_id else ()
        page.show(None if pipe is None else LiveTurn(pipe=pipe))
        look = self.look(session_id, owner, language)
        messages = chat_messages(turns, None if pipe is None else heard(Story(), pipe), look)
        return (
            session_id,
            self.session_list(session_id, owner),
            messages,
            message_box(is_busy=pipe is not None),
        )

    def follow(self, page: Page, session_id: str, request: gr.Request) -> Iterator[View]:
        """Tell what the page's turn does until it is over, then show what the store keeps of it.

        Ends as soon as the page shows something else, or its sign-in has ended.
        """
        owner, live, version, view = require_owner(request), page.live, page.version, NOTHING_NEW
        looked = time.monotonic()
        if live is not None:
            for view in self.tell(session_id, owner, live, language_in(request)):
                if time.monotonic() - looked >= SIGN_IN_SECONDS:
                    looked = time.monotonic()
                    self.require_sign_in(request)
                if page.version != version:
                    break
                yield view
        # Gradio shows the last view once more when a generator ends, and sends each view as what is different
        # from the one before: a page that has not yet shown that one loses what the next takes back.
        yield view if page.version == version else NOTHING_NEW

    def require_sign_in(self, request: gr.Request) -> None:
        """Whoever has signed out, elsewhere perhaps, hears nothing more. Raises gr.Error."""
        caller = None if request.request is None else caller_of(request.request)
        if self.sign_ins is None or caller is None or not caller.sign_in:
            return
        if not self.sign_ins.has(caller.sign_in):
            raise gr.Error(say("no_cookie", language_in(request)))

    def tell(self, session_id: str, owner: str, live: LiveTurn, language: str) -> Iterator[View]:
        """Views of a turn at work, the last one when it is over. Between them a little time passes."""
        story, known, look = heard(Story(), live.pipe), "", self.look(session_id, owner, language)
        turns = before(self.sessions.turns(session_id, owner), live.instead)
        messages = chat_messages(turns, story, look)
        while not story.is_over:
            if story.turn_id != known:
                known, turns = story.turn_id, self.sessions.turns(session_id, owner)
                look = self.look(session_id, owner, language)
                messages = chat_messages(turns, story, look)
                yield gr.skip(), self.session_list(session_id, owner), gr.skip(), gr.skip()
            pending = [] if known or not live.text else pending_messages(live.text, look)
            messages = updated(messages, turns, story, look)
            yield gr.skip(), gr.skip(), [*messages, *pending], gr.skip()
            time.sleep(PAUSE_SECONDS)
            live.pipe.wait(story.event_id, LOOK_SECONDS)
            story = heard(story, live.pipe)
        turns = self.sessions.turns(session_id, owner)
        messages = chat_messages(turns, None, self.look(session_id, owner, language))
        if story.refusal:
            yield self.refused(
                session_id, owner, live.text, [*messages, notice(story.refusal)], is_empty=not turns
            )
        else:
            yield gr.skip(), self.session_list(session_id, owner), messages, message_box(is_busy=False)

    def refused(
        self, session_id: str, owner: str, text: str, messages: list[gr.ChatMessage], is_empty: bool
    ) -> View:
        """A message that opened no turn goes back into the box; a session made for it alone goes too."""
        if is_empty and not self.sessions.get(session_id, owner).is_temporary:
            self.coordinator.delete(session_id, owner)
            session_id = ""
        box = message_box(text or None, is_busy=self.coordinator.pipe(session_id, owner) is not None)
        return session_id, self.session_list(session_id, owner), messages, box

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


def before(turns: Sequence[Turn], turn_id: str) -> Sequence[Turn]:
    """The turns up to the one that is said in other words; all of them if it is not there."""
    ids = [turn.id for turn in turns]
    return turns[: ids.index(turn_id)] if turn_id in ids else turns


def message_box(text: str | None = None, *, is_busy: bool) -> Any:
    """To send with, or while a turn runs to stop it. `text` replaces what stands in it; None leaves that."""
    if text is None:
        return gr.MultimodalTextbox(submit_btn=not is_busy, stop_btn=is_busy)
    return gr.MultimodalTextbox(value={"text": text, "files": []}, submit_btn=not is_busy, stop_btn=is_busy)


def forget(files: Sequence[Path]) -> None:
    """The store keeps a clean copy of an upload; what the browser sent may name a place and need not stay."""
    for file in files:
        file.unlink(missing_ok=True)
