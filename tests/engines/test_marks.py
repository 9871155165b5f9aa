"""Marks of origin in files of every format that has a place for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from agent.domain import SourceType
from engines.marks import BY_MODEL, WITH_MODEL, XMP_KEY, save_marked, term_of, word_after

RED = Image.new("RGB", (16, 16), "red")


@pytest.mark.parametrize("ending", ["png", "jpg", "JPEG", "webp", "tiff", "avif"])
def test_a_mark_is_read_again_by_pillow_and_decides_what_is_made_of_it(ending: str, tmp_path: Path) -> None:
    for word in (BY_MODEL, WITH_MODEL):
        file = tmp_path / f"{word}.{ending}"
        assert save_marked(RED, file, word)
        with Image.open(file) as image:
            image.load()
            said = image.info.get(XMP_KEY) or image.info["xmp"].decode()
            assert term_of(word) in said
            assert word_after(image.convert("RGB")) == word


def test_where_there_is_no_place_for_one_it_is_told(tmp_path: Path) -> None:
    assert not save_marked(RED, tmp_path / "red.bmp", BY_MODEL)
    with Image.open(tmp_path / "red.bmp") as image:
        assert word_after(image) == WITH_MODEL


def test_the_words_are_the_ones_of_the_chat() -> None:
    assert {BY_MODEL, WITH_MODEL} == {each.value for each in SourceType}
