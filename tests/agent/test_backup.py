"""What is backed up comes back the same, made while the app writes, and from either database into either."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from agent.artifacts import Artifacts
from agent.backup import back_up, digest
from agent.backup_door import BackupDoor, ask
from agent.copying import tables_of
from agent.errors import BackupFailed, StorageUnavailable
from agent.keys import Keys
from agent.manifest import Manifest
from agent.restore import restore
from agent.sessions import Sessions
from tests.doubles import Agent, build_agent
from tests.postgresql import PostgreSQL

ROOT = Path(__file__).parents[2]


def all_rows(sessions: Sessions) -> Mapping[str, Any]:
    engine = sessions._engine
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(table.c.id))]
            for table in tables_of(engine).sorted_tables
        }


def fill(agent: Agent, owner: str = "ann") -> None:
    session = agent.sessions.create(owner)
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    for text in ("draw a dog", "draw two cats"):
        [*agent.coordinator.run(session.id, owner, text, [file.getvalue()])]
    Keys(agent.sessions).create(owner, "Open WebUI")


@pytest.fixture
def agent(tmp_path: Path, store_url: str) -> Iterator[Agent]:
    agent = build_agent(tmp_path, url=store_url)
    fill(agent)
    yield agent
    agent.close()


@pytest.mark.parametrize("name", ["backup.zip", "backup"])
def test_what_comes_back_is_the_same(agent: Agent, tmp_path: Path, name: str) -> None:
    temporary = agent.sessions.create("ann", is_temporary=True)
    [*agent.coordinator.run(temporary.id, "ann", "draw a secret")]
    manifest = back_up(agent.sessions, agent.artifacts, tmp_path / name)
    agent.sessions.delete(temporary.id, "ann")
    folder = tmp_path / "new"
    assert restore(tmp_path / name, folder, f"sqlite:///{folder}/reverie.db") == manifest
    after = Sessions(f"sqlite:///{folder}/reverie.db", may_be_new=False)
    assert after.hashes() == set(manifest.pictures) == agent.sessions.hashes()
    assert all_rows(after) == all_rows(agent.sessions)
    for sha256 in manifest.pictures:
        assert Artifacts(folder / "pictures").read(sha256) == agent.artifacts.read(sha256)
    after.close()
    assert b"draw a secret" not in (folder / "reverie.db").read_bytes()
    assert [each.name for each in folder.iterdir() if each.name.startswith(".")] == []
    assert not [*tmp_path.glob(".backup-*")]


@pytest.mark.postgresql
def test_chats_move_into_a_server_and_out_again(agent: Agent, tmp_path: Path, postgresql: PostgreSQL) -> None:
    back_up(agent.sessions, agent.artifacts, tmp_path / "one.zip")
    url = postgresql.create("template0")
    restore(tmp_path / "one.zip", tmp_path / "server", url)
    server = Sessions(url, may_be_new=False)
    assert all_rows(server) == all_rows(agent.sessions)
    back_up(server, Artifacts(tmp_path / "server" / "pictures"), tmp_path / "two.zip")
    server.close()
    folder = tmp_path / "file"
    restore(tmp_path / "two.zip", folder, f"sqlite:///{folder}/reverie.db")
    after = Sessions(f"sqlite:///{folder}/reverie.db", may_be_new=False)
    assert all_rows(after) == all_rows(agent.sessions)
    after.close()
    with pytest.raises(BackupFailed, match="database is not empty"):
        restore(tmp_path / "two.zip", tmp_path / "again", url)
    assert [*(tmp_path / "again").iterdir()] == []
    postgresql.drop(url)


def test_backups_made_during_writes_are_whole(agent: Agent, tmp_path: Path) -> None:
    """Turns are added and chats deleted all the while; each backup is of one moment."""
    is_over = threading.Event()

    def write() -> None:
        while not is_over.is_set():
            session = agent.sessions.create("bob")
            [*agent.coordinator.run(session.id, "bob", f"draw a dog, {session.id}")]
            agent.coordinator.delete(session.id, "bob")

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        for number in range(12):
            manifest = back_up(agent.sessions, agent.artifacts, tmp_path / f"{number}.zip")
            assert manifest.missing == ()
            folder = tmp_path / f"after-{number}"
            restore(tmp_path / f"{number}.zip", folder, f"sqlite:///{folder}/reverie.db")
            after = Sessions(f"sqlite:///{folder}/reverie.db", may_be_new=False)
            assert after.hashes() == set(manifest.pictures)
            after.close()
    finally:
        is_over.set()
        for writer in writers:
            writer.join()


def test_a_lost_picture_does_not_stop_a_backup(agent: Agent, tmp_path: Path) -> None:
    one, other, *_ = sorted(agent.sessions.hashes())
    agent.artifacts.path(one).unlink()
    agent.artifacts.path(other).write_bytes(b"damaged")
    manifest = back_up(agent.sessions, agent.artifacts, tmp_path / "b.zip")
    assert manifest.missing == (one, other)
    assert "2 were gone or damaged" in manifest.sentence(tmp_path)
    restore(tmp_path / "b.zip", tmp_path / "new", f"sqlite:///{tmp_path}/new/reverie.db")


def test_nothing_is_written_over(agent: Agent, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    back_up(agent.sessions, agent.artifacts, file)
    before = file.read_bytes()
    with pytest.raises(BackupFailed, match="exists already"):
        back_up(agent.sessions, agent.artifacts, file)
    assert file.read_bytes() == before
    full = tmp_path / "full"
    full.mkdir()
    (full / "note.txt").write_text("mine")
    with pytest.raises(BackupFailed, match="is not empty"):
        restore(file, full, f"sqlite:///{full}/reverie.db")
    assert [each.name for each in full.iterdir()] == ["note.txt"]
    with pytest.raises(BackupFailed, match="cannot be written"):
        back_up(agent.sessions, agent.artifacts, tmp_path / "no" / "such" / "folder.zip")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup as a folder."""
    folder = tmp_path_factory.mktemp("good")
    agent = build_agent(folder)
    fill(agent)
    back_up(agent.sessions, agent.artifacts, folder / "backup")
    agent.close()
    return folder / "backup"


