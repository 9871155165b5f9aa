"""A picture's card and the others of its conversation, to their owner only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.ui import callers
from tests.ui.callers import OTHER_TOKEN, TOKEN
from tests.ui.test_routes import Shelf
from ui.card_routes import card_routes


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.sessions.close()


def browser(shelf: Shelf, token: str | None, language: str = "en") -> TestClient:
    return callers.browser(card_routes(shelf.sessions), token, {"accept-language": language})


def test_the_card_speaks_the_browsers_language(shelf: Shelf) -> None:
    edited = shelf.edit("blue")
    english = browser(shelf, TOKEN).get(f"/pictures/{edited.id}/card").text
    chinese = browser(shelf, TOKEN, "zh-CN,zh;q=0.9").get(f"/pictures/{edited.id}/card").text
    assert "Made from" in english
    assert "来自" in chinese
    assert f'name="go_back" value="{shelf.picture.id}"' in english


def test_the_others_are_all_pictures_of_the_chat(shelf: Shelf) -> None:
    edited = shelf.edit("blue")
    told = browser(shelf, TOKEN).get(f"/pictures/{edited.id}/others").json()
    assert [(each["handle"], each["parent"]) for each in told] == [("#1", ""), ("#2", shelf.picture.id)]


@pytest.mark.parametrize("token", [OTHER_TOKEN, None])
@pytest.mark.parametrize("what", ["card", "others"])
def test_nobody_else_hears_of_a_picture(shelf: Shelf, token: str | None, what: str) -> None:
    answer = browser(shelf, token).get(f"/pictures/{shelf.picture.id}/{what}")
    assert answer.status_code == 404
    assert "#1" not in answer.text
