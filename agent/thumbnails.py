"""Small JPEGs of pictures, kept in memory as far as there is room."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict

from PIL import Image

from agent.artifacts import Artifacts
from agent.encoding import mark_in

__all__ = ["SIZES_PX", "Thumbnails"]

SIZES_PX = (96, 320)
"""Longest sides: in the list of chats, in the gallery."""
MOST_BYTES = 32 * 1024**2
QUALITY = 82


class Thumbnails:
    """By content, as long as the picture is kept. The caller has checked whose picture it is."""

    def __init__(self, artifacts: Artifacts) -> None:
        self.artifacts = artifacts
        self.num_bytes = 0
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        artifacts.on_removed.append(self.forget)

    def jpeg(self, sha256: str, size_px: int) -> bytes:
        """At most `size_px` (one of SIZES_PX) wide and high; raises SourceNotFound, StorageUnavailable."""
        key = (sha256, size_px)
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        small = reduced(self.artifacts.read(sha256), size_px)
        with self._lock:
            if key not in self._made:
                self._made[key] = small
                self.num_bytes += len(small)
            while self.num_bytes > MOST_BYTES:
                self.num_bytes -= len(self._made.popitem(last=False)[1])
        if not self.artifacts.path(sha256).exists():  # it was removed meanwhile
            self.forget(sha256)
        return small

    def forget(self, sha256: str) -> None:
        """The picture is gone, and so is what was made of it."""
        with self._lock:
            for size_px in SIZES_PX:
                self.num_bytes -= len(self._made.pop((sha256, size_px), b""))


def reduced(png: bytes, size_px: int) -> bytes:
    """Over white where it is transparent, with the mark of origin."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as file:
        layer = file.convert("RGBA")
    layer.thumbnail((size_px, size_px), Image.Resampling.LANCZOS)
    image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, xmp=mark_in(png))
    return out.getvalue()
