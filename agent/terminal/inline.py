"""Pictures in the terminal itself: as kitty and iTerm2 take them, else as half blocks in 24-bit colours."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from enum import StrEnum

from PIL import Image

__all__ = ["Way", "inline", "way_of"]

CHUNK = 4096
KITTY_ROWS = 16
MOST_COLUMNS = 48
HALF_BLOCK, RESET = "▀", "\x1b[0m"


class Way(StrEnum):
    """How a terminal shows pictures."""

    NONE = "none"
    KITTY = "kitty"
    ITERM = "iterm"
    BLOCKS = "blocks"


def way_of(environment: Mapping[str, str], *, is_terminal: bool) -> Way:
    """What this terminal can do, as far as it says so. A multiplexer passes on characters only."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if not is_terminal or term in {"", "dumb"} or environment.get("NO_COLOR"):
        return Way.NONE
    if "TMUX" in environment or term.startswith(("screen", "tmux")):
        return Way.BLOCKS
    if "kitty" in term or "KITTY_WINDOW_ID" in environment or program == "ghostty":
        return Way.KITTY
    if program in {"iTerm.app", "WezTerm"} or environment.get("LC_TERMINAL") == "iTerm2":
        return Way.ITERM
    return Way.BLOCKS


def inline(png: bytes, way: Way, columns: int) -> str:
    """What to print, with a line break at its end; nothing where pictures cannot be shown."""
    match way:
        case Way.NONE:
            return ""
        case Way.KITTY:
            return in_kitty(png)
        case Way.ITERM:
            return in_iterm(png)
        case Way.BLOCKS:
            return in_blocks(png, columns)


def in_kitty(png: bytes) -> str:
    """The graphics protocol: base64 in chunks, `m=1` while more follow."""
    told = base64.standard_b64encode(png).decode()
    chunks = [told[place : place + CHUNK] for place in range(0, len(told), CHUNK)]
    pieces = []
    for number, chunk in enumerate(chunks):
        first = f"a=T,f=100,q=2,r={KITTY_ROWS}," if number == 0 else ""
        more = int(number + 1 < len(chunks))
        pieces.append(f"\x1b_G{first}m={more};{chunk}\x1b\\")
    return "".join(pieces) + "\n"


def in_iterm(png: bytes) -> str:
    told = base64.standard_b64encode(png).decode()
    return f"\x1b]1337;File=inline=1;size={len(png)};height={KITTY_ROWS}:{told}\x07\n"


def in_blocks(png: bytes, columns: int) -> str:
    """Two pixels a character, one above the other."""
    with Image.open(io.BytesIO(png), formats=("PNG", "JPEG")) as file:
        picture = file.convert("RGB")
    width = max(1, min(columns, MOST_COLUMNS, picture.width))
    height = max(2, round(picture.height * width / picture.width / 2) * 2)
    small = picture.resize((width, height), Image.Resampling.BOX)
    pixels = [*small.get_flattened_data()]
    lines = []
    for row in range(0, height, 2):
        upper, lower = pixels[row * width :][:width], pixels[(row + 1) * width :][:width]
        cells = (
            f"\x1b[38;2;{above[0]};{above[1]};{above[2]};48;2;{below[0]};{below[1]};{below[2]}m{HALF_BLOCK}"
            for above, below in zip(upper, lower, strict=True)
        )
        lines.append("".join(cells) + RESET)
    return "\n".join(lines) + "\n"
