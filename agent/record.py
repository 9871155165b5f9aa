"""A session as a file: pictures, the conversation to read, and a record to import or replay."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from agent.domain import (
    Artifact,
    Change,
    Check,
    Decision,
    Origin,
    PictureOptions,
    Plan,
    Recipe,
    Session,
    Turn,
    TurnStatus,
    Value,
)
from agent.encoding import unsigned
from agent.errors import SourceNotFound
from agent.exits import Exits
from agent.transcript import transcript
from agent.versions import Versions

__all__ = [
    "CONVERSATION_NAME",
    "MOST_TURNS",
    "RECORD_NAME",
    "ArtifactRecord",
    "Record",
    "TurnRecord",
    "export_pictures",
    "export_session",
]

RECORD_NAME = "record.json"
CONVERSATION_NAME = "conversation.md"
MOST_TURNS = 5_000
MOST_ARTIFACTS = 10_000
MOST_CHARACTERS = 200_000
Id = Field(pattern=r"^[0-9a-f]{32}$")


class ArtifactRecord(Value):
    """An artifact whose bytes are in `file`, None where they were lost; `sha256` is of the PNG unsigned."""

    id: str = Id
    turn: str = Id
    number: int = Field(ge=-MOST_ARTIFACTS, le=1_000_000)
    letter: str = Field(pattern=r"^[a-z]?$")
    file: str | None = Field(max_length=100)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    width: int
    height: int
    origin: Origin
    parents: tuple[str, ...] = Field(max_length=64)
    recipe: Recipe | None
    caption: str = Field(max_length=MOST_CHARACTERS)
    step: int | None = Field(ge=0, le=1_000)
    candidate: int = Field(ge=0, le=1_000)
    check: Check | None
    change: Change | None
    is_starred: bool
    created: datetime


class TurnRecord(Value):
    """A turn without its pictures; `parent` stands before it in the record."""

    id: str = Id
    parent: str | None
    text: str = Field(max_length=MOST_CHARACTERS)
    options: PictureOptions
    status: TurnStatus
    decision: Decision | None
    plan: Plan | None
    shown: tuple[str, ...] = Field(max_length=64)
    reply: str = Field(max_length=MOST_CHARACTERS)
    created: datetime


class Record(Value):
    """record.json. The version grows when an older Reverie could no longer read it."""

    format: Literal["reverie-session"] = "reverie-session"
    version: Literal[1] = 1
    title: str = Field(max_length=1_000)
    head: str | None
    tip: str | None
    created: datetime
    turns: tuple[TurnRecord, ...] = Field(max_length=MOST_TURNS)
    artifacts: tuple[ArtifactRecord, ...] = Field(max_length=MOST_ARTIFACTS)


class Outbox(io.RawIOBase):
    """What was written since it was last emptied: lets a zip leave while it is being made."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        content = bytes(piece)  # type: ignore[call-overload]
        self._pieces.append(content)
        return len(content)

    def empty(self) -> bytes:
        content, self._pieces = b"".join(self._pieces), []
        return content


def export_pictures(exits: Exits, session_id: str, owner: str) -> Iterator[bytes]:
    """The same zip with nothing but the pictures, without the words and settings that made them."""
    exits.sessions.get(session_id, owner)
    pictures = Versions(exits.sessions).tree(session_id, owner)

    def told() -> Iterator[bytes]:
        outbox = Outbox()
        with zipfile.ZipFile(outbox, "w") as archive:
            for picture in pictures:
                if picture.origin is Origin.MASK:
                    continue
                try:
                    content = exits.picture(picture, owner, bare=True)
                except SourceNotFound:
                    continue
                archive.writestr(zipfile.ZipInfo(file_name(picture)), content)
                yield outbox.empty()
        yield outbox.empty()

    return told()


def export_session(exits: Exits, session_id: str, owner: str) -> Iterator[bytes]:
    """The zip of a session with all its branches, piece by piece.

    Where nothing is signed, the same session gives the same bytes.

    Raises SessionNotFound at once, SigningFailed on the way. A picture whose file is gone or damaged is left
    out; the record says so.
    """
    sessions = exits.sessions
    session = sessions.get(session_id, owner)
    turns = sessions.all_turns(session_id, owner)
    shown = [turn.id for turn in sessions.turns(session_id, owner)]
    pictures = Versions(sessions).tree(session_id, owner)
    return pieces(exits, owner, session, turns, shown, pictures)


def pieces(
    exits: Exits,
    owner: str,
    session: Session,
    turns: Sequence[Turn],
    shown: Sequence[str],
    pictures: Sequence[Artifact],
) -> Iterator[bytes]:
    outbox = Outbox()
    files: dict[str, str] = {}
    hashes: dict[str, str] = {}
    with zipfile.ZipFile(outbox, "w") as archive:
        for picture in pictures:
            try:
                content = exits.picture(picture, owner)
            except SourceNotFound:
                continue
            files[picture.id] = file_name(picture)
            hashes[picture.id] = hashlib.sha256(unsigned(content)).hexdigest()
            archive.writestr(zipfile.ZipInfo(files[picture.id]), content)
            yield outbox.empty()
        words = transcript(session, turns, shown, pictures, files)
        archive.writestr(packed(CONVERSATION_NAME), words)
        record = record_of(session, turns, pictures, files, hashes)
        archive.writestr(packed(RECORD_NAME), json.dumps(record.model_dump(mode="json"), indent=1))
    yield outbox.empty()


def packed(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def file_name(picture: Artifact) -> str:
    """By handle; a mask has a number of its own kind."""
    if picture.origin is Origin.MASK:
        return f"pictures/mask-{abs(picture.number)}.png"
    return f"pictures/{picture.number}{picture.letter}.png"


def record_of(
    session: Session,
    turns: Sequence[Turn],
    pictures: Sequence[Artifact],
    files: Mapping[str, str],
    hashes: Mapping[str, str],
) -> Record:
    return Record(
        title=session.title,
        head=session.head,
        tip=session.tip,
        created=session.created,
        turns=tuple(
            TurnRecord(
                id=turn.id,
                parent=turn.parent,
                text=turn.text,
                options=turn.options,
                status=turn.status,
                decision=turn.decision,
                plan=turn.plan,
                shown=turn.shown,
                reply=turn.reply,
                created=turn.created,
            )
            for turn in turns
        ),
        artifacts=tuple(
            ArtifactRecord(
                id=each.id,
                turn=each.turn_id,
                number=each.number,
                letter=each.letter,
                file=files.get(each.id),
                sha256=hashes.get(each.id, each.sha256),
                width=each.width,
                height=each.height,
                origin=each.origin,
                parents=each.parents,
                recipe=each.recipe,
                caption=each.caption,
                step=each.step,
                candidate=each.candidate,
                check=each.check,
                change=each.change,
                is_starred=each.is_starred,
                created=each.created,
            )
            for each in pictures
        ),
    )
