"""A zip of Reverie read back: nothing in it is believed, all gets new ids and its importer as owner."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import orm

from agent.artifacts import Artifacts
from agent.decoder.pool import Decoders, Undecodable
from agent.decoder.wire import Task
from agent.domain import Session, SourceType, TurnStatus
from agent.encoding import unsigned
from agent.errors import ImportRejected, SessionNotFound, UploadRejected
from agent.keeping import keeping
from agent.messages import clean_text
from agent.metadata import bare_png_size, png_with_texts
from agent.record import RECORD_NAME, ArtifactRecord, Record, TurnRecord
from agent.rows import GONE, new_id, require_present
from agent.sessions import Sessions
from agent.tables import ArtifactRow, SessionRow, TurnRow, utc_now
from agent.upload_marks import packet
from agent.uploads import MAX_BYTES, CleanPicture, clean_upload, sentence

__all__ = ["MOST_ZIP_BYTES", "import_session", "read_picture", "read_record"]

MOST_ZIP_BYTES = 1024**3
MOST_ENTRIES = 12_000
MOST_RECORD_BYTES = 32 * 1024**2
MOST_PICTURE_BYTES = 2 * 1024**3
MOST_TITLE_CHARACTERS = 120
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)
"""All that zipfile raises on damaged, encrypted or exotic archives."""


def import_session(
    sessions: Sessions, artifacts: Artifacts, decoders: Decoders, file: Path, owner: str
) -> Session:
    """The session of a zip as a new one of `owner`. Raises ImportRejected, or SessionNotFound when
    the owner has left meanwhile; then nothing is kept.

    Everything is read and checked before anything is stored; nothing is ever unpacked to a path of the zip.
    """
    num_departures = sessions.departures[owner]
    with open_archive(file) as archive:
        record = read_record(archive)
        sizes = check_pictures(archive, record, decoders)
        with keeping(artifacts, sessions) as put:
            hashes = {
                each.id: put(read_picture(archive, each, decoders).png)
                for each in record.artifacts
                if each.file
            }
            with sessions.transaction() as rows:
                if sessions.departures[owner] != num_departures:
                    raise SessionNotFound(GONE)
                require_present(rows, owner)
                return insert(rows, record, owner, sizes, hashes)


def open_archive(file: Path) -> zipfile.ZipFile:
    """Raises ImportRejected."""
    try:
        if file.stat().st_size > MOST_ZIP_BYTES:
            raise ImportRejected("The file has more than 1 GB. Please import a smaller chat.")
        archive = zipfile.ZipFile(file)
    except BROKEN as error:
        raise ImportRejected(
            "This is not a zip file, or a damaged one. Please choose a chat that Reverie has exported."
        ) from error
    names = archive.namelist()
    if len(names) > MOST_ENTRIES or len(set(names)) != len(names):
        archive.close()
        raise ImportRejected("This zip holds too many files, or two of one name. It was not imported.")
    return archive


def read_record(archive: zipfile.ZipFile) -> Record:
    """The record, whole and consistent. Raises ImportRejected."""
    content = read_entry(archive, RECORD_NAME, MOST_RECORD_BYTES)
    if NUL.search(content):
        raise ImportRejected("record.json holds characters that no message has. It was not imported.")
    try:
        record = Record.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])[:200]
        raise ImportRejected(
            f"record.json is not a chat that this Reverie can read ({place}: {first['msg'][:200]}). "
            "If it comes from a newer Reverie, please import it there."
        ) from error
    require_consistent(record)
    return record


def require_consistent(record: Record) -> None:
    """A tree of turns, pictures of those turns, no id and no handle twice."""
    earlier = set[str | None]({None})
    for turn in record.turns:
        if turn.parent not in earlier or turn.id in earlier:
            raise ImportRejected("record.json is damaged: its messages do not follow one another.")
        earlier.add(turn.id)
    ids = [each.id for each in record.artifacts]
    handles = [(each.number, each.letter) for each in record.artifacts]
    places = [(each.turn, each.step, each.candidate) for each in record.artifacts if each.step is not None]
    has_doubles = any(len(set(each)) != len(each) for each in (ids, handles, places))
    if has_doubles or any(each.turn not in earlier for each in record.artifacts):
        raise ImportRejected("record.json is damaged: its pictures do not belong to its messages.")


def read_picture(archive: zipfile.ZipFile, picture: ArtifactRecord, decoders: Decoders) -> CleanPicture:
    """With its depth, size and our own texts if it is a plain PNG of our kind, else cleaned like an upload.

    What another Reverie signed is taken unsigned.

    Raises ImportRejected.
    """
    content = unsigned(read_entry(archive, picture.file or "", MAX_BYTES))
    if hashlib.sha256(content).hexdigest() != picture.sha256:
        raise ImportRejected(f"{picture.file} is not the picture that was exported. It was not imported.")
    try:
        if bare_png_size(content) is None:
            return clean_upload(content, decoders)
        return written_anew(content, decoders)
    except UploadRejected as error:
        raise ImportRejected(f"{picture.file} cannot be taken: {error}") from error


def written_anew(png: bytes, decoders: Decoders) -> CleanPicture:
    """A PNG of our kind out of its own pixels and texts: what we wrote comes out as it was, byte by byte.

    Raises UploadRejected.
    """
    try:
        decoded = decoders.ask(Task.PIXELS, png)
    except Undecodable as error:
        raise UploadRejected(sentence(error, "The file")) from error
    answer = decoded.answer
    mark = packet(SourceType(answer.source_type) if answer.source_type else None, answer.has_credentials)
    return CleanPicture(
        png=png_with_texts(decoded.image(), mark, answer.infotext or "", answer.recipe or ""),
        width=answer.width,
        height=answer.height,
    )


def check_pictures(
    archive: zipfile.ZipFile, record: Record, decoders: Decoders
) -> Mapping[str, tuple[int, int]]:
    """Width and height of each picture; all can be read. Raises ImportRejected."""
    sizes: dict[str, tuple[int, int]] = {}
    num_bytes = 0
    for each in record.artifacts:
        if each.file:
            picture = read_picture(archive, each, decoders)
            sizes[each.id] = (picture.width, picture.height)
            num_bytes += len(picture.png)
        if num_bytes > MOST_PICTURE_BYTES:
            raise ImportRejected(
                "The pictures of this chat have more than 2 GB together. It was not imported."
            )
    return sizes


def read_entry(archive: zipfile.ZipFile, name: str, most_bytes: int) -> bytes:
    """Bounded, whatever the zip says of its sizes. Raises ImportRejected."""
    try:
        with archive.open(name) as entry:
            content = entry.read(most_bytes + 1)
    except KeyError as error:
        raise ImportRejected(
            f"{name[:100]} is missing in the zip. Please choose a chat that Reverie has exported."
        ) from error
    except BROKEN as error:
        raise ImportRejected(f"{name[:100]} in the zip is damaged. It was not imported.") from error
    if len(content) > most_bytes:
        raise ImportRejected(f"{name[:100]} in the zip is too large. It was not imported.")
    return content


def insert(
    rows: orm.Session,
    record: Record,
    owner: str,
    sizes: Mapping[str, tuple[int, int]],
    hashes: Mapping[str, str],
) -> Session:
    """All its rows; only pictures whose bytes were in the zip get one."""
    pictures = [each for each in record.artifacts if each.id in hashes]
    ids = {each: new_id() for each in (*(turn.id for turn in record.turns), *(each.id for each in pictures))}
    now = utc_now()
    session = SessionRow(
        id=new_id(),
        owner=owner,
        title=clean_text(record.title)[:MOST_TITLE_CHARACTERS] or "Imported chat",
        head=ids.get(record.head or ""),
        tip=ids.get(record.tip or "") or (ids[record.turns[-1].id] if record.turns else None),
        is_pinned=False,
        is_temporary=False,
        num_artifacts=max([0, *(each.number for each in pictures)]),
        num_turns=len(record.turns),
        created=past(record.created, now),
        updated=now,
    )
    rows.add(session)
    rows.flush()
    for position, turn in enumerate(record.turns, start=1):
        rows.add(turn_row(turn, position, session.id, ids, now))
    rows.flush()
    for each in pictures:
        row = artifact_row(each, session.id, ids, now)
        row.sha256 = hashes[each.id]
        row.width, row.height = sizes[each.id]
        rows.add(row)
    return session.value()


def turn_row(
    turn: TurnRecord, position: int, session_id: str, ids: Mapping[str, str], now: datetime
) -> TurnRow:
    is_cut_off = turn.status is TurnStatus.RUNNING
    return TurnRow(
        id=ids[turn.id],
        session_id=session_id,
        position=position,
        parent=ids.get(turn.parent or ""),
        text=turn.text,
        options=turn.options.model_dump(mode="json"),
        status=TurnStatus.STOPPED if is_cut_off else turn.status,
        decision=renamed(turn.decision, ids),
        plan=renamed(turn.plan, ids),
        shown=known(turn.shown, ids),
        reply=turn.reply,
        created=past(turn.created, now),
    )


def artifact_row(
    picture: ArtifactRecord, session_id: str, ids: Mapping[str, str], now: datetime
) -> ArtifactRow:
    """Without its bytes' facts. The recipe stays as the PNG itself tells it."""
    return ArtifactRow(
        id=ids[picture.id],
        session_id=session_id,
        turn_id=ids[picture.turn],
        number=picture.number,
        letter=picture.letter,
        origin=picture.origin.value,
        parents=known(picture.parents, ids),
        recipe=None if picture.recipe is None else picture.recipe.model_dump(mode="json"),
        caption=picture.caption,
        step=picture.step,
        candidate=picture.candidate,
        checked=None if picture.check is None else picture.check.model_dump(mode="json"),
        changed=None if picture.change is None else picture.change.model_dump(mode="json"),
        is_starred=picture.is_starred,
        created=past(picture.created, now),
    )


def known(old_ids: Sequence[str], ids: Mapping[str, str]) -> list[str]:
    return [ids[each] for each in old_ids if each in ids]


def renamed(value: BaseModel | None, ids: Mapping[str, str]) -> dict[str, Any] | None:
    """With the new ids wherever an old one stands."""
    return (
        None
        if value is None
        else {key: swapped(part, ids) for key, part in value.model_dump(mode="json").items()}
    )


def swapped(part: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(part, str):
        return ids.get(part, part)
    if isinstance(part, list):
        return [swapped(each, ids) for each in part]
    if isinstance(part, dict):
        return {key: swapped(each, ids) for key, each in part.items()}
    return part


def past(moment: datetime, now: datetime) -> datetime:
    """In the store's form; a moment still to come is now."""
    utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return min(utc, now)
