"""A user's folder of pictures: what is read, and what is said of one that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from engines.sizes import Size
from training.data.folder import read_folder
from training.errors import BadRecipe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.png", "a.JPG"):
        Image.new("RGB", (4, 4), "red").save(tmp_path / name)
    (tmp_path / "a.txt").write_text("a red\n square ", "utf-8")
    (tmp_path / "b.txt").write_text("一个红方块", "utf-8")
    return tmp_path


def test_a_caption_stands_beside_each_picture(folder: Path) -> None:
    (folder / "notes.md").write_text("mine")
    pictures = read_folder(folder)
    assert [(each.path.name, each.caption) for each in pictures] == [
        ("a.JPG", "a red square"),
        ("b.png", "一个红方块"),
    ]
    assert pictures[0].sha256 != pictures[1].sha256


def test_metadata_counts_where_there_is_some(folder: Path) -> None:
    record = {"file_name": "b.png", "text": "told  elsewhere"}
    (folder / "metadata.jsonl").write_text(json.dumps(record), "utf-8")
    assert [(each.path.name, each.caption) for each in read_folder(folder)] == [("b.png", "told elsewhere")]


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("c.png", b"", "1 of 3 pictures in .* have no caption: c.png. Write what c.png shows into c.txt"),
        ("b.txt", b" \n", "b.txt is empty"),
        ("b.txt", b"\xff\xfe", "b.txt is not UTF-8"),
        ("metadata.jsonl", b'{"text": "no name"}', "line 1 needs file_name and text"),
        ("metadata.jsonl", b'{"file_name": "z.png", "text": "x"}', "no picture or no words for z.png"),
        ("metadata.jsonl", b'{"file_name": "../b.png", "text": "x"}', "no picture or no words for b.png"),
        ("metadata.jsonl", b"", "has no pictures"),
    ],
)
def test_a_fault_is_named_with_its_remedy(folder: Path, file: str, content: bytes, sentence: str) -> None:
    Image.new("RGB", (4, 4)).save(folder.parent / "b.png")
    (folder / file).write_bytes(content)
    with pytest.raises(BadRecipe, match=sentence):
        read_folder(folder)


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="is no folder"):
        read_folder(tmp_path / "nowhere")


def test_pictures_are_opened_upright_on_white_and_rgb(folder: Path) -> None:
    Image.new("RGBA", (2, 1), (255, 0, 0, 0)).save(folder / "b.png")
    turned = Image.new("RGB", (8, 4), "blue")
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(folder / "a.JPG", exif=exif)
    pictures = read_folder(folder)
    upright, clear = (each.open() for each in pictures)
    assert [each.outline() for each in pictures] == [Size(*upright.size), Size(*clear.size)]
    assert upright.size == (4, 8)
    assert (clear.mode, clear.getpixel((0, 0))) == ("RGB", (255, 255, 255))
    (folder / "b.png").write_bytes(b"no picture")
    with pytest.raises(BadRecipe, match=r"b\.png cannot be read as a picture"):
        read_folder(folder)[1].open()
