"""The picture as far as it is, on the screen while it is drawn."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from typing import TextIO

from PIL import Image

from agent.terminal.inline import ROWS, Way, inline

__all__ = ["Preview"]

JPEG = "data:image/jpeg;base64,"
MOST_PIXELS = 4 * 1024**2
LINES_BESIDE = 2
"""That of the cursor, and one above to see that nothing has scrolled away."""
KITTY_ID = 786_001
KITTY_REMOVE = f"\x1b_Ga=d,d=I,i={KITTY_ID},q=2\x1b\\"
"""What kitty shows is not text, and stays when text is erased."""


@dataclass(kw_only=True)
class Preview:
    """Each takes the place of the one before. The cursor stands below it, on a line that may be in use."""

    out: TextIO
    way: Way
    columns: int
    lines: int
    _height: int = field(default=0, init=False)

    def show(self, told: object) -> None:
        """As the server tells it; not what is no picture, and nothing where the window is too low."""
        is_cells = self.way in {Way.BLOCKS, Way.BLOCKS_256}
        most_rows = min(ROWS, self.lines - LINES_BESIDE)
        png = as_png(told)
        if self.way is Way.NONE or png is None or most_rows < (1 if is_cells else ROWS):
            return
        shown = inline(png, self.way, self.columns, most_rows=most_rows, kitty_id=KITTY_ID)
        height = shown.count("\n") if is_cells else ROWS
        if height > most_rows:  # a picture of such a shape is higher than wide beyond all bounds
            return
        print(self._erased() + shown, end="", file=self.out, flush=True)
        self._height = height

    def clear(self) -> None:
        """It has done its duty."""
        print(self._erased(), end="", file=self.out, flush=True)

    def _erased(self) -> str:
        if not self._height:
            return ""
        remove = KITTY_REMOVE if self.way is Way.KITTY else ""
        erased, self._height = f"{remove}\r\x1b[{self._height}A\x1b[J", 0
        return erased


def as_png(told: object) -> bytes | None:
    """kitty takes no JPEG."""
    if not isinstance(told, str) or not told.startswith(JPEG):
        return None
    file = io.BytesIO()
    try:
        with Image.open(io.BytesIO(base64.b64decode(told.removeprefix(JPEG))), formats=("JPEG",)) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            image.convert("RGB").save(file, "PNG")
    except (ValueError, OSError, SyntaxError, Image.DecompressionBombError):
        return None
    return file.getvalue()
