"""A page that is told of a turn at work, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import gradio as gr
import pytest
from starlette.requests import Request

from agent.people.sign_ins import NewSignIn, SignIns
from engines.fake import FakeEngine, Fault
from tests.doubles import Agent, build_agent
from ui import handlers as module
from ui.asking import CALLER, OWNER, Caller, Way
from ui.handlers import Handlers, Page
from ui.live import LiveTurn

OWNER_NAME = "hf:77"


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

    def follow(self, new: NewSignIn) -> Iterator[object]:
        caller = Caller(owner=OWNER_NAME, way=Way.SIGN_IN, sign_in=new.sign_in.id)
        scope = {"type": "http", "headers": [], OWNER: OWNER_NAME, CALLER: caller}
        page = Page(live=LiveTurn(pipe=self.pipe))
        return self.handlers.follow(page, self.chat, gr.Request(Request(scope)))


@pytest.fixture
def watching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watching]:
    monkeypatch.setattr(module, "SIGN_IN_SECONDS", 0.1)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    watching = Watching(tmp_path)
    yield watching
    watching.engine.release()
    watching.agent.close()


def test_who_has_signed_out_is_told_no_more_and_others_still_are(watching: Watching) -> None:
    left, stayed = watching.enter(), watching.enter()
    one, other = watching.follow(left), watching.follow(stayed)
    for _ in range(3):
        assert next(one)
        assert next(other)
    watching.sign_ins.end(left.sign_in.id)
    with pytest.raises(gr.Error):
        [*islice(one, 50)]
    for _ in range(10):
        assert next(other)


def test_an_account_that_is_deleted_is_told_no_more(watching: Watching) -> None:
    views = watching.follow(watching.enter())
    assert next(views)
    watching.sign_ins.end_all(OWNER_NAME)
    with pytest.raises(gr.Error):
        [*islice(views, 50)]
