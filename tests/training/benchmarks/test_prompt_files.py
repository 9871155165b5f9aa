from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from training.benchmarks import prompt_files
from training.benchmarks.errors import BadPrompts
from training.benchmarks.prompt_files import digest, fetch, read_lines, spread

ADDRESS = "https://prompts.example/a/metadata.jsonl?raw=1"
Handler = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Handler], None]:
    def serve(handler: Handler) -> None:
        client = functools.partial(httpx2.Client, transport=httpx2.MockTransport(handler))
        monkeypatch.setattr(prompt_files.httpx2, "Client", client)

    monkeypatch.setattr(prompt_files, "cache_folder", lambda: tmp_path / "cache")
    return serve


def test_an_address_is_fetched_once_and_kept(served: Callable[[Handler], None]) -> None:
    asked: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(200, content=b"one\n")

    served(handler)
    file = fetch(ADDRESS)
    assert file.read_text("utf-8") == "one\n"
    assert file.name.endswith("-metadata.jsonl")
    assert fetch(ADDRESS) == file
    assert fetch(f"{ADDRESS}2") != file
    assert asked == [ADDRESS, f"{ADDRESS}2"]


def test_failures_are_sentences_and_nothing_is_kept(
    served: Callable[[Handler], None], tmp_path: Path
) -> None:
    served(lambda request: httpx2.Response(404))
    with pytest.raises(BadPrompts, match="answered 404: give the file with --prompts"):
        fetch(ADDRESS)

    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no way")

    served(lost)
    with pytest.raises(BadPrompts, match=r"cannot be fetched \(ConnectError\)"):
        fetch(ADDRESS)
    assert not [file for file in (tmp_path / "cache").iterdir() if not file.name.startswith(".")]


def test_a_large_file_is_not_read_to_its_end(
    served: Callable[[Handler], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(prompt_files, "MOST_BYTES", 2**20)
    served(lambda request: httpx2.Response(200, content=b"x" * 2**21))
    with pytest.raises(BadPrompts, match="larger than 1 MiB"):
        fetch(ADDRESS)
    (tmp_path / "large.jsonl").write_bytes(b"x" * 2**21)
    with pytest.raises(BadPrompts, match="larger than 1 MiB"):
        read_lines(tmp_path / "large.jsonl")


def test_a_redirect_away_from_https_is_refused(served: Callable[[Handler], None]) -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        if request.url.scheme == "https":
            return httpx2.Response(302, headers={"Location": "http://prompts.example/b"})
        return httpx2.Response(200, content=b"no")

    served(handler)
    with pytest.raises(BadPrompts, match="leads away from https"):
        fetch(ADDRESS)


@pytest.mark.parametrize(
    "place", ["http://a.example/b", "file:///etc/hosts", "https://me:pass@a.example/b", "https://"]
)
def test_only_plain_https_is_fetched(place: str) -> None:
    with pytest.raises(BadPrompts, match="only plain https can") as refused:
        fetch(place)
    assert "pass" not in str(refused.value)


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    assert fetch(str(tmp_path)) == tmp_path
    with pytest.raises(BadPrompts, match="does not exist"):
        fetch(str(tmp_path / "none"))


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("\ufeffone\n\n  \ntwo\n", "utf-8")
    assert read_lines(file) == [(1, "one"), (4, "two")]
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadPrompts, match="cannot be read"):
        read_lines(file)
    file.write_text("\n", "utf-8")
    with pytest.raises(BadPrompts, match="holds no prompts"):
        read_lines(file)


def test_a_limit_is_spread_over_the_whole_list() -> None:
    assert spread(range(10), 4) == [0, 2, 5, 7]
    assert spread(range(3), 4) == [0, 1, 2]
    assert spread(range(3), None) == [0, 1, 2]


def test_a_digest_is_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1", "utf-8")
    (tmp_path / "b").write_text("1", "utf-8")
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    before = digest(tmp_path)
    (tmp_path / "b").write_text("2", "utf-8")
    assert digest(tmp_path) != before
