"""A page that follows a turn at work: what it is told, and how often."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

import gradio as gr
from gradio import ChatMessage
from starlette.concurrency import run_in_threadpool

from agent.domain import Turn
from ui.gate import caller_of
from ui.handlers import Handlers, Page, language_in, require_owner
from ui.live import LiveTurn, Story, heard
from ui.look import Look
from ui.news import News
from ui.render import chat_messages, notice, pending_messages, updated
from ui.view import Told, at_work
from ui.words import say

__all__ = ["Following"]

LOOK_SECONDS = 0.5
"""How often the time left is told anew where a turn says nothing."""
PAUSE_SECONDS = 0.12
PAUSE_A_FOLLOWER = 0.02
"""Between two views of a turn: all pages together take but a part of a core, however many they are."""
SIGN_IN_SECONDS = 3.0
"""How often a page that is told of a turn is asked whether it is still signed in."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A conversation while the turn `turn_id` is at work; before it is open, its message is `pending`."""

    turn_id: str
    turns: Sequence[Turn]
    look: Look
    messages: Sequence[ChatMessage]
    pending: Sequence[ChatMessage] = ()

    @property
    def shown(self) -> list[ChatMessage]:
        return [*self.messages, *self.pending]

    def moved(self, story: Story) -> Scene:
        return replace(self, messages=updated(self.messages, self.turns, story, self.look))


class Following:
    """Tells pages what their turns do. It holds no thread while there is nothing to tell."""

    def __init__(self, handlers: Handlers) -> None:
        self.handlers = handlers
        self._num_followers = 0

    async def follow(self, page: Page, session_id: str, request: gr.Request) -> AsyncGenerator[Told]:
        """Tell what the page's turn does until it is over, then show what the store keeps of it.

        Ends as soon as the page shows something else, or its sign-in has ended.
        """
        owner, version, view = require_owner(request), page.version, Told()
        live, looked = page.live or self.found(session_id, owner), time.monotonic()
        if live is not None:
            self._num_followers += 1
            try:
                async with aclosing(self.tell(session_id, owner, live, language_in(request))) as told:
                    async for news in told:
                        if time.monotonic() - looked >= SIGN_IN_SECONDS:
                            looked = time.monotonic()
                            await run_in_threadpool(self.require_sign_in, request)
                        if page.version != version:
                            break
                        if news is not None:
                            view = news
                            yield view
            finally:
                self._num_followers -= 1
        # Gradio shows the last view once more when a generator ends, and sends each view as what is different
        # from the one before: a page that has not yet shown that one loses what the next takes back.
        yield view if page.version == version else Told()

    def found(self, session_id: str, owner: str) -> LiveTurn | None:
        """Of a page that Gradio has forgotten, as it does with many of them."""
        pipe = self.handlers.coordinator.pipe(session_id, owner)
        return None if pipe is None else LiveTurn(pipe=pipe)

    def require_sign_in(self, request: gr.Request) -> None:
        """Whoever has signed out, elsewhere perhaps, hears nothing more. Raises gr.Error."""
        caller = None if request.request is None else caller_of(request.request)
        sign_ins = self.handlers.sign_ins
        if sign_ins is None or caller is None or not caller.sign_in:
            return
        if not sign_ins.has(caller.sign_in):
            raise gr.Error(say("no_cookie", language_in(request)))

    async def tell(
        self, session_id: str, owner: str, live: LiveTurn, language: str
    ) -> AsyncGenerator[Told | None]:
        """Views of a turn at work, the last one when it is over; None where nothing is new."""
        scene, last = None, None
        async with News(live.pipe) as news:
            if not live.pipe.turn_id:
                await news.come(PAUSE_SECONDS)  # most are open by then
            story = heard(Story(), live.pipe)
            while not story.is_over:
                sessions = gr.skip()
                if scene is None or scene.turn_id != story.turn_id:
                    scene, last = (
                        await run_in_threadpool(self.scene, session_id, owner, live, story, language),
                        None,
                    )
                    sessions = await run_in_threadpool(self.handlers.session_list, session_id, owner)
                scene = scene.moved(story)
                shown = scene.shown
                now = shown[-1].content if shown else ""
                yield Told(sessions=sessions, chat=shown) if now != last else None
                last = now
                await news.end(max(PAUSE_SECONDS, PAUSE_A_FOLLOWER * self._num_followers))
                await news.come(LOOK_SECONDS)
                story = heard(story, live.pipe)
        yield await run_in_threadpool(self.over, session_id, owner, live, story, language)

    def scene(self, session_id: str, owner: str, live: LiveTurn, story: Story, language: str) -> Scene:
        """As the store has it."""
        found = self.handlers.sessions.conversation(session_id, owner)
        look, is_open = Look.at(found, language), story.turn_id != ""
        turns = found.turns if is_open else before(found.turns, live.instead)
        return Scene(
            turn_id=story.turn_id,
            turns=turns,
            look=look,
            messages=chat_messages(turns, story, look),
            pending=pending_messages(live.text, look) if live.text and not is_open else (),
        )

    def over(self, session_id: str, owner: str, live: LiveTurn, story: Story, language: str) -> Told:
        """A message that opened no turn goes back into the box; a session made for it alone goes too."""
        handlers = self.handlers
        found = handlers.sessions.conversation(session_id, owner)
        messages = chat_messages(found.turns, None, Look.at(found, language))
        if not story.refusal:
            return Told(
                session_id=session_id,
                sessions=handlers.session_list(session_id, owner),
                chat=messages,
                at_work=at_work(False),
                given_back="",
            )
        if not found.turns and not found.session.is_temporary:
            handlers.coordinator.delete(session_id, owner)
            session_id = ""
        return Told(
            session_id=session_id,
            sessions=handlers.session_list(session_id, owner),
            chat=[*messages, notice(story.refusal)],
            at_work=at_work(handlers.coordinator.pipe(session_id, owner) is not None),
            given_back=live.text,
        )


def before(turns: Sequence[Turn], turn_id: str) -> Sequence[Turn]:
    """The turns up to the one that is said in other words; all of them if it is not there."""
    ids = [turn.id for turn in turns]
    return turns[: ids.index(turn_id)] if turn_id in ids else turns
