"""What leaves the house: marked, signed, with settings or without, in every form and through every door."""

from __future__ import annotations

import ast
import copy
import hashlib
import io
import json
import random
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import c2pa
import pytest
from PIL import Image

from agent import __version__
from agent.artifacts import Artifacts
from agent.change_map import change_map
from agent.copies import Copies
from agent.domain import Artifact, SourceType
from agent.encoding import Form, mark_in, unsigned
from agent.events import ArtifactReady
from agent.exits import Exits
from agent.importing import import_session
from agent.infotext import read_settings
from agent.library import Library
from agent.marks import term_of
from agent.metadata import RECIPE_KEY
from agent.record import export_session
from agent.signing import OFFLINE, Signer
from agent.signing_key import CERTIFICATES_NAME, KEY_NAME, new_key, read_signing_key
from agent.thumbnails import SIZES_PX
from tests.doubles import Agent, ScriptedBrain, build_agent, draw, edit, shared_decoders

ROOT = Path(__file__).parents[2]
FORMS = list(Form)


@dataclass(frozen=True, kw_only=True)
class House:
    """An agent whose pictures are signed: one drawn, one changed, one upload, one change of it."""

    agent: Agent
    exits: Exits
    session_id: str
    drawn: Artifact
    changed: Artifact
    uploaded: Artifact
    photo: Artifact

    @property
    def made(self) -> tuple[Artifact, ...]:
        return (self.drawn, self.changed, self.photo)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    folder = tmp_path_factory.mktemp("key")
    new_key(folder)
    return Signer(read_signing_key(folder / CERTIFICATES_NAME, folder / KEY_NAME))


@pytest.fixture
def house(tmp_path: Path, signer: Signer) -> Iterator[House]:
    brain = ScriptedBrain(draw("a cat"))
    agent = build_agent(tmp_path, brain=brain)
    agent.artifacts.copies = Copies(tmp_path / "cache")
    session = agent.sessions.create("ann")
    (drawn,) = made(agent, session.id, "a cat")
    brain._script = iter([edit("make it blue", drawn.id)])
    (changed,) = made(agent, session.id, "make it blue")
    list(agent.coordinator.run(session.id, "ann", "hello", [photograph()]))
    uploaded = agent.sessions.turns(session.id, "ann")[-1].uploads[0]
    brain._script = iter([edit("make it blue", uploaded.id)])
    (photo,) = made(agent, session.id, "make it blue")
    yield House(
        agent=agent,
        exits=Exits(agent.sessions, agent.artifacts, signer),
        session_id=session.id,
        drawn=drawn,
        changed=changed,
        uploaded=uploaded,
        photo=photo,
    )
    agent.close()


def made(agent: Agent, session_id: str, words: str) -> list[Artifact]:
    events = agent.coordinator.run(session_id, "ann", words)
    return [each.artifact for each in events if isinstance(each, ArtifactReady)]


def photograph() -> bytes:
    file = io.BytesIO()
    picture = Image.new("RGB", (128, 128), "white")
    picture.paste((200, 0, 0), (30, 30, 90, 90))
    picture.save(file, "PNG")
    return file.getvalue()


def report(content: bytes, form: Form) -> dict[str, Any]:
    """What C2PA's own reader says."""
    context = c2pa.Context.from_dict(OFFLINE)
    with c2pa.Reader(form.media_type, io.BytesIO(content), context=context) as reader:
        said: dict[str, Any] = json.loads(reader.json())
    return said


def is_valid(content: bytes, form: Form) -> bool:
    try:
        return bool(report(content, form)["validation_state"] == "Valid")
    except c2pa.C2paError:
        return False


