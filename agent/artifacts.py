"""Picture files by content: written whole or not at all, and always before the row that names them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from agent.copies import Copies
from agent.errors import SourceNotFound, StorageUnavailable
from agent.sentences import Sentence

__all__ = ["Artifacts"]


class Artifacts:
    """PNG files below `folder`, named by their SHA-256.

    Hold `lock` from `put` to the row that names the file, and from deleting rows to `remove`: otherwise one
    turn could save a row for a picture that another is just removing.
    """

    def __init__(self, folder: Path, copies: Copies | None = None) -> None:
        """`copies` go when their picture goes. Raises StorageUnavailable when the folder cannot be made."""
        self.folder = folder
        self.copies = copies
        self.on_removed: list[Callable[[str], None]] = []
        """Whoever keeps something of a picture in memory is told its SHA-256 when it goes."""
        self.lock = threading.RLock()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise unwritable(folder, error) from error

    @property
    def is_empty(self) -> bool:
        """No picture lies here."""
        return next(self.folder.glob("??/*.png"), None) is None

    def path(self, sha256: str) -> Path:
        """Where the picture of this hash lies (or would lie)."""
        return self.folder / sha256[:2] / f"{sha256}.png"

    def put(self, png: bytes) -> str:
        """Make the bytes durable and return their SHA-256; raises StorageUnavailable."""
        sha256 = hashlib.sha256(png).hexdigest()
        path = self.path(sha256)
        try:
            if path.parent.is_dir():
                is_new_folder = False
            else:
                path.parent.mkdir(exist_ok=True, mode=0o700)
                is_new_folder = True
            write_whole(path, png)
            sync_folder(path.parent)
            if is_new_folder:
                sync_folder(self.folder)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        return sha256

    def read(self, sha256: str) -> bytes:
        """The PNG's bytes; raises SourceNotFound when the file is missing or does not match its hash."""
        try:
            png = self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise SourceNotFound(
                Sentence(
                    "The file of this picture is gone. Please make or upload the picture again.",
                    "这张图片的文件不见了。请重新生成或上传。",
                )
            ) from error
        except OSError as error:
            raise StorageUnavailable(f"The picture file cannot be read ({error.strerror}).") from error
        if hashlib.sha256(png).hexdigest() != sha256:
            raise SourceNotFound(
                Sentence(
                    "The file of this picture is damaged. Please make or upload the picture again.",
                    "这张图片的文件已损坏。请重新生成或上传。",
                )
            )
        return png

    def remove(self, sha256s: Iterable[str]) -> None:
        """Delete pictures that no row names any more."""
        for sha256 in sha256s:
            self.path(sha256).unlink(missing_ok=True)
            if self.copies is not None:
                self.copies.forget([sha256])
            for forget in self.on_removed:
                forget(sha256)

    def sweep(self, used: Iterable[str]) -> int:
        """Delete temporary files and pictures that no row names, before any turn runs; return how many."""
        used = set(used)
        if self.copies is not None:
            self.copies.sweep(used)
        keep = {self.path(sha256) for sha256 in used}
        strays = [
            path for path in self.folder.glob("??/*") if path.suffix in {".png", ".part"} and path not in keep
        ]
        for path in strays:
            path.unlink(missing_ok=True)
        return len(strays)


def write_whole(path: Path, content: bytes) -> None:
    """Write beside, fsync, rename into place."""
    part = path.with_name(f"{path.stem}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """A rename is durable only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(folder: Path, error: OSError) -> StorageUnavailable:
    return StorageUnavailable(
        f"Pictures cannot be saved in {folder} ({error.strerror}). "
        "Please make the folder writable or choose another one."
    )
