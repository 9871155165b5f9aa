"""A session goes out as a zip and comes back the same."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from agent import importing
from agent.domain import Origin, PictureOptions, Session, TurnStatus
from agent.errors import ImportRejected, SessionNotFound
from agent.exits import Exits
from agent.importing import import_session
from agent.metadata import read_recipe
from agent.record import export_session
from agent.sessions import NewPicture
from agent.versions import Versions
from tests.doubles import Agent, ScriptedBrain, build_agent, edit, shared_decoders

EVIL = "f" * 32


class Desk:
    """An agent, one session with two branches and an upload, and its export."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.brain = ScriptedBrain()
        self.agent: Agent = build_agent(folder, brain=self.brain, url=url)
        self.id = self.agent.sessions.create("ann").id

    def say(self, text: str, *files: bytes) -> str:
        return [*self.agent.coordinator.run(self.id, "ann", text, files)][-1].turn_id

    def fill(self) -> None:
        self.say("draw two red cars [x](http://evil.test)", a_png("red"))
        (turn,) = self.agent.sessions.turns(self.id, "ann")
        self.brain._script = iter([edit("make it blue", turn.artifacts[0].id)])
        second = self.say("make it blue")
        [*self.agent.coordinator.edit(second, "ann", "a green house")]

    def export(self, session_id: str | None = None, owner: str = "ann") -> bytes:
        return b"".join(
            export_session(Exits(self.agent.sessions, self.agent.artifacts), session_id or self.id, owner)
        )

    def take(self, content: bytes, owner: str = "bob") -> Session:
        file = self.folder / "chat.zip"
        file.write_bytes(content)
        return import_session(self.agent.sessions, self.agent.artifacts, shared_decoders(), file, owner)


