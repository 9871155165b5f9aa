"""What an admin is shown of the house's settings, and what nobody is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from pydantic import SecretStr
from starlette.requests import Request

import app
from agent.brains.offline import OfflineBrain
from agent.choices import Choice, Choices
from tests.agent.brains.chat_server import KEY, MODEL, Server, answers, chat_server, refuses
from tests.agent.test_choices import DRAWN, says
from tests.doubles import Agent, build_agent
from tests.ui.callers import TOKEN, asked_by
from ui.asking import Way
from ui.house_handlers import HouseHandlers

ME = asked_by(TOKEN)


@pytest.fixture
def server() -> Iterator[Server]:
    with chat_server() as server:
        yield server


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    agent = build_agent(tmp_path)
    yield agent
    agent.close()


@pytest.fixture
def house(tmp_path: Path, agent: Agent) -> HouseHandlers:
    rules = OfflineBrain()
    choices = Choices(
        folder=tmp_path,
        current=Choice(engine="fake"),
        build=lambda choice: app.build_brain(choice) or rules,
        brains=("offline", "openai"),
        engines=("fake", "stickers"),
    )
    return HouseHandlers(choices=choices, coordinator=agent.coordinator)


def fields(server: Server, **changes: str) -> list[Any]:
    values = {"brain": "openai", "base_url": server.url, "model": MODEL, "api_key": KEY, "engine": "fake"}
    return [*{**values, **changes}.values()]


def test_a_test_tells_what_happened(house: HouseHandlers, server: Server) -> None:
    answers(server, says(DRAWN), *[refuses(401)] * 3)
    assert "It works: talker-7b answered in" in house.test(*fields(server), request=ME)
    assert "refused the key" in house.test(*fields(server), request=ME)
    assert "可以用：内置规则" in house.test(*fields(server, brain="offline"), request=asked_by(TOKEN, "zh"))


def test_the_key_never_comes_back(house: HouseHandlers, server: Server) -> None:
    shown = [house.use(*fields(server), request=ME), house.show(ME)]
    assert house.choices.current.api_key == SecretStr(KEY)
    assert KEY not in repr([each if isinstance(each, str) else vars(each) for row in shown for each in row])
    assert shown[1][1:3] == (server.url, MODEL)


def test_another_engine_is_said_to_wait_for_a_restart(house: HouseHandlers, server: Server) -> None:
    assert "started again" not in house.use(*fields(server), request=ME)[1]
    assert "started again" in house.use(*fields(server, engine="stickers"), request=ME)[1]


def test_fields_that_the_page_does_not_have_are_refused(house: HouseHandlers, server: Server) -> None:
    for changes in ({"brain": "root"}, {"base_url": "x" * 501}, {"engine": "y" * 21}):
        with pytest.raises(gr.Error, match="older than the program"):
            house.use(*fields(server, **changes), request=ME)
    assert "cannot be chosen here" in house.use(*fields(server, engine="hidream"), request=ME)[1]


def test_strangers_and_programs_set_nothing_up(house: HouseHandlers, server: Server) -> None:
    nobody = gr.Request(Request({"type": "http", "headers": []}))
    program, no_admin = asked_by(TOKEN, way=Way.KEY), asked_by(TOKEN, way=Way.SIGN_IN)
    for caller in (nobody, program, no_admin):
        for act in (
            lambda who: house.show(who),
            lambda who: house.test(*fields(server), request=who),
            lambda who: house.use(*fields(server), request=who),
        ):
            with pytest.raises(gr.Error):
                act(caller)
    assert server.asked == []
