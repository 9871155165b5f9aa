from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from agent import migrations
from agent.database import open_database
from agent.domain import GenerateStep, Origin, PictureOptions, Plan, Quality, Recipe, TurnStatus
from agent.errors import SessionNotFound, SourceNotFound, StorageUnavailable
from agent.sessions import NEW_TITLE, NewPicture, Sessions
from agent.tables import Row
from tests.doubles import draw
from tests.postgresql import PostgreSQL

RECIPE = Recipe(
    words="draw a cat",
    prompt="a cat",
    preset="fake",
    weights_hash="0" * 64,
    seed=3,
    num_steps=8,
    guidance=5.0,
    sampler="fake",
    width=128,
    height=96,
)


def picture(digit: str = "a", step: int | None = 0, candidate: int = 1) -> NewPicture:
    return NewPicture(
        sha256=digit * 64,
        width=128,
        height=96,
        origin=Origin.UPLOADED if step is None else Origin.GENERATED,
        recipe=None if step is None else RECIPE,
        caption="a cat",
        step=step,
        candidate=candidate,
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/reverie.db"


@pytest.fixture
def sessions(store_url: str) -> Iterator[Sessions]:
    store = Sessions(store_url)
    yield store
    store.close()


def test_a_conversation_is_the_same_after_reopening(store_url: str) -> None:
    store = Sessions(store_url)
    session = store.create("ann")
    options = PictureOptions(quality=Quality.FAST, seed=7)
    turn = store.open_turn(session.id, "ann", "draw a cat", options, [picture("b", step=None)])
    store.record_decision(turn.id, draw("a cat"))
    store.record_plan(turn.id, Plan(steps=(GenerateStep(prompt="a cat"),)))
    made = store.add_artifact(turn.id, picture())
    store.set_head(session.id, made.id)
    store.close_turn(turn.id, TurnStatus.DONE, "Here is #2.", [made.id])
    store.close()

    store = Sessions(store_url)
    (found,) = store.turns(session.id, "ann")
    assert found.status is TurnStatus.DONE
    assert (found.text, found.reply, found.shown) == ("draw a cat", "Here is #2.", (made.id,))
    assert found.options == options
    assert found.decision == draw("a cat")
    assert found.plan == Plan(steps=(GenerateStep(prompt="a cat"),))
    assert [upload.number for upload in found.uploads] == [1]
    assert found.artifacts == (made,)
    assert made.recipe == RECIPE
    assert store.get(session.id, "ann").head == made.id
    store.close()


def test_only_the_owner_sees_and_changes(sessions: Sessions) -> None:
    session = sessions.create("ann")
    turn = sessions.open_turn(session.id, "ann", "hi", PictureOptions())
    made = sessions.add_artifact(turn.id, picture())
    assert sessions.list("bob") == []
    for forbidden in (
        lambda: sessions.get(session.id, "bob"),
        lambda: sessions.turns(session.id, "bob"),
        lambda: sessions.rename(session.id, "bob", "mine"),
        lambda: sessions.delete(session.id, "bob"),
        lambda: sessions.open_turn(session.id, "bob", "hi", PictureOptions()),
    ):
        with pytest.raises(SessionNotFound):
            forbidden()
    with pytest.raises(SourceNotFound):
        sessions.artifact(made.id, "bob")
    with pytest.raises(SourceNotFound):
        sessions.turn(turn.id, "bob")
    with pytest.raises(SourceNotFound):
        sessions.reopen_turn(turn.id, "bob")
    assert sessions.artifact(made.id, "ann") == made
    assert sessions.turn(turn.id, "ann").status is TurnStatus.RUNNING


def test_sessions_are_listed_latest_first_and_named_by_the_first_message(sessions: Sessions) -> None:
    first, second = sessions.create("ann"), sessions.create("ann")
    assert [each.id for each in sessions.list("ann")] == [second.id, first.id]
    words = "  draw a very big red car\nnext to a small brown dog on the beach"
    sessions.open_turn(first.id, "ann", words, PictureOptions())
    sessions.open_turn(first.id, "ann", "make it blue", PictureOptions())
    assert [each.id for each in sessions.list("ann")] == [first.id, second.id]
    assert sessions.get(first.id, "ann").title == "draw a very big red car next to a small…"
    assert sessions.rename(first.id, "ann", "Cars").title == "Cars"
    assert sessions.rename(first.id, "ann", "   ").title == "Cars", "a name is never empty"
    assert sessions.rename(first.id, "ann", "C\0ars").title == "Cars", "what PostgreSQL cannot keep"
    assert sessions.create("ann", "D\0ogs").title == "Dogs"
    assert sessions.create("ann", "\0").title == NEW_TITLE


def test_handles_grow_within_a_session(sessions: Sessions) -> None:
    one, two = sessions.create("ann"), sessions.create("ann")
    turn = sessions.open_turn(one.id, "ann", "hi", PictureOptions())
    other = sessions.open_turn(two.id, "ann", "hi", PictureOptions())
    numbers = [sessions.add_artifact(turn.id, picture("a", 0, k)).number for k in (1, 2, 3)]
    assert numbers == [1, 2, 3]
    assert sessions.add_artifact(other.id, picture()).number == 1


def test_the_same_picture_of_a_step_cannot_be_saved_twice(sessions: Sessions) -> None:
    session = sessions.create("ann")
    turn = sessions.open_turn(session.id, "ann", "hi", PictureOptions())
    sessions.add_artifact(turn.id, picture("a"))
    with pytest.raises(StorageUnavailable):
        sessions.add_artifact(turn.id, picture("b"))
    assert len(sessions.turns(session.id, "ann")[0].artifacts) == 1


def test_delete_returns_the_files_that_nobody_else_uses(sessions: Sessions) -> None:
    one, two = sessions.create("ann"), sessions.create("bob")
    for session, owner, digits in ((one, "ann", "abc"), (two, "bob", "bd")):
        uploads = [picture(digit, step=None, candidate=k) for k, digit in enumerate(digits)]
        sessions.open_turn(session.id, owner, "hi", PictureOptions(), uploads)
    assert sessions.hashes() == {digit * 64 for digit in "abcd"}
    assert sessions.delete(one.id, "ann") == ["a" * 64, "c" * 64]
    assert sessions.hashes() == {"b" * 64, "d" * 64}
    with pytest.raises(SessionNotFound):
        sessions.get(one.id, "ann")


def test_a_session_is_pinned_by_its_owner(sessions: Sessions) -> None:
    session = sessions.create("ann")
    assert sessions.pin(session.id, "ann", True).is_pinned
    with pytest.raises(SessionNotFound):
        sessions.pin(session.id, "bob", False)
    assert sessions.get(session.id, "ann").is_pinned


def test_temporary_sessions_are_gone_after_a_start(sessions: Sessions) -> None:
    kept, left = sessions.create("ann"), sessions.create("ann", is_temporary=True)
    sessions.open_turn(kept.id, "ann", "hi", PictureOptions(), [picture("a", step=None)])
    sessions.open_turn(left.id, "ann", "hi", PictureOptions(), [picture("b", step=None)])
    assert sessions.drop_temporary() == 1
    assert [each.id for each in sessions.list("ann")] == [kept.id]
    assert sessions.hashes() == {"a" * 64}, "the sweep then removes the other file"
    assert sessions.drop_temporary() == 0


def test_a_turn_found_running_at_start_is_stopped_and_says_so(sessions: Sessions) -> None:
    session = sessions.create("ann")
    done = sessions.open_turn(session.id, "ann", "hi", PictureOptions())
    sessions.close_turn(done.id, TurnStatus.DONE, "Hello.")
    cut_off = sessions.open_turn(session.id, "ann", "draw two cats", PictureOptions())
    made = sessions.add_artifact(cut_off.id, picture())
    assert sessions.mark_interrupted() == 1
    first, second = sessions.turns(session.id, "ann")
    assert (first.status, first.reply) == (TurnStatus.DONE, "Hello.")
    assert second.status is TurnStatus.STOPPED
    assert second.shown == (made.id,)
    assert "#1 is finished and kept." in second.reply
    assert "Retry" in second.reply
    assert sessions.get(session.id, "ann").head == made.id
    assert (first.last_event_id, second.last_event_id >= 0) == (0, True)
    assert sessions.mark_interrupted() == 0


def test_the_id_of_the_last_event_is_kept_with_the_end(sessions: Sessions) -> None:
    session = sessions.create("ann")
    turn = sessions.open_turn(session.id, "ann", "draw a cat", PictureOptions())
    plan = Plan(steps=(GenerateStep(prompt="a cat"),))
    sessions.leave_waiting(turn.id, plan, "Shall I?", 7)
    waiting = sessions.turn(turn.id, "ann")
    assert (waiting.status, waiting.plan, waiting.reply) == (TurnStatus.WAITING, plan, "Shall I?")
    assert waiting.last_event_id == 7
    sessions.drop_plan(turn.id, "Then not.")
    stopped = sessions.turn(turn.id, "ann")
    assert (stopped.status, stopped.plan, stopped.last_event_id) == (TurnStatus.STOPPED, None, 8)
    sessions.close_turn(turn.id, TurnStatus.DONE, "Hello.", (), 12)
    assert sessions.reopen_turn(turn.id, "ann").last_event_id == 12, "it has told that already"
    sessions.mark_interrupted()
    assert sessions.turn(turn.id, "ann").last_event_id >= 12


def test_threads_write_one_after_another(sessions: Sessions) -> None:
    session = sessions.create("ann")
    turn = sessions.open_turn(session.id, "ann", "hi", PictureOptions())

    def add(step: int) -> None:
        for candidate in range(1, 6):
            sessions.add_artifact(turn.id, picture("a", step, candidate))

    threads = [threading.Thread(target=add, args=(step,)) for step in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.number for each in sessions.turn(turn.id, "ann").artifacts] == list(range(1, 21))


def test_sqlite_is_set_up_to_survive_a_power_cut(url: str) -> None:
    sessions = Sessions(url)
    with sessions._engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    sessions.close()


def test_the_migrations_build_what_the_tables_say(store_url: str) -> None:
    engine = open_database(store_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Row.metadata) == []
    engine.dispose()


def test_a_database_of_the_first_schema_keeps_all_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "reverie.db"
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO sessions VALUES ('s', 'ann', 'old', 'a', 1, 2, '2026-01-01', '2026-01-01')"
        )
        for position in (1, 2):
            connection.exec_driver_sql(
                f"INSERT INTO turns VALUES ('t{position}', 's', {position}, 'hi', '{{}}', 'done', NULL, NULL,"
                " '[]', '', '2026-01-01')"
            )
        connection.exec_driver_sql(
            "INSERT INTO artifacts VALUES ('a', 's', 't2', 1, 'x', 8, 8, 'uploaded', '[]', NULL, '', NULL, 1,"
            " '2026-01-01')"
        )
    engine.dispose()
    store = Sessions(f"sqlite:///{path}")
    assert [(turn.id, turn.parent) for turn in store.turns("s", "ann")] == [("t1", None), ("t2", "t1")]
    since_then = (datetime.now(UTC) - datetime(2026, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1)
    assert since_then - 60_000 < store.turn("t1", "ann").last_event_id < since_then
    assert store.get("s", "ann").tip == "t2"
    assert [each.handle for each in store.turns("s", "ann")[1].uploads] == ["#1"]
    store.close()


def saved(url: str) -> Path:
    """A closed database with one session."""
    store = Sessions(url)
    session = store.create("ann")
    for number in range(40):
        store.open_turn(session.id, "ann", f"message {number} " + "x" * 400, PictureOptions())
    store.close()
    return Path(url.removeprefix("sqlite:///"))


@pytest.mark.parametrize("damage", ["cut", "no header", "zeros inside", "text"])
def test_a_damaged_database_is_refused_and_left_as_it_is(url: str, damage: str) -> None:
    path = saved(url)
    content = bytearray(path.read_bytes())
    match damage:
        case "cut":
            content = content[: len(content) // 2]
        case "no header":
            content[:100] = bytes(100)
        case "zeros inside":
            content[4096:20480] = bytes(16384)
        case "text":
            content = bytearray(b"not a database at all\n" * 500)
    path.write_bytes(content)
    with pytest.raises(StorageUnavailable, match=r"left as it (is|was)"):
        Sessions(url)
    assert path.read_bytes() == content


def test_someone_elses_file_is_refused(url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (cake TEXT)")
    connection.close()
    with pytest.raises(StorageUnavailable, match="not a database of Reverie"):
        Sessions(url)


def test_a_schema_from_the_future_is_refused(url: str) -> None:
    path = saved(url)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StorageUnavailable, match="newer Reverie"):
        Sessions(url)


def test_a_second_process_on_the_same_file_is_refused(
    store_url: str, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.database.SQLITE_PRAGMAS", ("busy_timeout = 10", "locking_mode = EXCLUSIVE"))
    with pytest.raises(StorageUnavailable, match="another Reverie"):
        Sessions(store_url)


@pytest.mark.postgresql
def test_a_server_is_left_to_the_next_one(postgresql_url: str) -> None:
    """Two stores on one server would take each other's running turns for cut off."""
    for _ in range(2):
        store = Sessions(postgresql_url)
        with pytest.raises(StorageUnavailable, match="in use by another Reverie"):
            Sessions(postgresql_url)
        store.close()


@pytest.mark.postgresql
def test_someone_elses_server_is_refused_and_an_empty_one_filled(postgresql: PostgreSQL) -> None:
    url = postgresql.create(template="template0")
    with pytest.raises(StorageUnavailable, match="missing or empty"):
        Sessions(url, may_be_new=False)
    Sessions(url).close()
    Sessions(url, may_be_new=False).close()
    postgresql.drop(url)
    url = postgresql.create(template="template0")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE recipes (cake TEXT)")
    with pytest.raises(StorageUnavailable, match="not a database of Reverie"):
        Sessions(url)
    postgresql.drop(url)


@pytest.mark.parametrize("remains", ["nothing", "no bytes"])
def test_pictures_without_their_database_are_not_taken_for_a_new_start(url: str, remains: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir()
    if remains == "no bytes":
        path.touch()
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="restore it from a backup"):
            Sessions(url, may_be_new=False)
        assert path.exists() == (remains == "no bytes"), "nothing is made"
        assert not path.exists() or path.stat().st_size == 0
    Sessions(url).close()
    Sessions(url, may_be_new=False).close()


def test_what_a_refused_file_had_in_its_log_stays_there(url: str, tmp_path: Path) -> None:
    """A copy of the open files, its middle damaged: the log must not be worked into it."""
    path = saved(url)
    store = Sessions(url)
    store.create("ann")
    copy = tmp_path / "copy"
    shutil.copytree(path.parent, copy)
    store.close()
    content = bytearray((copy / path.name).read_bytes())
    content[4096:20480] = bytes(16384)
    (copy / path.name).write_bytes(content)
    log = (copy / f"{path.name}-wal").read_bytes()
    assert log
    with pytest.raises(StorageUnavailable, match="left as it is"):
        Sessions(f"sqlite:///{copy / path.name}")
    assert (copy / path.name).read_bytes() == content
    assert (copy / f"{path.name}-wal").read_bytes() == log


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgres://me:secret@db/reverie", "not a database address"),
        ("oracle+nothing://me:secret@db/reverie", "not a database address"),
        ("mssql+pyodbc://me:secret@db/reverie", "driver"),
    ],
)
def test_a_wrong_address_keeps_its_password(url: str, sentence: str) -> None:
    with pytest.raises(StorageUnavailable, match=sentence) as caught:
        Sessions(url)
    assert "secret" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told_as_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageUnavailable, match="writable"):
        Sessions(f"sqlite:///{tmp_path}/data/reverie.db")


