"""A backup while the app writes: python -m agent.backup reverie.zip (or a folder, for a name without .zip).

A running Reverie is asked to make it, through a socket in its data folder: the database belongs to that
process alone. If none runs, the data is opened here. The database is copied by SQLite's online backup (from a
server: row by row, as of one moment), pictures are linked, and a manifest says what belongs to it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
import shutil
import sqlite3
import sys
import zipfile
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from agent.artifacts import Artifacts, sync_folder
from agent.backup_door import ask
from agent.data_place import add_place, url_of
from agent.errors import AgentError, BackupFailed, StorageUnavailable
from agent.manifest import DATABASE, MANIFEST, Manifest, picture_name
from agent.sessions import Sessions

__all__ = ["back_up", "forget_left_behind", "main"]

PIECE_BYTES = 1024**2


def back_up(sessions: Sessions, artifacts: Artifacts, destination: Path) -> Manifest:
    """A zip if the name says so, else a folder; nothing is replaced. Raises AgentError."""
    if destination.exists():
        raise BackupFailed(f"{destination} exists already. Please choose another name.")
    forget_left_behind(artifacts)
    stage = artifacts.folder.parent / f".backup-{secrets.token_hex(4)}"
    try:
        stage.mkdir(mode=0o700)
        with artifacts.lock:
            sessions.copy_to(stage / DATABASE)
            hashes = hashes_in(stage / DATABASE)
            for sha256 in hashes:
                link(artifacts.path(sha256), stage / picture_name(sha256))
        manifest = describe(stage, hashes)
        (stage / MANIFEST).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        keep(stage, destination)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(
            f"The backup cannot be written to {destination} ({error}). Please check the disk and the folder."
        ) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return manifest


def forget_left_behind(artifacts: Artifacts) -> None:
    """A backup that was cut short leaves links to pictures: they would outlive a deletion."""
    for left_behind in artifacts.folder.parent.glob(".backup-*"):
        shutil.rmtree(left_behind, ignore_errors=True)


def hashes_in(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [
            sha256 for (sha256,) in connection.execute("SELECT DISTINCT sha256 FROM artifacts ORDER BY 1")
        ]


def link(picture: Path, name: Path) -> None:
    """A file that is gone is noted in the manifest, not here."""
    name.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        try:
            os.link(picture, name)
        except FileNotFoundError:
            raise
        except OSError:  # a disk that knows no links
            shutil.copyfile(picture, name)


def describe(stage: Path, hashes: list[str]) -> Manifest:
    """What is whole; a picture that is not any more has to be left out."""
    pictures: dict[str, int] = {}
    for sha256 in hashes:
        file = stage / picture_name(sha256)
        if file.exists() and digest(file) == sha256:
            pictures[sha256] = file.stat().st_size
        else:
            file.unlink(missing_ok=True)
    return Manifest(
        created=datetime.now(UTC),
        database=digest(stage / DATABASE),
        database_bytes=(stage / DATABASE).stat().st_size,
        pictures=pictures,
        missing=tuple(sha256 for sha256 in hashes if sha256 not in pictures),
    )


def digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def keep(stage: Path, destination: Path) -> None:
    """Under its name only when it is whole. A zip packs nothing: PNGs are packed already."""
    part = destination.with_name(f"{destination.name}.part")
    try:
        if destination.suffix.lower() == ".zip":
            with zipfile.ZipFile(part, "x", zipfile.ZIP_STORED) as archive:
                for file in sorted(each for each in stage.rglob("*") if each.is_file()):
                    archive.write(file, file.relative_to(stage).as_posix())
            with part.open("rb") as written:
                os.fsync(written.fileno())
        else:
            shutil.copytree(stage, part, copy_function=link_or_copy)
        part.rename(destination)
        sync_folder(destination.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        with suppress(OSError):
            part.unlink(missing_ok=True)


def link_or_copy(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m agent.backup", description=__doc__)
    parser.add_argument("destination", type=Path, help="a new zip, or a new folder")
    try:
        add_place(parser)
        arguments = parser.parse_args()
        destination = arguments.destination.absolute()
        answer = ask(arguments.data_folder, destination)
        if answer is None:
            answer = by_itself(arguments.data_folder, url_of(arguments), destination)
    except AgentError as error:
        print(f"There is no backup. {error}", file=sys.stderr)
        return 1
    print(answer)
    return 0


def by_itself(data_folder: Path, url: str, destination: Path) -> str:
    """No Reverie runs on this data. Raises AgentError."""
    if not (data_folder / "pictures").is_dir():
        raise StorageUnavailable(
            f"{data_folder} holds no data of Reverie. Please name it with --data-folder."
        )
    sessions = Sessions(url, may_be_new=False)
    try:
        return back_up(sessions, Artifacts(data_folder / "pictures"), destination).sentence(destination)
    finally:
        sessions.close()


if __name__ == "__main__":
    sys.exit(main())
