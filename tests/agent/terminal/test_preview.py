"""Half-done pictures, on a terminal of a few lines that does what it is told."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from agent.terminal.inline import Way
from agent.terminal.link import Told
from agent.terminal.preview import Preview
from agent.terminal.screen import Screen

TOKEN = re.compile(r"\x1b_G[^\x1b]*\x1b\\|\x1b\]1337;[^\x07]*\x07|\x1b\[([0-9;]*)([A-Za-z])|.|\n", re.DOTALL)


class Terminal(io.StringIO):
    """Of these lines; what scrolls out at the top cannot be reached again."""

    def __init__(self, num_lines: int = 24) -> None:
        super().__init__()
        self.num_lines = num_lines

    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        """As they stand now, without colours."""
        lines, row, column = [""], 0, 0
        for token in TOKEN.finditer(self.getvalue()):
            told, letter = token[0], token[2]
            if told == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            elif told == "\r":
                column = 0
            elif letter == "A":
                row = max(row - int(token[1]), len(lines) - self.num_lines, 0)
            elif letter == "J":
                lines[row:] = [lines[row][:column]]
            elif letter == "K":
                lines[row] = lines[row][:column]
            elif letter is None and told[0] != "\x1b":
                lines[row] = lines[row][:column].ljust(column) + told + lines[row][column + 1 :]
                column += 1
        return lines


def a_jpeg(width: int = 64, height: int = 64) -> str:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, "JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def a_png(picture_id: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "blue").save(file, "PNG")
    return file.getvalue()


def progress(step: int, preview: str | None = None) -> Told:
    value: dict[str, Any] = {"index": 0, "step": step, "of": 8}
    value |= {} if preview is None else {"preview": preview}
    return Told(id=step, data={"type": "CUSTOM", "name": "progress", "value": value})


def a_screen(folder: Path, terminal: Terminal, way: Way) -> Screen:
    lines = terminal.num_lines
    return Screen(folder=folder, fetch=a_png, way=way, lines=lines, out=terminal, aside=terminal)


def num_rows(terminal: Terminal) -> int:
    return sum("▀" in line for line in terminal.lines)


@pytest.mark.parametrize("way", [Way.BLOCKS, Way.BLOCKS_256])
@pytest.mark.parametrize("num_lines", [6, 24, 50])
def test_each_preview_takes_the_place_of_the_one_before(tmp_path: Path, way: Way, num_lines: int) -> None:
    terminal = Terminal(num_lines)
    print("$ reverie\n" * num_lines, end="", file=terminal)
    screen = a_screen(tmp_path, terminal, way)
    height = min(16, num_lines - 2)
    for step, size in enumerate(((64, 64), (64, 64), (64, 32)), start=1):
        screen.show(progress(step, a_jpeg(*size)))
        screen.show(progress(step))
        assert terminal.lines[:num_lines] == ["$ reverie"] * num_lines
        assert f"step {step} of 8" in terminal.lines[-1]
        assert num_rows(terminal) == len(terminal.lines) - num_lines - 1 <= height
    screen.show(Told(id=9, data={"type": "CUSTOM", "name": "picture", "value": {"id": "a" * 32}}))
    assert terminal.lines[num_lines:] == ["▀" * 8] * 4 + [f"{tmp_path}/reverie-{'a' * 8}.png", ""]


@pytest.mark.parametrize("end", ["RUN_FINISHED", "RUN_ERROR", "TEXT_MESSAGE_CONTENT"])
def test_nothing_half_done_is_left_at_the_end(tmp_path: Path, end: str) -> None:
    terminal = Terminal()
    screen = a_screen(tmp_path, terminal, Way.BLOCKS)
    screen.show(progress(1, a_jpeg()))
    assert num_rows(terminal) == 16
    screen.show(Told(id=2, data={"type": end, "message": "Stopped.", "delta": "Stopped."}))
    assert terminal.lines[0] == ("" if end == "RUN_FINISHED" else "Stopped.")
    assert num_rows(terminal) == 0


def test_kitty_takes_away_what_it_showed_and_nothing_else() -> None:
    terminal = Terminal()
    preview = Preview(out=terminal, way=Way.KITTY, columns=80, lines=24)
    preview.show(a_jpeg())
    first = terminal.getvalue()
    (named,) = re.findall(r"\x1b_Ga=T,f=100,[^;]*i=(\d+),", first)
    preview.show(a_jpeg())
    preview.clear()
    preview.clear()
    removed = f"\x1b_Ga=d,d=I,i={named},q=2\x1b\\\r\x1b[16A\x1b[J"
    assert terminal.getvalue() == first + removed + first + removed


def test_iterm_draws_over_what_it_showed() -> None:
    terminal = Terminal()
    preview = Preview(out=terminal, way=Way.ITERM, columns=80, lines=24)
    preview.show(a_jpeg())
    preview.show(a_jpeg())
    assert terminal.getvalue().count("\r\x1b[16A\x1b[J\x1b]1337;File=inline=1") == 1


@pytest.mark.parametrize(
    ("way", "lines", "told"),
    [
        (Way.NONE, 24, a_jpeg()),
        (Way.KITTY, 17, a_jpeg()),
        (Way.BLOCKS, 2, a_jpeg()),
        (Way.BLOCKS, 24, None),
        (Way.BLOCKS, 24, 5),
        (Way.BLOCKS, 24, "data:image/png;base64,AAAA"),
        (Way.BLOCKS, 24, "data:image/jpeg;base64,AAAA"),
        (Way.BLOCKS, 24, "data:image/jpeg;base64,\x1b[2J猫"),
        (Way.BLOCKS, 24, a_jpeg()[:-200]),
        (Way.BLOCKS, 24, a_jpeg(3_000, 3_000)),
        (Way.BLOCKS, 24, a_jpeg(4, 4_000)),
    ],
)
def test_what_cannot_be_shown_is_not(way: Way, lines: int, told: object) -> None:
    terminal = Terminal()
    preview = Preview(out=terminal, way=way, columns=80, lines=lines)
    preview.show(told)
    preview.clear()
    assert terminal.getvalue() == ""
