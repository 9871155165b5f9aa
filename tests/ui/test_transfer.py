"""Chats as files over HTTP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from agent.exits import Exits
from agent.limits import Limits, Rates
from agent.metadata import read_recipe
from tests.doubles import Agent, build_agent, shared_decoders
from tests.ui.callers import OTHER_OWNER, OTHER_TOKEN, OWNER_OF_TOKEN, TOKEN, browser
from ui import transfer
from ui.transfer import disposition, transfer_routes

ZIP = {"Content-Type": "application/zip"}


class Door:
    """An agent with one chat, and the routes behind the gate."""

    def __init__(self, folder: Path) -> None:
        self.agent: Agent = build_agent(folder)
        self.owner, self.other = OWNER_OF_TOKEN, OTHER_OWNER
        self.id = self.agent.sessions.create(self.owner).id
        self.rates = Rates(Limits(uploads_an_hour=2))
        [*self.agent.coordinator.run(self.id, self.owner, "draw a red car")]

    def browser(self, token: str | None) -> TestClient:
        exits = Exits(self.agent.sessions, self.agent.artifacts)
        return browser(transfer_routes(exits, shared_decoders(), self.rates), token)


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    door = Door(tmp_path)
    yield door
    door.agent.close()


def test_the_owner_gets_a_zip_named_after_the_chat(door: Door) -> None:
    answer = door.browser(TOKEN).get(f"/export/{door.id}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert 'filename="reverie-draw-a-red-car.zip"' in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == ["conversation.md", "pictures/1.png", "record.json"]


def test_the_pictures_alone_tell_nothing_of_the_words(door: Door) -> None:
    """Marks stay: they are law."""
    answer = door.browser(TOKEN).get(f"/export/{door.id}?bare=1")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["pictures/1.png"]
        png = archive.read("pictures/1.png")
    assert read_recipe(png) is None
    assert b"red car" not in png
    assert b"trainedAlgorithmicMedia" in png


@pytest.mark.parametrize("token", [OTHER_TOKEN, None])
def test_nobody_else_does(door: Door, token: str | None) -> None:
    answer = door.browser(token).get(f"/export/{door.id}")
    assert answer.status_code == 404
    assert b"PK" not in answer.content


def test_a_zip_becomes_a_chat_of_whoever_sends_it(door: Door, tmp_path: Path) -> None:
    content = door.browser(TOKEN).get(f"/export/{door.id}").content
    answer = door.browser(OTHER_TOKEN).post("/import", content=content, headers=ZIP)
    assert answer.status_code == 200
    (session,) = door.agent.sessions.list(door.other)
    assert (answer.json(), session.title) == ({"id": session.id}, "draw a red car")
    assert [*(tmp_path / "uploads").iterdir()] == [], "nothing of the upload stays"


def test_what_is_no_chat_gets_a_sentence(door: Door) -> None:
    answer = door.browser(TOKEN).post("/import", content=b"hello", headers=ZIP)
    assert (answer.status_code, answer.json()) == (
        422,
        {
            "error": "This is not a zip file, or a damaged one. "
            "Please choose a chat that Reverie has exported."
        },
    )
    assert door.browser(TOKEN).post("/import", content=b"hello").status_code == 415
    assert len(door.agent.sessions.list(door.owner)) == 1


def test_too_much_is_cut_off(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "MOST_ZIP_BYTES", 1_000)
    answer = door.browser(TOKEN).post("/import", content=b"x" * 1_001, headers=ZIP)
    assert (answer.status_code, "1 GB" in answer.json()["error"]) == (422, True)


def test_an_hour_has_room_for_so_many(door: Door) -> None:
    """Twice as many transfers as uploads are taken, what is no chat counts as well."""
    answers = [door.browser(TOKEN).post("/import", content=b"hello", headers=ZIP) for _ in range(5)]
    assert [each.status_code for each in answers] == [422, 422, 422, 422, 429]
    assert 3_500 < int(answers[-1].headers["retry-after"]) <= 3_600
    assert door.browser(OTHER_TOKEN).post("/import", content=b"hello", headers=ZIP).status_code == 422
    chinese = door.browser(TOKEN).post("/import", content=b"", headers=ZIP | {"Accept-Language": "zh-CN"})
    assert "上限" in chinese.json()["error"]


def test_a_page_of_another_site_imports_nothing(door: Door) -> None:
    content = door.browser(TOKEN).get(f"/export/{door.id}").content
    for foreign in ({"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = door.browser(TOKEN).post("/import", content=content, headers=ZIP | foreign)
        assert (answer.status_code, answer.content) == (403, b"")
    assert door.browser(None).post("/import", content=content, headers=ZIP).status_code == 403
    assert len(door.agent.sessions.list(door.owner)) == 1


@pytest.mark.parametrize(
    ("title", "header"),
    [
        ("Cars", "attachment; filename=\"reverie-Cars.zip\"; filename*=UTF-8''reverie%20Cars.zip"),
        ("猫", "attachment; filename=\"reverie-chat.zip\"; filename*=UTF-8''reverie%20%E7%8C%AB.zip"),
        (
            'a"; b\r\nX: y/../z',
            'attachment; filename="reverie-a-b-X-y-z.zip"; '
            "filename*=UTF-8''reverie%20a%20b%20X%20y%20z.zip",
        ),
        ("", "attachment; filename=\"reverie-chat.zip\"; filename*=UTF-8''reverie%20chat.zip"),
    ],
)
def test_a_title_is_a_safe_name(title: str, header: str) -> None:
    assert disposition(title) == header
