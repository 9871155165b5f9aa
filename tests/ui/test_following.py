"""A page that is told of a turn at work, and for how long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import gradio as gr
import pytest
from anyio.to_thread import current_default_thread_limiter
from starlette.requests import Request

from agent.people.sign_ins import NewSignIn, SignIns
from engines.fake import FakeEngine, Fault
from tests.doubles import Agent, build_agent
from ui import following as module
from ui.asking import CALLER, OWNER, Caller, Way
from ui.following import Following
from ui.handlers import Handlers, Page
from ui.live import LiveTurn
from ui.view import Told, at_work

OWNER_NAME = "hf:77"
PATIENCE_SECONDS = 10.0


class Watching:
    """Somebody who is signed in twice and looks at a turn that takes for ever."""

    def __init__(self, folder: Path) -> None:
        self.engine = FakeEngine(num_steps=4, faults=(Fault.HANG,))
        self.agent: Agent = build_agent(folder, engine=self.engine)
        self.sign_ins = SignIns(self.agent.sessions)
        self.handlers = Handlers(
            sessions=self.agent.sessions, coordinator=self.agent.coordinator, sign_ins=self.sign_ins
        )
        self.chat = self.agent.sessions.create(OWNER_NAME).id
        self.pipe = self.agent.coordinator.run(self.chat, OWNER_NAME, "draw a dog").pipe

    def enter(self) -> NewSignIn:
        return self.sign_ins.open(OWNER_NAME, "anna")

    def follow(self, new: NewSignIn, page: Page | None = None) -> AsyncGenerator[Told]:
        caller = Caller(owner=OWNER_NAME, way=Way.SIGN_IN, sign_in=new.sign_in.id)
        scope = {"type": "http", "headers": [], OWNER: OWNER_NAME, CALLER: caller}
        page = page or Page(live=LiveTurn(pipe=self.pipe))
        return Following(self.handlers).follow(page, self.chat, gr.Request(Request(scope)))


@pytest.fixture
def watching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watching]:
    monkeypatch.setattr(module, "SIGN_IN_SECONDS", 0.1)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    watching = Watching(tmp_path)
    yield watching
    watching.engine.release()
    watching.agent.close()


def test_who_has_signed_out_is_told_no_more_and_others_still_are(watching: Watching) -> None:
    async def look() -> None:
        left, stayed = watching.enter(), watching.enter()
        one, other = watching.follow(left), watching.follow(stayed)
        assert await anext(one)
        assert await anext(other)
        watching.sign_ins.end(left.sign_in.id)
        with pytest.raises(gr.Error):
            await asyncio.wait_for(anext(one), PATIENCE_SECONDS)
        watching.engine.release()
        assert [view.at_work async for view in other][-1] == at_work(False)

    asyncio.run(look())


def test_an_account_that_is_deleted_is_told_no_more(watching: Watching) -> None:
    async def look() -> None:
        views = watching.follow(watching.enter())
        assert await anext(views)
        watching.sign_ins.end_all(OWNER_NAME)
        with pytest.raises(gr.Error):
            await asyncio.wait_for(anext(views), PATIENCE_SECONDS)

    asyncio.run(look())


def test_a_page_that_shows_something_else_is_told_no_more(watching: Watching) -> None:
    async def look() -> None:
        page = Page(live=LiveTurn(pipe=watching.pipe))
        views = watching.follow(watching.enter(), page)
        assert (await anext(views)).chat is not gr.skip()
        page.show(None)
        assert await asyncio.wait_for(anext(views), PATIENCE_SECONDS) == Told()
        with pytest.raises(StopAsyncIteration):
            await anext(views)

    asyncio.run(look())


def test_what_a_page_is_told_often_describes_no_component_anew(watching: Watching) -> None:
    """Gradio takes milliseconds of the one loop for each gr.skip() of a conversation."""

    async def look() -> list[Told]:
        views = watching.follow(watching.enter())
        first = await anext(views)
        watching.engine.release()
        return [first, *[view async for view in views]]

    told = asyncio.run(look())
    assert len(told) > 1
    assert [view for view in told if not isinstance(view.chat, list)] == []
    assert told[-1].at_work == at_work(False)


def test_pages_that_follow_hold_no_thread(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the pool they share none is at work, and none is of their own."""
    monkeypatch.setattr(module, "SIGN_IN_SECONDS", 60)
    num_followers = 100

    async def look() -> tuple[float, int]:
        pool, num_before = current_default_thread_limiter(), threading.active_count()
        assert pool.total_tokens < num_followers
        followers = [watching.follow(watching.enter()) for _ in range(num_followers)]
        for views in followers:
            assert await anext(views)
        waiting = [asyncio.ensure_future(anext(views)) for views in followers]
        await asyncio.sleep(1)
        held, num_threads = pool.borrowed_tokens, threading.active_count() - num_before
        watching.engine.release()
        await asyncio.wait(waiting, timeout=PATIENCE_SECONDS)
        assert all(each.done() for each in waiting)
        return held, num_threads

    held, num_threads = asyncio.run(look())
    assert held == 0
    assert num_threads < num_followers


def test_a_page_that_gradio_has_forgotten_is_told_as_well(watching: Watching) -> None:
    async def look() -> list[Told]:
        views = watching.follow(watching.enter(), Page())
        first = await anext(views)
        watching.engine.release()
        return [first, *[view async for view in views]]

    told = asyncio.run(look())
    assert isinstance(told[0].chat, list)
    assert told[-1].at_work == at_work(False)
