"""A backup put back: python -m agent.restore reverie.zip --data-folder NEW

Into an empty data folder only, and with --database-url into an empty database; a backup of SQLite may go to
PostgreSQL and back. Nothing in the backup is believed: every file is named by the manifest, has the size and
the hash that it says, and everything is checked before anything takes its place.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from pydantic import ValidationError

from agent.artifacts import sync_folder
from agent.backup import PIECE_BYTES, hashes_in
from agent.copying import copy_rows, has_rows
from agent.data_place import add_place, url_of
from agent.database import open_database
from agent.errors import AgentError, BackupFailed, StorageUnavailable
from agent.manifest import DATABASE, MANIFEST, Manifest, picture_name

__all__ = ["main", "restore"]

MOST_MANIFEST_BYTES = 256 * 1024**2
RESERVE_BYTES = 64 * 1024**2
STAGE = ".restoring"
NOT_DATA = {STAGE, "lost+found", "cache", "reverie"}
"""The last two hold caches and weights where all folders of a container are one."""
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError)
"""All that zipfile raises on damaged, encrypted or exotic archives."""


class Contents:
    """A backup to read from: files by name, with their sizes."""

    def __init__(self, source: Path) -> None:
        """Raises BackupFailed."""
        self.source = source
        self._archive: zipfile.ZipFile | None = None
        if source.is_dir():
            files = [each for each in source.rglob("*") if not each.is_dir() or each.is_symlink()]
            if any(each.is_symlink() for each in files):
                raise BackupFailed("The backup holds links. It was not restored.")
            self.sizes: Mapping[str, int] = {
                each.relative_to(source).as_posix(): each.stat().st_size for each in files
            }
            return
        try:
            self._archive = zipfile.ZipFile(source)
        except (OSError, *BROKEN) as error:
            raise BackupFailed(f"{source} is no backup, or cannot be read. Please choose another.") from error
        entries = self._archive.infolist()
        self.sizes = {each.filename: each.file_size for each in entries}
        if len(self.sizes) != len(entries) or any(
            each.compress_type != zipfile.ZIP_STORED for each in entries
        ):
            self.close()
            raise BackupFailed(
                "This zip was not written by Reverie (files are packed or come twice). If you have packed a "
                "backup anew, please unpack it and restore the folder."
            )

    def open(self, name: str) -> IO[bytes]:
        return (self.source / name).open("rb") if self._archive is None else self._archive.open(name)

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()


def restore(source: Path, data_folder: Path, url: str) -> Manifest:
    """Raises BackupFailed or StorageUnavailable; then the data folder is as empty as it was."""
    require_empty(data_folder)
    contents = Contents(source)
    stage = data_folder / STAGE
    try:
        manifest = read_manifest(contents)
        require_room(data_folder, manifest)
        shutil.rmtree(stage, ignore_errors=True)
        (stage / "pictures").mkdir(parents=True)
        unpack(contents, DATABASE, manifest.database, manifest.database_bytes, stage)
        for sha256, num_bytes in manifest.pictures.items():
            unpack(contents, picture_name(sha256), sha256, num_bytes, stage)
        require_whole(stage / DATABASE, manifest)
        settle(stage, data_folder, url)
    except (OSError, *BROKEN) as error:
        raise BackupFailed(
            f"The backup cannot be read or put back ({error}). Nothing was restored."
        ) from error
    finally:
        contents.close()
        shutil.rmtree(stage, ignore_errors=True)
    return manifest


def require_empty(data_folder: Path) -> None:
    try:
        data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = {each.name for each in data_folder.iterdir()} - NOT_DATA
    except OSError as error:
        raise StorageUnavailable(f"{data_folder} cannot be used ({error.strerror}).") from error
    if found:
        raise BackupFailed(
            f"{data_folder} is not empty. Please name a new folder, or move away what is there: a restore "
            "never writes over anything."
        )


def read_manifest(contents: Contents) -> Manifest:
    """And nothing else is there than what it names. Raises BackupFailed."""
    if not 0 < contents.sizes.get(MANIFEST, 0) <= MOST_MANIFEST_BYTES:
        raise BackupFailed(f"There is no {MANIFEST} in it: this is no backup of Reverie.")
    with contents.open(MANIFEST) as file:
        content = file.read(MOST_MANIFEST_BYTES + 1)
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BackupFailed(f"Its {MANIFEST} is damaged, or comes from a newer Reverie.") from error
    expected = {DATABASE: manifest.database_bytes} | {
        picture_name(sha256): num_bytes for sha256, num_bytes in manifest.pictures.items()
    }
    found = {name: size for name, size in contents.sizes.items() if name != MANIFEST and name[-1:] != "/"}
    for name in sorted(expected.keys() ^ found.keys()):
        known = "is missing" if name in expected else "does not belong to it"
        raise BackupFailed(f"The backup is damaged: {name[:200]!r} {known}. Nothing was restored.")
    for name, size in expected.items():
        if found[name] != size:
            raise BackupFailed(f"The backup is damaged: {name} has {found[name]} bytes and not {size}.")
    return manifest


def require_room(data_folder: Path, manifest: Manifest) -> None:
    free = shutil.disk_usage(data_folder).free - RESERVE_BYTES
    if manifest.num_bytes > free:
        raise BackupFailed(
            f"The backup needs {manifest.num_bytes / 1e6:.0f} MB, and the disk of {data_folder} has "
            f"{max(free, 0) / 1e6:.0f} MB left. Please make room."
        )


def unpack(contents: Contents, name: str, sha256: str, num_bytes: int, stage: Path) -> None:
    """Never more bytes than the manifest says, whatever the zip does."""
    target = stage / name
    target.parent.mkdir(parents=True, exist_ok=True)
    seen, left = hashlib.sha256(), num_bytes
    with contents.open(name) as source, target.open("xb") as file:
        while piece := source.read(min(PIECE_BYTES, left + 1)):
            left -= len(piece)
            if left < 0:
                break
            seen.update(piece)
            file.write(piece)
    if left or seen.hexdigest() != sha256:
        raise BackupFailed(f"The backup is damaged: {name} is not what was saved. Nothing was restored.")


def require_whole(database: Path, manifest: Manifest) -> None:
    """Sound, ours, not newer than this program, and with all its pictures. Raises AgentError."""
    open_database(f"sqlite:///{database}", may_be_new=False).dispose()
    unnamed = set(hashes_in(database)) - manifest.pictures.keys() - set(manifest.missing)
    if unnamed:
        raise BackupFailed(f"The backup is damaged: {len(unnamed)} of its pictures are not in it.")


def settle(stage: Path, data_folder: Path, url: str) -> None:
    """The pictures first: chats without pictures would be the worse half."""
    is_file = sa.make_url(url).database == str(data_folder / DATABASE)
    target = None if is_file else open_database(url)
    try:
        if target is not None and has_rows(target):
            raise BackupFailed("The database is not empty. Please name a new one.")
        (stage / "pictures").rename(data_folder / "pictures")
        if target is None:
            (stage / DATABASE).rename(data_folder / DATABASE)
        else:
            fill(stage / DATABASE, target, data_folder)
        sync_folder(data_folder)
    finally:
        if target is not None:
            target.dispose()


def fill(database: Path, target: sa.Engine, data_folder: Path) -> None:
    source = open_database(f"sqlite:///{database}")
    try:
        copy_rows(source, target)
    except sa.exc.SQLAlchemyError as error:
        shutil.rmtree(data_folder / "pictures")
        raise BackupFailed(f"The database does not take the chats ({type(error).__name__}).") from error
    finally:
        source.dispose()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m agent.restore", description=__doc__)
    parser.add_argument("source", type=Path, help="a zip or a folder that python -m agent.backup has written")
    try:
        add_place(parser)
        arguments = parser.parse_args()
        manifest = restore(arguments.source, arguments.data_folder, url_of(arguments))
    except AgentError as error:
        print(f"Nothing was restored. {error}", file=sys.stderr)
        return 1
    print(manifest.sentence(arguments.data_folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
