"""Pictures in the terminal itself: as kitty and iTerm2 take them, else as half blocks in its colours."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from enum import StrEnum

from PIL import Image

__all__ = ["ROWS", "Way", "inline", "way_of"]

CHUNK = 4096
ROWS = 16
"""Lines of the terminal that kitty and iTerm2 give to a picture."""
MOST_COLUMNS = 48
HALF_BLOCK, RESET = "▀", "\x1b[0m"
CUBE = (0, 95, 135, 175, 215, 255)
"""The 256 colours of terminals: 16 of their own, six levels of red, green and blue, and 24 greys."""

Rgb = tuple[int, int, int]


class Way(StrEnum):
    """How a terminal shows pictures."""

    NONE = "none"
    KITTY = "kitty"
    ITERM = "iterm"
    BLOCKS = "blocks"
    BLOCKS_256 = "blocks in 256 colours"


def way_of(environment: Mapping[str, str], *, is_terminal: bool) -> Way:
    """What this terminal can do, as far as it says so. A multiplexer passes on characters only."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if not is_terminal or term in {"", "dumb"} or environment.get("NO_COLOR"):
        return Way.NONE
    if "TMUX" in environment or term.startswith(("screen", "tmux")):
        return blocks_of(environment)
    if "kitty" in term or "KITTY_WINDOW_ID" in environment or program == "ghostty":
        return Way.KITTY
    if program in {"iTerm.app", "WezTerm"} or environment.get("LC_TERMINAL") == "iTerm2":
        return Way.ITERM
    return blocks_of(environment)


def blocks_of(environment: Mapping[str, str]) -> Way:
    """By the colours that it is known to have."""
    term = environment.get("TERM", "")
    if environment.get("COLORTERM") in {"truecolor", "24bit"} or term.endswith("-direct"):
        return Way.BLOCKS
    return Way.BLOCKS_256 if term.endswith("256color") else Way.NONE


def inline(
    png: bytes, way: Way, columns: int, *, most_rows: int | None = None, kitty_id: int | None = None
) -> str:
    """What to print, with a line break at its end; nothing where pictures cannot be shown.

    `most_rows` bounds blocks, which are as high as the picture has it. `kitty_id` names what kitty is to
    take away again.
    """
    match way:
        case Way.NONE:
            return ""
        case Way.KITTY:
            return in_kitty(png, kitty_id)
        case Way.ITERM:
            return in_iterm(png)
        case Way.BLOCKS:
            return in_blocks(png, columns, most_rows, in_24_bits)
        case Way.BLOCKS_256:
            return in_blocks(png, columns, most_rows, in_256_colours)


def in_kitty(png: bytes, image_id: int | None) -> str:
    """The graphics protocol: base64 in chunks, `m=1` while more follow."""
    told = base64.standard_b64encode(png).decode()
    chunks = [told[place : place + CHUNK] for place in range(0, len(told), CHUNK)]
    pieces = []
    for number, chunk in enumerate(chunks):
        name = "" if image_id is None else f"i={image_id},"
        first = f"a=T,f=100,q=2,r={ROWS},{name}" if number == 0 else ""
        more = int(number + 1 < len(chunks))
        pieces.append(f"\x1b_G{first}m={more};{chunk}\x1b\\")
    return "".join(pieces) + "\n"


def in_iterm(png: bytes) -> str:
    told = base64.standard_b64encode(png).decode()
    return f"\x1b]1337;File=inline=1;size={len(png)};height={ROWS}:{told}\x07\n"


def in_blocks(png: bytes, columns: int, most_rows: int | None, colour: Callable[[Rgb], str]) -> str:
    """Two pixels a character, one above the other."""
    with Image.open(io.BytesIO(png), formats=("PNG", "JPEG")) as file:
        picture = file.convert("RGB")
    most_columns = MOST_COLUMNS if most_rows is None else most_rows * 2 * picture.width // picture.height
    width = max(1, min(columns, MOST_COLUMNS, most_columns, picture.width))
    height = max(2, round(picture.height * width / picture.width / 2) * 2)
    small = picture.resize((width, height), Image.Resampling.BOX)
    pixels = [*small.get_flattened_data()]
    lines = []
    for row in range(0, height, 2):
        upper, lower = pixels[row * width :][:width], pixels[(row + 1) * width :][:width]
        cells = (
            f"\x1b[38;{colour(above)};48;{colour(below)}m{HALF_BLOCK}"
            for above, below in zip(upper, lower, strict=True)
        )
        lines.append("".join(cells) + RESET)
    return "\n".join(lines) + "\n"


def in_24_bits(rgb: Rgb) -> str:
    return f"2;{rgb[0]};{rgb[1]};{rgb[2]}"


def in_256_colours(rgb: Rgb) -> str:
    """The nearest of the cube's colours or of the greys."""
    levels = [min(range(len(CUBE)), key=lambda level: abs(CUBE[level] - part)) for part in rgb]
    grey = min(23, max(0, round((sum(rgb) / 3 - 8) / 10)))
    in_cube = distance(rgb, (CUBE[levels[0]], CUBE[levels[1]], CUBE[levels[2]]))
    if distance(rgb, (8 + 10 * grey,) * 3) < in_cube:
        return f"5;{232 + grey}"
    return f"5;{16 + 36 * levels[0] + 6 * levels[1] + levels[2]}"


def distance(one: Rgb, other: Rgb) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
