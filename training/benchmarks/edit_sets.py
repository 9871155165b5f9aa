"""Edits to be made, as given: EmuEdit's test set (CC BY-NC) and ReasonEdit (no licence); none is ours."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from training.benchmarks.errors import BadPrompts
from training.benchmarks.prompt_files import read_lines, read_text

__all__ = ["EMU_TASKS", "REASON_GROUPS", "Edit", "read_emu", "read_reason"]

EMU_TASKS = ("add", "background", "color", "global", "local", "remove", "style", "text")
REASON_GROUPS = ("Left-Right", "Relative-Size", "Mirror", "Color", "Multiple-Objects", "Reasoning")
"""Ends of the names of ReasonEdit's folders."""
CLIP_PART = "CLIP: "


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A picture and what is to be changed in it. `id` names its result's file."""

    index: int
    id: str
    group: str
    instruction: str
    source: Path


def read_emu(file: Path, split: str = "test") -> list[Edit]:
    """A .jsonl of the data set's columns, `image` a path from the file's folder. Raises BadPrompts."""
    if file.is_dir():
        file = file / "metadata.jsonl"
    edits: list[Edit] = []
    for number, line in read_lines(file):
        try:
            record = json.loads(line)
            if record.get("split", split) != split:
                continue
            edit = emu_edit(record, len(edits), file.parent)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadPrompts(f"{file}, line {number} is not a record of EmuEdit ({error!r}).") from error
        edits.append(edit)
    return require(edits, file)


def emu_edit(record: dict[str, Any], index: int, folder: Path) -> Edit:
    """Raises ValueError, KeyError or TypeError."""
    task = str(record["task"])
    if task not in EMU_TASKS:
        raise ValueError(f"no such task: {task}")
    name = PurePosixPath(str(record.get("image") or record["file_name"]))
    if name.is_absolute() or ".." in name.parts:
        raise ValueError(f"{name} lies outside the file's folder")
    return Edit(
        index=index,
        id=f"{task}/{index:05}",
        group=task,
        instruction=words_of(record["instruction"]),
        source=folder / name,
    )


def read_reason(folder: Path) -> list[Edit]:
    """ReasonEdit's folders: in each pictures, and one .txt with a line for each of them in order of name.

    What follows "CLIP: " in a line is not part of the instruction. Raises BadPrompts.
    """
    folders = sorted(each for each in folder.rglob("*") if each.is_dir() and group_of(each))
    edits: list[Edit] = []
    for each in folders:
        pictures = sorted(each.glob("*.png")) or sorted(each.glob("*.jpg"))
        texts = sorted(each.glob("*.txt"))
        if not pictures and not texts:
            continue
        if len(texts) != 1:
            raise BadPrompts(f"{each} holds {len(texts)} .txt files; ReasonEdit has one in each folder.")
        lines = [line for line in read_text(texts[0]).splitlines() if line.strip()]
        if len(lines) != len(pictures):
            raise BadPrompts(f"{texts[0]} has {len(lines)} instructions for {len(pictures)} pictures.")
        for number, (picture, line) in enumerate(zip(pictures, lines, strict=True), 1):
            instruction = line.split(CLIP_PART)[0].strip()
            if not instruction:
                raise BadPrompts(f"{texts[0]}, line {number} has no instruction.")
            name = group_of(each)
            edits.append(
                Edit(
                    index=len(edits),
                    id=f"{name}/{picture.stem}",
                    group=name,
                    instruction=instruction,
                    source=picture,
                )
            )
    return require(edits, folder)


def group_of(folder: Path) -> str:
    """The scene that a folder of ReasonEdit is about, empty for any other folder."""
    plain = re.sub(r"[^a-z]", "", folder.name.lower())
    return next((name for name in REASON_GROUPS if plain == re.sub(r"[^a-z]", "", name.lower())), "")


def require(edits: Sequence[Edit], place: Path) -> list[Edit]:
    """Raises BadPrompts for none, for two of one name, and for a missing picture."""
    if not edits:
        raise BadPrompts(f"{place} holds no edits of this benchmark.")
    if len({edit.id for edit in edits}) < len(edits):
        raise BadPrompts(f"{place} has two pictures of one name in one category.")
    missing = [edit.source for edit in edits if not edit.source.is_file()]
    if missing:
        raise BadPrompts(f"{len(missing)} pictures of {place} are missing, for example {missing[0]}.")
    return list(edits)


def words_of(text: Any) -> str:
    """Raises ValueError for none."""
    words = text.strip() if isinstance(text, str) else ""
    if not words:
        raise ValueError("it has no instruction")
    return words
