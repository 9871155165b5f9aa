"""Bodies that are refused before anything parses them."""

from __future__ import annotations

import json

import pytest

from ui.json_bodies import MOST_PARTS, has_too_many_parts
from ui.painted import MOST_CHARACTERS


@pytest.mark.parametrize("part", ["[],", "{},", "0,", "[", '{"a":', '"",'])
def test_many_small_parts_are_too_many(part: str) -> None:
    assert has_too_many_parts(part.encode() * (MOST_PARTS + 1))
    assert not has_too_many_parts(part.encode() * (MOST_PARTS // 2 - 1))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_every_encoding_that_is_read_is_counted(encoding: str) -> None:
    content = json.dumps([0] * (MOST_PARTS + 2)).encode(encoding)
    assert json.loads(content)
    assert has_too_many_parts(content)


def test_the_largest_messages_of_the_page_pass() -> None:
    mask = {"about": "a" * 32, "png": "A" * MOST_CHARACTERS}
    box = {"text": "draw a red car, " * 250, "files": [{"path": "x", "meta": {}}] * 4}
    body = {"data": [None, box, "a" * 32, json.dumps(mask), *["x"] * 11], "fn_index": 1, "session_hash": "x"}
    assert not has_too_many_parts(json.dumps(body).encode())