def test_a_read_only_disk_is_told_as_a_sentence(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(path: Path, **options: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(StorageUnavailable, match=r"Read-only file system.*Please"):
        Sessions(url)


def test_a_file_that_cannot_be_opened_is_told_as_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "reverie.db").mkdir()
    with pytest.raises(StorageUnavailable, match=r"unable to open.*Please"):
        Sessions(f"sqlite:///{tmp_path}/reverie.db")


def test_a_folder_in_the_way_is_told_as_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnavailable, match="writable"):
        Sessions(f"sqlite:///{tmp_path}/file/data/reverie.db")


def test_a_wrong_address_is_told_as_a_sentence() -> None:
    with pytest.raises(StorageUnavailable, match="not a database address"):
        Sessions("reverie.db")


def test_what_was_committed_is_there_after_a_copy_of_the_live_files(url: str, tmp_path: Path) -> None:
    """A copy of the files while open stands for a kill: the log holds every commit."""
    store = Sessions(url)
    session = store.create("ann")
    copy = tmp_path / "copy"
    shutil.copytree(Path(url.removeprefix("sqlite:///")).parent, copy)
    store.close()
    after = Sessions(f"sqlite:///{copy}/reverie.db")
    assert [each.id for each in after.list("ann")] == [session.id]
    after.close()


def test_any_address_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[sa.URL] = []

    def create_engine(url: sa.URL, **options: object) -> sa.Engine:
        asked.append(url)
        raise sa.exc.OperationalError("connect", {}, Exception("connection refused"))

    monkeypatch.setattr(sa, "create_engine", create_engine)
    with pytest.raises(StorageUnavailable, match="connection refused"):
        Sessions("postgresql+psycopg://reverie@db/reverie")
    assert [url.host for url in asked] == ["db"]
