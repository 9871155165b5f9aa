"""A program, the terminal and the page on one turn: the same pictures and the same words for all.

Against the running app with the fake engine, over HTTP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.keys import Keys
from agent.sessions import Sessions
from agent.terminal.link import Link, Told
from tests.browser.server import SERVER_STATE, Server, Visitor
from tests.ui.callers import OWNER_OF_TOKEN, TOKEN
from ui.gate import COOKIE

PICTURE = re.compile(r"/pictures/([0-9a-f]{32})")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data", "--engine", "fake", "--fake-step-seconds", "0.3")
    yield server
    server.close()


def a_key(server: Server) -> str:
    """Of the one who has the cookie as well; the app does not run yet."""
    server.data_folder.mkdir()
    with closing(Sessions(f"sqlite:///{server.data_folder / 'reverie.db'}")) as sessions:
        return Keys(sessions).create(OWNER_OF_TOKEN, "Terminal").token


def on_the_page(visitor: Visitor) -> list[dict[str, Any]]:
    """What a page is told that is opened now: the chat used last, and then its turn to the end."""
    load = next(each["id"] for each in visitor.config["dependencies"] if each["targets"][0][1] == "load")
    opened = list(visitor.tell(load, [SERVER_STATE]))[-1]
    chat = opened["output"]["data"][0]
    return [*visitor.tell(visitor.event_after(load), [SERVER_STATE, chat])]


def in_the_terminal(link: Link, turn: str) -> list[Told]:
    return [*link.events(turn)]


def test_the_page_and_the_terminal_follow_a_turn_that_a_program_began(server: Server) -> None:
    key = a_key(server)
    server.start()
    visitor, link = Visitor(server.url), Link(server.url, key)
    visitor.http.cookies.clear()
    visitor.http.cookies.set(COOKIE, TOKEN)
    with closing(visitor.http), closing(link), ThreadPoolExecutor(2) as listeners:
        chat = visitor.http.post("/v1/chats").json()["id"]
        begun = visitor.http.post(
            f"/v1/chats/{chat}/turns", json={"text": "draw two pictures of a red car"}
        ).json()
        in_terminal = listeners.submit(in_the_terminal, link, begun["turn"])
        page = on_the_page(visitor)
        told = in_terminal.result()
        turn = visitor.http.get(f"/v1/turns/{begun['turn']}").json()
    pictures = [each["id"] for each in turn["pictures"]]
    assert (turn["status"], len(pictures)) == ("done", 2)

    assert told[-1].data["result"] == {"reply": turn["reply"], "pictures": pictures}
    assert [each.data["value"]["id"] for each in told if each.data.get("name") == "picture"] == pictures
    words = [each.data["delta"] for each in told if each.type == "TEXT_MESSAGE_CONTENT"]
    assert "".join(words) == turn["reply"]

    at_work = [each for each in page if each["msg"] == "process_generating"]
    assert len(at_work) > 3, "it was at work while the page listened"
    shown = json.dumps([each["output"]["data"] for each in page if "output" in each])
    assert set(PICTURE.findall(shown)) == set(pictures)
    assert turn["reply"] in shown