def mark_of(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or ""
    return packet.decode() if isinstance(packet, bytes) else str(packet)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bare", [False, True])
def test_everything_made_leaves_marked_and_signed(house: House, form: Form, bare: bool) -> None:
    terms = (SourceType.MODEL, SourceType.MODEL, SourceType.MODEL_AND_UPLOAD)
    for artifact, term in zip(house.made, terms, strict=True):
        content = house.exits.picture(artifact, "ann", form=form, bare=bare)
        said = report(content, form)
        assert said["validation_state"] == "Valid"
        assert [each["code"] for each in said["validation_status"]] == ["signingCredential.untrusted"]
        manifest = said["manifests"][said["active_manifest"]]
        (actions,) = [each for each in manifest["assertions"] if each["label"].startswith("c2pa.actions")]
        last = actions["data"]["actions"][-1]
        assert last["digitalSourceType"] == term_of(term)
        assert last["softwareAgent"] == {"name": "Reverie", "version": __version__, "engine": "fake"}
        assert "thumbnail" not in json.dumps(said)
        assert f'DigitalSourceType="{term_of(term)}"' in mark_of(content)
        settings = read_settings(content, shared_decoders())
        assert (settings is None) == bare
        assert not (bare and (b"make it blue" in content or b"a cat" in content))


def test_an_edit_names_its_parent(house: House) -> None:
    manifest = active(house.exits.picture(house.changed, "ann"))
    actions = manifest["assertions"][0]["data"]["actions"]
    assert [each["action"] for each in actions] == ["c2pa.opened", "c2pa.edited"]
    (parent,) = manifest["ingredients"]
    assert (parent["title"], parent["relationship"]) == (house.drawn.handle, "parentOf")
    assert parent["instance_id"] == f"sha256:{house.drawn.sha256}"
    (created,) = active(house.exits.picture(house.drawn, "ann"))["assertions"][0]["data"]["actions"]
    assert created["action"] == "c2pa.created"


def active(content: bytes) -> dict[str, Any]:
    said = report(content, Form.PNG)
    manifest: dict[str, Any] = said["manifests"][said["active_manifest"]]
    return manifest


@pytest.mark.parametrize("form", FORMS)
def test_one_changed_byte_of_the_picture_and_the_signature_is_invalid(house: House, form: Form) -> None:
    """Inside the signature's own box padding and names of boxes are free; what it says is not."""
    content = house.exits.picture(house.photo, "ann", form=form)
    assert is_valid(content, form)
    dice, box = random.Random(7), signature_box(content, form)
    places = dice.sample([place for place in range(len(content)) if place not in box], 100)
    said = content.index(b"compositeWithTrained", box.start)
    assert said in box
    survivors = [place for place in (*places, said) if is_valid(changed_at(content, place, dice), form)]
    assert survivors == []


def changed_at(content: bytes, place: int, dice: random.Random) -> bytes:
    broken = bytearray(content)
    broken[place] ^= dice.randrange(1, 256)
    return bytes(broken)


def signature_box(content: bytes, form: Form) -> range:
    match form:
        case Form.PNG:
            start = content.index(b"caBX") - 4
            return range(start, start + 12 + int.from_bytes(content[start : start + 4], "big"))
        case Form.JPEG:
            start = content.index(b"\xff\xeb")
            return range(start, start + 2 + int.from_bytes(content[start + 2 : start + 4], "big"))
        case Form.WEBP:
            start = content.index(b"C2PA")
            return range(start, start + 8 + int.from_bytes(content[start + 4 : start + 8], "little"))


def test_nothing_is_said_of_what_no_model_made(house: House) -> None:
    for form in FORMS:
        content = house.exits.picture(house.uploaded, "ann", form=form)
        assert not is_valid(content, form)
        assert mark_of(content) == ""


def test_the_file_that_is_kept_stays_unsigned(house: House) -> None:
    stored = house.agent.artifacts.read(house.drawn.sha256)
    signed = house.exits.picture(house.drawn, "ann")
    assert not is_valid(stored, Form.PNG)
    assert signed != stored
    assert unsigned(signed) == stored
    with Image.open(io.BytesIO(signed)) as image:
        image.load()
        assert RECIPE_KEY in image.info


def test_a_signed_copy_is_made_once_and_goes_with_its_picture(house: House, tmp_path: Path) -> None:
    first = house.exits.picture(house.drawn, "ann")
    assert house.exits.picture(house.drawn, "ann") == first, "another signature has other bytes"
    assert house.exits.picture(house.drawn, "ann", bare=True) != first
    house.exits.picture(house.drawn, "ann", form=Form.JPEG)
    assert len([*(tmp_path / "cache").rglob("*.copy")]) == 3
    house.agent.coordinator.delete(house.session_id, "ann")
    assert [*(tmp_path / "cache").rglob("*.copy")] == []


def test_a_copy_made_while_its_picture_is_deleted_is_not_kept(house: House, tmp_path: Path) -> None:
    stored = house.agent.artifacts.read(house.drawn.sha256)

    class Late(Artifacts):
        def read(self, sha256: str) -> bytes:
            self.remove([sha256])
            return stored

    late = Late(tmp_path / "pictures", Copies(tmp_path / "cache"))
    assert is_valid(
        Exits(house.agent.sessions, late, house.exits.signer).picture(house.drawn, "ann"), Form.PNG
    )
    assert [*(tmp_path / "cache").rglob("*.copy")] == []


def test_a_zip_is_signed_and_comes_back_as_the_same_pictures(house: House, tmp_path: Path) -> None:
    file = tmp_path / "chat.zip"
    file.write_bytes(b"".join(export_session(house.exits, house.session_id, "ann")))
    with zipfile.ZipFile(file) as archive:
        record = json.loads(archive.read("record.json"))
        for each in record["artifacts"]:
            content = archive.read(each["file"])
            assert is_valid(content, Form.PNG) == (each["origin"] != "uploaded")
            assert hashlib.sha256(unsigned(content)).hexdigest() == each["sha256"]
    session = import_session(house.agent.sessions, house.agent.artifacts, shared_decoders(), file, "ann")
    copies = [a for turn in house.agent.sessions.turns(session.id, "ann") for a in turn.artifacts]
    assert {each.sha256 for each in house.made} <= {each.sha256 for each in copies}


def test_pictures_brought_from_elsewhere_are_marked_and_not_vouched_for(house: House, tmp_path: Path) -> None:
    file = tmp_path / "chat.zip"
    file.write_bytes(b"".join(export_session(house.exits, house.session_id, "ann")))
    session = import_session(house.agent.sessions, house.agent.artifacts, shared_decoders(), file, "eve")
    (drawn, *_) = [a for turn in house.agent.sessions.turns(session.id, "eve") for a in turn.artifacts]
    content = house.exits.picture(drawn, "eve")
    assert not is_valid(content, Form.PNG)
    assert mark_of(content)


def test_a_picture_taken_along_to_another_chat_is_signed_still(house: House) -> None:
    other = house.agent.sessions.create("ann")
    library = Library(house.agent.sessions, house.agent.artifacts)
    (taken,) = library.use(house.drawn.id, "ann", other.id).uploads
    assert is_valid(house.exits.picture(taken, "ann"), Form.PNG)


def test_without_a_key_marks_leave_all_the_same(house: House) -> None:
    exits = Exits(house.agent.sessions, house.agent.artifacts)
    for form in FORMS:
        content = exits.picture(house.drawn, "ann", form=form, bare=True)
        assert not is_valid(content, form)
        assert term_of(SourceType.MODEL) in mark_of(content)
    assert exits.picture(house.drawn, "ann") == house.agent.artifacts.read(house.drawn.sha256)


def test_a_smaller_file_is_signed_as_well(house: House) -> None:
    for form in (Form.JPEG, Form.WEBP):
        content = house.exits.picture(house.drawn, "ann", form=form, longest_px=50, quality=60)
        assert is_valid(content, form)
        with Image.open(io.BytesIO(content)) as image:
            assert max(image.size) == 50


def test_small_pictures_and_maps_of_changes_are_marked(house: House) -> None:
    agent = house.agent
    icon, thumbnail = (house.exits.thumbnail(house.drawn, "ann", size_px) for size_px in SIZES_PX)
    assert term_of(SourceType.MODEL) in mark_of(icon)
    assert is_valid(thumbnail, Form.JPEG)
    assert b"a cat" not in thumbnail
    unsigned = Exits(agent.sessions, agent.artifacts).thumbnail(house.drawn, "ann", max(SIZES_PX))
    assert term_of(SourceType.MODEL) in mark_of(unsigned)
    drawn = change_map(agent.sessions, agent.artifacts, house.changed.id, "ann")
    assert term_of(SourceType.MODEL).encode() in mark_in(drawn)


READERS = {
    "agent/artifacts.py": "keeps them",
    "agent/exits.py": "the one way out",
    "agent/thumbnails.py": "small pictures, marked",
    "agent/change_map.py": "maps of changes, marked",
    "agent/requests.py": "sources of edits, for the engine",
    "agent/coordinator.py": "for the brain, and uploads of a message sent again",
    "agent/replay.py": "compares, in a folder of its own",
    "agent/executor.py": "the mark of an upload",
    "agent/studio.py": "tells who runs the program where pictures lie",
    "agent/backup.py": "copies whole files for who runs the program",
    "ui/doors/turns.py": "pictures of an owner, sent again with a message",
}
"""Who reads a picture's bytes, and what for. Whoever hands them out takes them from Exits."""


def test_no_door_reads_pictures_itself() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in [*(ROOT / "agent").rglob("*.py"), *(ROOT / "ui").rglob("*.py"), ROOT / "app.py"]
        if reads_pictures(path)
    }
    assert readers - {"agent/artifacts.py"} == READERS.keys() - {"agent/artifacts.py"}