def zipped(folder: Path, target: Path, *more: tuple[str, bytes], pack: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(target, "w", pack) as archive:
        for file in folder.rglob("*"):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
        for name, content in more:
            archive.writestr(name, content)
    return target


DAMAGES = (
    *("no manifest", "no database", "other database", "cut database", "newer database", "no picture"),
    *("other picture", "picture too long", "one file more", "slip", "absolute", "packed", "bomb", "twice"),
    *("cut zip", "text", "huge", "manifest text", "foreign version", "picture left out", "link"),
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_backup_that_is_damaged_or_evil_leaves_nothing(good: Path, tmp_path: Path, damage: str) -> None:
    copy = shutil.copytree(good, tmp_path / "copy")
    source = tmp_path / "b.zip"
    more: list[tuple[str, bytes]] = []
    pack = zipfile.ZIP_STORED
    picture = next(copy.rglob("*.png"))
    manifest = Manifest.model_validate_json((copy / "manifest.json").read_text())

    def declare(**changes: Any) -> None:
        changed = {**manifest.model_dump(mode="json"), **changes}
        (copy / "manifest.json").write_text(json.dumps(changed))

    def declare_database() -> None:
        database = copy / "reverie.db"
        declare(database=digest(database), database_bytes=database.stat().st_size)

    match damage:
        case "no manifest":
            (copy / "manifest.json").unlink()
        case "no database":
            (copy / "reverie.db").unlink()
        case "other database":
            content = bytearray((copy / "reverie.db").read_bytes())
            content[-5] ^= 255
            (copy / "reverie.db").write_bytes(content)
        case "cut database":
            os.truncate(copy / "reverie.db", 8192)
            declare_database()
        case "newer database":
            with sqlite3.connect(copy / "reverie.db") as connection:
                connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.close()
            declare_database()
        case "no picture":
            picture.unlink()
        case "other picture":
            picture.write_bytes(bytes(reversed(picture.read_bytes())))
        case "picture too long":
            picture.write_bytes(picture.read_bytes() + b"more")
        case "one file more":
            more = [("pictures/evil.py", b"import os")]
        case "slip":
            more = [("../../evil.txt", b"evil")]
        case "absolute":
            more = [(f"{tmp_path}/evil.txt", b"evil")]
        case "packed":
            pack = zipfile.ZIP_DEFLATED
        case "bomb":
            picture.write_bytes(bytes(64 * 1024**2))
            pack = zipfile.ZIP_DEFLATED
        case "twice":
            with pytest.warns(UserWarning, match="Duplicate"):
                zipped(copy, source, ("manifest.json", b"{}"))
        case "huge":
            declare(database_bytes=10**15)
        case "manifest text":
            (copy / "manifest.json").write_text("no manifest")
        case "foreign version":
            declare(version=2)
        case "picture left out":
            picture.unlink()
            declare(pictures={each: size for each, size in manifest.pictures.items() if each != picture.stem})
        case "link":
            picture.unlink()
            picture.symlink_to("/etc/passwd")
            source = copy
    if not source.exists():
        zipped(copy, source, *more, pack=pack)
    if damage == "cut zip":
        os.truncate(source, source.stat().st_size // 2)
    if damage == "text":
        source.write_text("no zip at all")
    new = tmp_path / "new"
    with pytest.raises((BackupFailed, StorageUnavailable)) as caught:
        restore(source, new, f"sqlite:///{new}/reverie.db")
    assert str(caught.value).endswith(".")
    assert [*new.iterdir()] == []
    assert not [*tmp_path.rglob("evil*")]


def test_a_running_reverie_is_asked(agent: Agent, tmp_path: Path) -> None:
    """The database is open in this process alone; another one asks for the backup."""

    def make(destination: Path) -> str:
        return back_up(agent.sessions, agent.artifacts, destination).sentence(destination)

    assert ask(tmp_path, tmp_path / "b.zip") is None
    door = BackupDoor(tmp_path, make)
    assert (tmp_path / "backup.sock").stat().st_mode & 0o777 == 0o600

    def run() -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "agent.backup",
            str(tmp_path / "b.zip"),
            "--data-folder",
            str(tmp_path),
        ]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert "the chats and 3 pictures" in done.stdout
    refused = run()
    assert refused.returncode == 1
    assert "exists already" in refused.stderr
    with pytest.raises(BackupFailed, match="no place"):
        ask(tmp_path, Path("relative.zip"))
    door.close()
    assert ask(tmp_path, tmp_path / "c.zip") is None


def test_without_a_running_reverie_the_data_is_opened(tmp_path: Path) -> None:
    agent = build_agent(tmp_path / "data")
    fill(agent)
    agent.close()

    def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", f"agent.{program}", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    file = str(tmp_path / "b.zip")
    assert run("backup", file, "--data-folder", str(tmp_path / "data")).returncode == 0
    back = run("restore", file, "--data-folder", str(tmp_path / "new"))
    assert (back.returncode, back.stderr) == (0, "")
    again = run("restore", file, "--data-folder", str(tmp_path / "new"))
    assert (again.returncode, "is not empty" in again.stderr) == (1, True)
    nothing = run("backup", file, "--data-folder", str(tmp_path / "nowhere"))
    assert (nothing.returncode, "holds no data" in nothing.stderr) == (1, True)
