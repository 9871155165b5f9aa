"""Files that are not what they were: opened rightly, or refused with a sentence and left alone."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from agent.domain import PictureOptions
from agent.errors import StorageUnavailable
from agent.sessions import Sessions

SEED = int(os.environ.get("REVERIE_TEST_SEED", "26311593"))
NUM_MUTANTS = 120
KINDS = (
    "cut",
    "zero header",
    "page flips",
    "zero pages",
    "lost log",
    "cut log",
    "log flips",
    "no bytes",
    "text",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as a kill leaves it: most of it in the file, the last messages in its log."""
    folder = tmp_path_factory.mktemp("whole")
    store = Sessions(f"sqlite:///{folder}/first/reverie.db")
    session = store.create("ann")
    for number in range(60):
        store.open_turn(session.id, "ann", f"message {number} " + "x" * 900, PictureOptions())
    store._engine.raw_connection().driver_connection.execute("PRAGMA wal_checkpoint")  # type: ignore[union-attr]
    for number in range(20):
        store.open_turn(session.id, "ann", f"later {number} " + "x" * 900, PictureOptions())
    shutil.copytree(folder / "first", folder / "copy")
    store.close()
    return folder / "copy"


def mutate(folder: Path, kind: str, dice: random.Random) -> None:
    database, log = folder / "reverie.db", folder / "reverie.db-wal"
    file = log if "log" in kind else database
    content = bytearray(file.read_bytes())
    match kind:
        case "cut" | "cut log":
            content = content[: dice.randrange(1, len(content))]
        case "zero header":
            content[:100] = bytes(100)
        case "page flips" | "log flips":
            for _ in range(dice.randint(1, 40)):
                content[dice.randrange(len(content))] ^= dice.randrange(1, 256)
        case "zero pages":
            page = dice.randrange(len(content) // 4096)
            content[page * 4096 : (page + 1) * 4096] = bytes(4096)
        case "no bytes":
            content.clear()
            log.unlink()
        case "text":
            content[:] = b"not a database at all\n" * 100
    if kind == "lost log":
        file.unlink()
    else:
        file.write_bytes(content)


def test_a_damaged_file_is_opened_rightly_or_left_alone(whole: Path, tmp_path: Path) -> None:
    """Bits flipped within texts SQLite cannot see. A header lost in the file may be whole in the log."""
    dice = random.Random(SEED)
    refused, sentences = 0, set[str]()
    for number in range(NUM_MUTANTS):
        kind = KINDS[number % len(KINDS)]
        folder = shutil.copytree(whole, tmp_path / str(number))
        mutate(folder, kind, dice)
        before = {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith("-shm")}
        try:
            store = Sessions(f"sqlite:///{folder}/reverie.db", may_be_new=False)
        except StorageUnavailable as error:
            refused += 1
            sentences.add(str(error))
            after = {name: (folder / name).read_bytes() for name in before}
            assert after == before, f"{kind}: what is refused stays as it is"
        else:
            assert kind not in {"no bytes", "text"}, kind
            assert len(store.list("ann")) <= 1
            store.close()
            with sqlite3.connect(folder / "reverie.db") as connection:
                assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
            connection.close()
        shutil.rmtree(folder)
    assert 40 <= refused < NUM_MUTANTS, "both happen"
    assert all(each.endswith(".") for each in sentences)


def test_what_a_database_says_of_its_failure_is_for_the_log_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Sessions(f"sqlite:///{tmp_path}/reverie.db")
    said = 'connection to server at "db.internal" failed: password authentication failed for user "reverie"'
    for error, is_logged in ((sqlite3.OperationalError(said), True), (sqlite3.IntegrityError(said), False)):
        caplog.clear()
        with pytest.raises(StorageUnavailable) as caught, store.transaction():
            raise sa.exc.DBAPIError.instance("INSERT", {}, error, sqlite3.Error)
        assert "db.internal" not in str(caught.value)
        assert ("db.internal" in caplog.text) == is_logged
    store.close()
    with pytest.raises(StorageUnavailable, match="closing"):
        store.list("ann")
