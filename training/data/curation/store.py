"""Where shards, tables and marks lie: a folder, or a bucket behind fsspec. Written whole or not at all."""

from __future__ import annotations

import errno
import os
import posixpath
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from training.errors import BadRecipe, DiskFull

__all__ = ["Store"]

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, kw_only=True)
class Store:
    """`address`: a folder's path, or one that fsspec knows (s3://bucket/set). Workers get it as it is."""

    address: str

    def read(self, name: str) -> bytes:
        """Raises FileNotFoundError."""
        content = self._files.cat_file(self._place(name))
        return content if isinstance(content, bytes) else bytes(content)

    def write(self, name: str, content: bytes) -> str:
        """Under its name once it is whole, on disk; returns its SHA-256. Raises DiskFull."""
        try:
            if self.is_local:
                self._write_aside(Path(self._place(name)), content)
            else:
                self._files.pipe_file(self._place(name), content)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise DiskFull(
                    f"There is no room for {name} ({len(content) / 1e6:.1f} MB) in {self.address}. "
                    "Make room and run the same command again: what is finished is kept."
                ) from error
            raise
        return sha256(content).hexdigest()

    def has(self, name: str) -> bool:
        return bool(self._files.isfile(self._place(name)))

    def names(self, folder: str, suffix: str) -> list[str]:
        """Of the files of one folder, without the suffix, sorted."""
        place = self._place(folder)
        if not self._files.isdir(place):
            return []
        found = (posixpath.basename(each) for each in self._files.ls(place, detail=False))
        return sorted(name.removesuffix(suffix) for name in found if name.endswith(suffix))

    def remove(self, name: str) -> None:
        if self.has(name):
            self._files.rm_file(self._place(name))

    @property
    def is_local(self) -> bool:
        return isinstance(self._files, LocalFileSystem)

    @property
    def _files(self) -> fsspec.AbstractFileSystem:
        try:
            return fsspec.core.url_to_fs(self.address)[0]
        except (ImportError, ValueError) as error:
            raise BadRecipe(f"{self.address} is no place for a set of pictures: {error}.") from error

    def _place(self, name: str) -> str:
        return posixpath.join(fsspec.core.url_to_fs(self.address)[1], name)

    @staticmethod
    def _write_aside(file: Path, content: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f".{file.name}.part{os.getpid()}")
        try:
            with aside.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            aside.rename(file)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
