"""Uploads over HTTP that no browser makes, against the app as its user starts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.browser.server import Server, Visitor
from tests.ui.broken_uploads import FAULTS, verdict
from ui.upload_door import MOST_BODY_BYTES, UPLOAD_PATH

NUM_BROKEN = 500
"""The rest of the 5,000: python -m tests.bench.uploads"""
MULTIPART = "multipart/form-data; boundary=b"
FILE = b'--b\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\nabc\r\n'
FIELD = b'--b\r\nContent-Disposition: form-data; name="files"\r\n\r\nabc\r\n'
END = b"--b--\r\n"
NAMES = [b"a\0.png", b"a" * 3000 + b".png", b"a." + b"p" * 3000, b"../../a", b"", b"\xff"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(
        tmp_path_factory.mktemp("app") / "data", "--engine", "fake", "--limits.uploads-an-hour", "100000"
    )
    started.start()
    yield started
    started.close()


@pytest.fixture(scope="module")
def page(server: Server) -> Iterator[Visitor]:
    someone = Visitor(server.url)
    yield someone
    someone.http.close()


@pytest.fixture
def visitor(page: Visitor) -> httpx.Client:
    return page.http


def test_broken_uploads_are_no_fault_of_the_server(server: Server, page: Visitor) -> None:
    found = Counter(verdict(page, number) for number in range(NUM_BROKEN))
    assert {what: count for what, count in found.items() if what.startswith(FAULTS)} == {}
    assert len(found) > 4, "the damage is not always the same"
    assert "Traceback" not in server.log.read_text()


def sent(visitor: httpx.Client, body: bytes, kind: str = MULTIPART, query: str = "") -> tuple[int, str]:
    answer = visitor.post(f"{UPLOAD_PATH}{query}", content=body, headers={"content-type": kind})
    return answer.status_code, answer.text


def test_a_file_is_taken(visitor: httpx.Client) -> None:
    answer = visitor.post(UPLOAD_PATH, files={"files": ("a.png", b"abc")})
    (path,) = answer.json()
    assert Path(path).read_bytes() == b"abc"


def test_equal_files_never_share_a_place(visitor: httpx.Client) -> None:
    """What one page sends and forgets is not another's."""
    paths = {
        path
        for _ in range(2)
        for path in visitor.post(UPLOAD_PATH, files=[("files", ("a.png", b"abc"))] * 2).json()
    }
    assert len(paths) == 4
    assert {Path(path).read_bytes() for path in paths} == {b"abc"}
    assert {Path(path).name for path in paths} == {"a.png"}


@pytest.mark.parametrize(
    ("body", "kind", "query"),
    [
        (FIELD + END, MULTIPART, ""),
        (FIELD + END, MULTIPART, "?upload_id=x"),
        (FILE % b".." + END, MULTIPART, ""),
        (FILE % rb"\ud800.png" + END, f"{MULTIPART}; charset=unicode_escape", ""),
        (FILE % b"a.png" + END, "multipart/form-data", ""),
        (FILE % b"a.png" + END, "multipart/form-data; boundary=", ""),
        (FILE % b"a.png" + END, f"multipart/form-data; boundary={'x' * 5000}", ""),
        (b"--b\r\nX: y\r\n\r\nabc\r\n" + END, MULTIPART, ""),
        (b"--b\r\nX: " + b"y" * 100_000 + b"\r\n\r\nabc\r\n" + END, MULTIPART, ""),
        (b"junk" * 50, MULTIPART, ""),
        (FILE % b"a.png" * 1001 + END, MULTIPART, ""),
        (b"{}", "application/json", ""),
        (b"abc", "image/png", ""),
        (b"", "", ""),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    visitor: httpx.Client, body: bytes, kind: str, query: str
) -> None:
    status, text = sent(visitor, body, kind, query)
    assert status in {400, 413}
    assert len(text) > 10


@pytest.mark.parametrize("name", NAMES)
def test_a_name_never_leads_out_of_the_folder(visitor: httpx.Client, name: bytes) -> None:
    status, text = sent(visitor, FILE % name + END)
    assert status == 200
    (path,) = visitor.post(UPLOAD_PATH, files={"files": ("a.png", b"abc")}).json()
    assert text.startswith(f'["{Path(path).parents[1]}/')
    assert "/.." not in text


def test_large_files_and_endless_bodies_are_a_413(visitor: httpx.Client) -> None:
    large = {"files": ("a.png", bytes(25 * 1024**2 + 1))}
    assert visitor.post(UPLOAD_PATH, files=large).status_code == 413
    answer = visitor.post(
        UPLOAD_PATH, content=bytes(MOST_BODY_BYTES + 1), headers={"content-type": MULTIPART}
    )
    assert (answer.status_code, "at most 4 pictures" in answer.text) == (413, True)

    def endless() -> Iterator[bytes]:
        yield FILE % b"a.png"
        for _ in range(MOST_BODY_BYTES // 2**20 + 2):
            yield FIELD + bytes(2**20) + b"\r\n"

    answer = visitor.post(UPLOAD_PATH, content=endless(), headers={"content-type": MULTIPART})
    assert (answer.status_code, "Content-Length" in answer.text) == (411, True)


def test_nobody_may_leave_files_here(server: Server) -> None:
    with httpx.Client(base_url=server.url) as stranger:
        assert sent(stranger, FILE % b"a.png" + END)[0] == 403
