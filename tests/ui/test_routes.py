"""Pictures over HTTP, to their owner only."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from agent.artifacts import Artifacts
from agent.domain import Artifact, Origin, PictureOptions
from agent.exits import Exits
from agent.sessions import NewPicture, Sessions
from tests.ui.callers import OTHER_TOKEN, OWNER_OF_TOKEN, TOKEN, browser
from ui.routes import picture_routes


class Shelf:
    """A store with one picture, and its route."""

    def __init__(self, folder: Path) -> None:
        self.sessions = Sessions(f"sqlite:///{folder}/reverie.db")
        self.artifacts = Artifacts(folder / "pictures")
        self.png = a_png()
        session = self.sessions.create(OWNER_OF_TOKEN)
        turn = self.sessions.open_turn(session.id, OWNER_OF_TOKEN, "draw", PictureOptions())
        sha256 = self.artifacts.put(self.png)
        self.picture: Artifact = self.sessions.add_artifact(
            turn.id, NewPicture(sha256=sha256, width=2, height=2, origin=Origin.GENERATED)
        )

    def edit(self, color: str) -> Artifact:
        """The picture painted over."""
        sha256 = self.artifacts.put(a_png(color))
        new = NewPicture(sha256=sha256, width=2, height=2, origin=Origin.EDITED, parents=(self.picture.id,))
        return self.sessions.add_artifact(self.picture.turn_id, new)

    def browser(self, token: str | None) -> TestClient:
        return browser(picture_routes(Exits(self.sessions, self.artifacts)), token)


def a_png(color: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (2, 2), color).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.sessions.close()


def test_the_owner_gets_the_very_bytes_that_were_saved(shelf: Shelf) -> None:
    answer = shelf.browser(TOKEN).get(f"/pictures/{shelf.picture.id}")
    assert (answer.status_code, answer.content) == (200, shelf.png)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("path", ["/pictures/{}", "/pictures/{}?bare=1", "/thumbnails/{}?size=96"])
def test_a_browser_asks_each_time_and_hears_what_became_of_it(shelf: Shelf, path: str) -> None:
    browser, address = shelf.browser(TOKEN), path.format(shelf.picture.id)
    first = browser.get(address)
    tag = first.headers["etag"]
    for told in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = browser.get(address, headers={"if-none-match": told})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "private, no-cache"
    assert browser.get(address, headers={"if-none-match": '"other"'}).content == first.content
    head = browser.head(address)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
    assert head.headers["content-length"] == str(len(first.content))
    whole = browser.get(address, headers={"range": "bytes=0-9"})
    assert (whole.status_code, whole.content) == (200, first.content)
    assert shelf.browser(OTHER_TOKEN).get(address, headers={"if-none-match": tag}).status_code == 404
    shelf.artifacts.remove(shelf.sessions.delete(shelf.picture.session_id, OWNER_OF_TOKEN))
    assert browser.get(address, headers={"if-none-match": tag}).status_code == 404


def test_a_download_is_named_after_the_handle(shelf: Shelf) -> None:
    answer = shelf.browser(TOKEN).get(f"/pictures/{shelf.picture.id}?download=1")
    assert answer.headers["content-disposition"] == 'attachment; filename="reverie-1.png"'


@pytest.mark.parametrize("token", [OTHER_TOKEN, None, "nonsense"])
def test_nobody_else_does(shelf: Shelf, token: str | None) -> None:
    answer = shelf.browser(token).get(f"/pictures/{shelf.picture.id}")
    assert answer.status_code == 404
    assert b"PNG" not in answer.content


def test_a_hash_is_not_an_address(shelf: Shelf) -> None:
    assert shelf.browser(TOKEN).get(f"/pictures/{shelf.picture.sha256}").status_code == 404


def test_a_picture_whose_file_is_gone_says_so(shelf: Shelf) -> None:
    shelf.artifacts.remove([shelf.picture.sha256])
    answer = shelf.browser(TOKEN).get(f"/pictures/{shelf.picture.id}")
    assert answer.status_code == 404
    assert "gone" in answer.text


def test_the_owner_sees_what_an_edit_changed(shelf: Shelf) -> None:
    edited = shelf.edit("blue")
    answer = shelf.browser(TOKEN).get(f"/pictures/{edited.id}/changes")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(answer.content)).size == (2, 2)
    assert shelf.browser(OTHER_TOKEN).get(f"/pictures/{edited.id}/changes").status_code == 404
    assert shelf.browser(None).get(f"/pictures/{edited.id}/changes").status_code == 404


def test_what_is_no_edit_has_no_map(shelf: Shelf) -> None:
    answer = shelf.browser(TOKEN).get(f"/pictures/{shelf.picture.id}/changes")
    assert (answer.status_code, answer.text) == (
        404,
        "#1 is no edit of another picture, so there is nothing to compare.",
    )


def test_a_thumbnail_is_the_owners_too(shelf: Shelf) -> None:
    address = f"/thumbnails/{shelf.picture.id}"
    answer = shelf.browser(TOKEN).get(f"{address}?size=320")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert shelf.browser(TOKEN).get(address).status_code == 200
    for token in (OTHER_TOKEN, None):
        assert shelf.browser(token).get(address).status_code == 404


@pytest.mark.parametrize("size", ["0", "97", "100000", "x", "-96", "96.0"])
def test_a_thumbnail_has_one_of_two_sizes(shelf: Shelf, size: str) -> None:
    assert shelf.browser(TOKEN).get(f"/thumbnails/{shelf.picture.id}?size={size}").status_code == 404