def reads_pictures(path: Path) -> bool:
    """Whether it has `artifacts.read`, `.path` or `.folder`, of whatever `artifacts`."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"read", "path", "folder"}
        and (
            (isinstance(node.value, ast.Name) and node.value.id == "artifacts")
            or (isinstance(node.value, ast.Attribute) and node.value.attr == "artifacts")
        )
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )


def test_the_version_is_the_projects() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == __version__


def test_when_the_certificate_has_ended_pictures_leave_marked_and_unsigned(
    house: House, signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    own = copy.copy(signer)
    exits = Exits(house.agent.sessions, house.agent.artifacts, own)
    assert is_valid(exits.picture(house.drawn, "ann"), Form.PNG)
    own.key = replace(own.key, valid_until=datetime.now(UTC) - timedelta(seconds=1))
    for form in FORMS:
        content = exits.picture(house.drawn, "ann", form=form)
        assert not is_valid(content, form), "not even what was signed before and kept"
        assert term_of(SourceType.MODEL) in mark_of(content)
    assert term_of(SourceType.MODEL) in mark_of(exits.thumbnail(house.drawn, "ann", max(SIZES_PX)))
    assert [record.message for record in caplog.records if "has ended" in record.message] == [
        "the signing certificate has ended: pictures leave with their marks, but unsigned"
    ]
