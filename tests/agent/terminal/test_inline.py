from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image

from agent.terminal.inline import Way, in_256_colours, inline, way_of


def a_png(width: int, height: int) -> bytes:
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (0, height // 2, width, height))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        ({"TERM": "xterm-kitty"}, Way.KITTY),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, Way.KITTY),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, Way.ITERM),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, Way.ITERM),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Way.BLOCKS),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, Way.BLOCKS),
        ({"TERM": "xterm-direct"}, Way.BLOCKS),
        ({"TERM": "xterm-256color"}, Way.BLOCKS_256),
        ({"TERM": "xterm-256color", "COLORTERM": "yes"}, Way.BLOCKS_256),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, Way.BLOCKS_256),
        ({"TERM": "tmux-256color", "COLORTERM": "truecolor"}, Way.BLOCKS),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, Way.NONE),
        ({"TERM": "screen"}, Way.NONE),
        ({"TERM": "xterm"}, Way.NONE),
        ({"TERM": "linux"}, Way.NONE),
        ({"TERM": "vt100"}, Way.NONE),
        ({"TERM": "xterm", "COLORTERM": "truecolor", "NO_COLOR": "1"}, Way.NONE),
        ({"TERM": "dumb"}, Way.NONE),
        ({}, Way.NONE),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, Way.NONE),
    ],
)
def test_a_terminal_says_what_it_can_do(environment: dict[str, str], way: Way) -> None:
    assert way_of(environment, is_terminal=True) is way
    assert way_of(environment, is_terminal=False) is Way.NONE


def test_where_pictures_cannot_be_shown_nothing_is_printed() -> None:
    assert inline(a_png(4, 4), Way.NONE, 80) == ""


def test_kitty_gets_the_file_in_chunks_of_which_the_last_says_so() -> None:
    png = a_png(300, 200) + bytes(9_000)
    told = inline(png, Way.KITTY, 80)
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", told)
    assert base64.b64decode("".join(content for _, content in pieces)) == png
    assert all(len(content) <= 4096 for _, content in pieces)
    assert pieces[0][0].startswith("a=T,f=100")
    assert [control.rpartition("m=")[2] for control, _ in pieces] == ["1"] * (len(pieces) - 1) + ["0"]


def test_iterm_gets_the_file_whole() -> None:
    png = a_png(4, 4)
    found = re.fullmatch(
        r"\x1b\]1337;File=inline=1;size=(\d+);[^:]*:([^\x07]*)\x07\n", inline(png, Way.ITERM, 80)
    )
    assert found is not None
    assert (int(found[1]), base64.b64decode(found[2])) == (len(png), png)


def test_blocks_show_two_pixels_each_and_fit_the_window() -> None:
    lines = inline(a_png(2, 2), Way.BLOCKS, 80).splitlines()
    assert lines == ["\x1b[38;2;255;0;0;48;2;0;0;255m▀" * 2 + "\x1b[0m"]
    wide = inline(a_png(400, 100), Way.BLOCKS, 30).splitlines()
    assert {line.count("▀") for line in wide} == {30}
    assert len(wide) == 4
    low = inline(a_png(300, 400), Way.BLOCKS, 80, most_rows=8).splitlines()
    assert (len(low), low[0].count("▀")) == (8, 12)


def test_blocks_in_256_colours_take_the_nearest() -> None:
    lines = inline(a_png(2, 2), Way.BLOCKS_256, 80).splitlines()
    assert lines == ["\x1b[38;5;196;48;5;21m▀" * 2 + "\x1b[0m"]


@pytest.mark.parametrize(
    ("rgb", "colour"),
    [
        ((0, 0, 0), "5;16"),
        ((255, 255, 255), "5;231"),
        ((95, 135, 175), "5;67"),
        ((90, 140, 170), "5;67"),
        ((128, 128, 128), "5;244"),
        ((9, 8, 7), "5;232"),
        ((239, 238, 237), "5;255"),
    ],
)
def test_the_nearest_colour_is_of_the_cube_or_a_grey(rgb: tuple[int, int, int], colour: str) -> None:
    assert in_256_colours(rgb) == colour
