"""Files made from pictures to go out, kept as long as there is room and as long as their picture is kept."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

__all__ = ["Copies"]

MOST_BYTES = 1024**3


class Copies:
    """Below `folder`, by the picture's SHA-256 and a key that says what was made of it.

    A cache: whatever cannot be written or read is made again.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self.most_bytes = most_bytes
        self._lock = threading.Lock()
        self._num_bytes = sum(size_of(path) for path in folder.glob("??/*.copy"))

    def get(self, sha256: str, key: str) -> bytes | None:
        path = self._path(sha256, key)
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return content

    def put(self, sha256: str, key: str, content: bytes) -> None:
        path = self._path(sha256, key)
        part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.write_bytes(content)
            with self._lock:
                self._num_bytes += len(content) - size_of(path)
                part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            return
        if self._num_bytes > self.most_bytes:
            self._make_room()

    def forget(self, sha256s: Iterable[str]) -> None:
        """Delete all that was made of these pictures."""
        for sha256 in sha256s:
            for path in self.folder.glob(f"{sha256[:2]}/{sha256}.*"):
                self._remove(path)

    def sweep(self, used: Iterable[str]) -> None:
        """Delete what was made of pictures that are gone, and what was not finished."""
        keep = set(used)
        for path in self.folder.glob("??/*"):
            if path.suffix == ".part" or path.name.partition(".")[0] not in keep:
                self._remove(path)

    def _make_room(self) -> None:
        """The longest unused go first, until a tenth is free."""
        for path in sorted(self.folder.glob("??/*.copy"), key=used_at):
            if self._num_bytes <= 0.9 * self.most_bytes:
                return
            self._remove(path)

    def _remove(self, path: Path) -> None:
        with self._lock:
            size = size_of(path) if path.suffix == ".copy" else 0
            path.unlink(missing_ok=True)
            self._num_bytes -= size

    def _path(self, sha256: str, key: str) -> Path:
        return self.folder / sha256[:2] / f"{sha256}.{key}.copy"


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def used_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
