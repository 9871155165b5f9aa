from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from training.benchmarks.edit_sets import REASON_GROUPS, read_emu, read_reason
from training.benchmarks.errors import BadPrompts


def emu(folder: Path, *records: dict[str, object]) -> Path:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4)).save(folder / name)
    file = folder / "metadata.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return file


def test_emuedits_columns(tmp_path: Path) -> None:
    record = {"image": "a.png", "task": "add", "instruction": " add a cat ", "split": "test", "idx": 3}
    emu(
        tmp_path,
        record,
        {**record, "split": "validation"},
        {**record, "file_name": "b.png", "image": None, "task": "style"},
    )
    first, second = read_emu(tmp_path)
    assert (first.id, first.group, first.instruction) == ("add/00000", "add", "add a cat")
    assert first.source == tmp_path / "a.png"
    assert (second.id, second.source.name) == ("style/00001", "b.png")


@pytest.mark.parametrize(
    "bad",
    [
        {"task": "sing"},
        {"instruction": "  "},
        {"instruction": None},
        {"image": "../a.png"},
        {"image": "/etc/a.png"},
    ],
)
def test_a_malformed_record_is_named_by_its_line(tmp_path: Path, bad: dict[str, object]) -> None:
    record = {"image": "a.png", "task": "add", "instruction": "add a cat"}
    file = emu(tmp_path, record, {**record, **bad})
    with pytest.raises(BadPrompts, match="line 2 is not a record of EmuEdit"):
        read_emu(file)


def test_missing_pictures_are_said(tmp_path: Path) -> None:
    file = emu(tmp_path, {"image": "c.png", "task": "add", "instruction": "add a cat"})
    with pytest.raises(BadPrompts, match=r"1 pictures of .* are missing"):
        read_emu(file)


def scene(folder: Path, name: str, file: str, *lines: str, num_pictures: int | None = None) -> None:
    (folder / name).mkdir()
    (folder / name / file).write_text("\n".join(lines) + "\n", "utf-8")
    for number in range(len(lines) if num_pictures is None else num_pictures):
        Image.new("RGB", (4, 4)).save(folder / name / f"{number + 1:03}.png")


def test_reasonedits_folders(tmp_path: Path) -> None:
    scene(
        tmp_path,
        "1-Left-Right",
        "Left_Right_text.txt",
        "Remove the left cat. CLIP: a cat",
        "Remove the right dog.",
    )
    scene(tmp_path, "6-Reasoning", "Reason_test.txt", "Remove what can fly. CLIP: a bird")
    scene(tmp_path, "other", "a.txt", "Nothing of it")
    edits = read_reason(tmp_path)
    assert [edit.id for edit in edits] == ["Left-Right/001", "Left-Right/002", "Reasoning/001"]
    assert [edit.instruction for edit in edits] == [
        "Remove the left cat.",
        "Remove the right dog.",
        "Remove what can fly.",
    ]
    assert {edit.group for edit in edits} <= set(REASON_GROUPS)


def test_reasonedit_that_does_not_add_up_is_refused(tmp_path: Path) -> None:
    scene(tmp_path, "3-Mirror", "Mirror_text.txt", "one", "two", num_pictures=1)
    with pytest.raises(BadPrompts, match="2 instructions for 1 pictures"):
        read_reason(tmp_path)
    (tmp_path / "3-Mirror" / "second.txt").write_text("", "utf-8")
    with pytest.raises(BadPrompts, match=r"2 \.txt files"):
        read_reason(tmp_path)


def test_a_line_without_an_instruction_is_refused(tmp_path: Path) -> None:
    scene(tmp_path, "4-Color", "Color_text.txt", "one", "CLIP: a cat")
    with pytest.raises(BadPrompts, match="line 2 has no instruction"):
        read_reason(tmp_path)


def test_no_edits_are_said(tmp_path: Path) -> None:
    with pytest.raises(BadPrompts, match="holds no edits"):
        read_reason(tmp_path)