def a_png(color: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(file, "PNG", **options)
    return file.getvalue()


@pytest.fixture
def desk(tmp_path: Path, store_url: str) -> Iterator[Desk]:
    desk = Desk(tmp_path, store_url)
    desk.fill()
    yield desk
    desk.agent.close()


def record_in(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        record: dict[str, Any] = json.loads(archive.read("record.json"))
        return record


def rewritten(content: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The zip with other files in it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


def with_record(content: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    def change_record(files: dict[str, bytes]) -> None:
        record = json.loads(files["record.json"])
        change(record)
        files["record.json"] = json.dumps(record).encode()

    return rewritten(content, change_record)


def with_numbered_ids(record: dict[str, Any]) -> str:
    """The record with its ids in order of appearance, and without the recipes' (they are the PNG's)."""
    for artifact in record["artifacts"]:
        artifact["recipe"] = {**(artifact["recipe"] or {}), "parents": None}
    text = json.dumps(record)
    ids = [each["id"] for each in (*record["turns"], *record["artifacts"])]
    for number, each in enumerate(ids):
        text = text.replace(each, f"id{number}")
    return text


def test_a_zip_holds_pictures_words_and_record(desk: Desk) -> None:
    content = desk.export()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        pictures = [f"pictures/{number}.png" for number in range(1, 5)]
        assert sorted(archive.namelist()) == ["conversation.md", *pictures, "record.json"]
        recipe = read_recipe(archive.read("pictures/2.png"))
        words = archive.read("conversation.md").decode()
    assert recipe is not None
    assert recipe.words == "draw two red cars [x](http://evil.test)"
    assert "![#4: a green house](pictures/4.png)" in words
    assert "## Other branches" in words
    assert words.index("a green house") < words.index("make it blue")
    assert "\\[x\\](http://evil.test)" in words, "nobody's words become a link"
    assert desk.export() == content, "the same session gives the same bytes"


def test_what_comes_back_is_the_same_but_for_ids(desk: Desk) -> None:
    before = desk.export()
    session = desk.take(before)
    assert (session.owner, session.title) == ("bob", desk.agent.sessions.get(desk.id, "ann").title)
    after = desk.export(session.id, "bob")
    one, two = record_in(before), record_in(after)
    ids = {each["id"] for each in (*one["turns"], *one["artifacts"])}
    assert ids.isdisjoint(each["id"] for each in (*two["turns"], *two["artifacts"]))
    assert two.pop("created") == one.pop("created")
    assert with_numbered_ids(one) == with_numbered_ids(two)
    with zipfile.ZipFile(io.BytesIO(before)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        for name in old.namelist():
            assert name == "record.json" or old.read(name) == new.read(name)
    with pytest.raises(SessionNotFound):
        desk.agent.sessions.get(session.id, "ann")


def test_an_imported_chat_goes_on(desk: Desk) -> None:
    session = desk.take(desk.export())
    turns = desk.agent.sessions.turns(session.id, "bob")
    desk.brain._script = iter([edit("make it pink", turns[0].artifacts[0].id)])
    [*desk.agent.coordinator.run(session.id, "bob", "make it pink")]
    (made,) = desk.agent.sessions.turns(session.id, "bob")[-1].artifacts
    assert made.handle == "#5"
    assert desk.agent.sessions.turns(session.id, "bob")[-1].status is TurnStatus.DONE


def test_importing_and_deleting_leaves_the_first_chats_files(desk: Desk) -> None:
    session = desk.take(desk.export())
    desk.agent.coordinator.delete(session.id, "bob")
    assert len(record_in(desk.export())["artifacts"]) == 4
    assert all(each["file"] for each in record_in(desk.export())["artifacts"])


def test_a_lost_picture_is_left_out_and_told(desk: Desk) -> None:
    lost = Versions(desk.agent.sessions).tree(desk.id, "ann")[1]
    desk.agent.artifacts.remove([lost.sha256])
    content = desk.export()
    assert [each["file"] for each in record_in(content)["artifacts"]].count(None) == 1
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "#2: the file of this picture was lost" in archive.read("conversation.md").decode()
    session = desk.take(content)
    assert [each.number for each in Versions(desk.agent.sessions).tree(session.id, "bob")] == [1, 3, 4]


def test_only_the_owner_exports(desk: Desk) -> None:
    with pytest.raises(SessionNotFound):
        desk.export(owner="bob")


def test_a_running_turn_comes_back_as_stopped_and_nothing_comes_from_the_future(desk: Desk) -> None:
    def change(record: dict[str, Any]) -> None:
        record["turns"][0]["status"] = "running"
        record["turns"][0]["created"] = record["artifacts"][0]["created"] = "9999-01-01T00:00:00Z"

    session = desk.take(with_record(desk.export(), change))
    turns = desk.agent.sessions.all_turns(session.id, "bob")
    assert turns[0].status is TurnStatus.STOPPED
    assert turns[0].created.year < 9000
    assert turns[0].uploads[0].created.year < 9000


def test_a_hash_alone_brings_no_picture(desk: Desk) -> None:
    """Whoever knows the hash of a stranger's picture must not get it by naming it."""

    def claim(record: dict[str, Any]) -> None:
        record["artifacts"][0]["file"] = None

    session = desk.take(with_record(desk.export(), claim), "mallory")
    hashes = {each.sha256 for each in Versions(desk.agent.sessions).tree(session.id, "mallory")}
    assert record_in(desk.export())["artifacts"][0]["sha256"] not in hashes


def test_foreign_ids_are_not_believed(desk: Desk) -> None:
    stranger = desk.agent.sessions.create("ann")
    turn = desk.agent.sessions.open_turn(stranger.id, "ann", "hi", PictureOptions())
    sha256 = desk.agent.artifacts.put(a_png("white"))
    secret = desk.agent.sessions.add_artifact(
        turn.id, NewPicture(sha256=sha256, width=8, height=8, origin=Origin.GENERATED)
    )

    def point(record: dict[str, Any]) -> None:
        record["head"] = record["tip"] = secret.id
        record["artifacts"][1]["parents"] = [secret.id]
        record["turns"][0]["shown"] = [secret.id]

    session = desk.take(with_record(desk.export(), point), "mallory")
    first = desk.agent.sessions.all_turns(session.id, "mallory")[0]
    assert first.shown == ()
    assert first.artifacts[0].parents == ()
    assert session.head is None
    assert session.tip == desk.agent.sessions.all_turns(session.id, "mallory")[-1].id


def test_a_picture_with_more_in_it_is_cleaned(desk: Desk) -> None:
    chunks = PngInfo()
    chunks.add_text("Comment", "taken at 52.1 N")
    picture = a_png("red", pnginfo=chunks)

    def smuggle(files: dict[str, bytes]) -> None:
        record = json.loads(files["record.json"])
        files["pictures/1.png"] = picture
        record["artifacts"][0]["sha256"] = importing.hashlib.sha256(picture).hexdigest()
        files["record.json"] = json.dumps(record).encode()

    session = desk.take(rewritten(desk.export(), smuggle))
    first = Versions(desk.agent.sessions).tree(session.id, "bob")[0]
    assert desk.agent.artifacts.read(first.sha256) == a_png("red")


def test_no_byte_of_a_foreign_picture_is_kept(desk: Desk) -> None:
    """Its pixels are, written anew: what we open later, we have written."""
    picture = a_png("red", compress_level=0)

    def replace(files: dict[str, bytes]) -> None:
        record = json.loads(files["record.json"])
        files["pictures/1.png"] = picture
        record["artifacts"][0]["sha256"] = importing.hashlib.sha256(picture).hexdigest()
        files["record.json"] = json.dumps(record).encode()

    assert picture != a_png("red")
    session = desk.take(rewritten(desk.export(), replace))
    first = Versions(desk.agent.sessions).tree(session.id, "bob")[0]
    assert desk.agent.artifacts.read(first.sha256) == a_png("red")


def clear(files: dict[str, bytes]) -> None:
    files.clear()


def no_json(files: dict[str, bytes]) -> None:
    files["record.json"] = b'{"format": '


def other_picture(files: dict[str, bytes]) -> None:
    files["pictures/2.png"] = a_png("green")


def missing_picture(files: dict[str, bytes]) -> None:
    del files["pictures/2.png"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (clear, "record.json is missing"),
        (no_json, "not a chat that this Reverie can read"),
        (other_picture, "pictures/2.png is not the picture that was exported"),
        (missing_picture, "pictures/2.png is missing"),
    ],
)
def test_a_damaged_zip_is_refused_and_leaves_nothing(
    desk: Desk, change: Callable[[dict[str, bytes]], None], sentence: str
) -> None:
    content = rewritten(desk.export(), change)
    files = {*desk.agent.artifacts.folder.rglob("*.png")}
    with pytest.raises(ImportRejected, match=sentence):
        desk.take(content)
    assert desk.agent.sessions.list("bob") == []
    assert {*desk.agent.artifacts.folder.rglob("*.png")} == files


RECORDS: dict[str, Callable[[dict[str, Any]], object]] = {
    "newer": lambda record: record.update(version=2),
    "unknown field": lambda record: record.update(extra=1),
    "id of another kind": lambda record: record["turns"][0].update(id="../../etc/passwd"),
    "orphan": lambda record: record["turns"][1].update(parent=EVIL),
    "circle": lambda record: record["turns"][1].update(parent=record["turns"][1]["id"]),
    "turn twice": lambda record: record["turns"].append(record["turns"][0]),
    "picture of no turn": lambda record: record["artifacts"][0].update(turn=EVIL),
    "handle twice": lambda record: record["artifacts"][0].update(number=2),
    "letter that is none": lambda record: record["artifacts"][0].update(letter="<"),
    "long words": lambda record: record["turns"][0].update(text="x" * 300_000),
    "nul": lambda record: record["turns"][0].update(text="a\0b"),
    "half a character": lambda record: record["turns"][0].update(text="\ud800"),
    "path": lambda record: record["artifacts"][0].update(file="../../../etc/passwd"),
    "record as picture": lambda record: record["artifacts"][0].update(file="record.json"),
    "too many": lambda record: record.update(turns=record["turns"] * 3_000),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_that_cannot_be_is_refused(desk: Desk, name: str) -> None:
    content = with_record(desk.export(), RECORDS[name])
    with pytest.raises(ImportRejected):
        desk.take(content)
    assert desk.agent.sessions.list("bob") == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello" * 100, a_png("red")])
def test_what_is_no_zip_is_refused(desk: Desk, content: bytes) -> None:
    with pytest.raises(ImportRejected, match="not a zip file"):
        desk.take(content)


def test_a_zip_cut_short_or_flipped_is_refused(desk: Desk) -> None:
    whole = desk.export()
    for size in range(0, len(whole), max(1, len(whole) // 60)):
        with pytest.raises(ImportRejected):
            desk.take(whole[:size])
    assert desk.agent.sessions.list("bob") == []


def test_a_bomb_is_not_unpacked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_RECORD_BYTES", 1_000_000)

    def inflate(files: dict[str, bytes]) -> None:
        files["record.json"] = b" " * 50_000_000

    with pytest.raises(ImportRejected, match="too large"):
        desk.take(rewritten(desk.export(), inflate))


def test_pictures_are_bounded_together(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_PICTURE_BYTES", 1_000)
    with pytest.raises(ImportRejected, match="together"):
        desk.take(desk.export())


def test_a_failure_half_way_leaves_no_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store breaks after the files were written."""
    content = desk.export()
    desk.agent.coordinator.delete(desk.id, "ann")

    def broken(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(importing, "insert", broken)
    with pytest.raises(RuntimeError):
        desk.take(content)
    assert [*desk.agent.artifacts.folder.rglob("*.png")] == []


def test_two_names_in_one_zip_are_refused(desk: Desk) -> None:
    out = io.BytesIO(desk.export())
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("record.json", b"{}")
    with pytest.raises(ImportRejected, match="two of one name"):
        desk.take(out.getvalue())
