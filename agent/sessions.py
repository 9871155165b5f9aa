"""Sessions, turns and artifact rows: the one truth about every conversation."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import orm

from agent.database import open_database
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
)
from agent.errors import SessionNotFound, SourceNotFound, StorageUnavailable
from agent.replies import Replies
from agent.tables import ArtifactRow, SessionRow, TurnRow, utc_now

__all__ = ["NEW_TITLE", "NewPicture", "Sessions"]

NEW_TITLE = "New chat"
MAX_TITLE_CHARACTERS = 40


@dataclass(frozen=True, kw_only=True)
class NewPicture:
    """A picture whose file is on disk and that is about to get its row."""

    sha256: str
    width: int
    height: int
    origin: Origin
    parents: tuple[str, ...] = ()
    recipe: Recipe | None = None
    caption: str = ""
    step: int | None = None
    candidate: int = 1
    letter: str = ""
    check: Check | None = None
    change: Change | None = None
    seconds: float | None = None


class Sessions:
    """The store. Reads take the owner; ids are 128 random bits. All methods may raise StorageUnavailable."""

    def __init__(self, url: str) -> None:
        """Open (SQLite: create when absent) and migrate; raises StorageUnavailable."""
        self._engine = open_database(url)
        self._lock = threading.RLock()

    def create(self, owner: str, title: str = NEW_TITLE) -> Session:
        now = utc_now()
        with self._transaction() as rows:
            row = SessionRow(
                id=new_id(),
                owner=owner,
                title=title,
                num_artifacts=0,
                num_turns=0,
                is_pinned=False,
                is_temporary=False,
                created=now,
                updated=now,
            )
            rows.add(row)
            return row.value()

    def list(self, owner: str) -> Sequence[Session]:
        """All sessions of an owner, the latest used first."""
        query = sa.select(SessionRow).where(SessionRow.owner == owner)
        with self._transaction() as rows:
            found = rows.scalars(query.order_by(SessionRow.updated.desc(), SessionRow.created.desc()))
            return [row.value() for row in found]

    def get(self, session_id: str, owner: str) -> Session:
        """Raises SessionNotFound."""
        with self._transaction() as rows:
            return find_session(rows, session_id, owner).value()

    def rename(self, session_id: str, owner: str, title: str) -> Session:
        """Raises SessionNotFound."""
        with self._transaction() as rows:
            row = find_session(rows, session_id, owner)
            row.title = first_words(title) or row.title
            return row.value()

    def delete(self, session_id: str, owner: str) -> Sequence[str]:
        """Delete a session's rows; return the SHA-256s that no row names any more.

        Coordinator.delete removes the files too.
        """
        with self._transaction() as rows:
            row = find_session(rows, session_id, owner)
            hashes = set(
                rows.scalars(sa.select(ArtifactRow.sha256).where(ArtifactRow.session_id == session_id))
            )
            for table in (ArtifactRow, TurnRow):
                rows.execute(sa.delete(table).where(table.session_id == session_id))
            rows.delete(row)
            rows.flush()
            kept = set(rows.scalars(sa.select(ArtifactRow.sha256).where(ArtifactRow.sha256.in_(hashes))))
            return sorted(hashes - kept)

    def open_turn(
        self,
        session_id: str,
        owner: str,
        text: str,
        options: PictureOptions,
        uploads: Sequence[NewPicture] = (),
    ) -> Turn:
        """A new RUNNING turn with its uploads as artifacts; the first one names the session."""
        with self._transaction() as rows:
            session = find_session(rows, session_id, owner)
            session.num_turns += 1
            session.updated = utc_now()
            if session.title == NEW_TITLE:
                session.title = first_words(text) or NEW_TITLE
            turn = TurnRow(
                id=new_id(),
                session_id=session_id,
                position=session.num_turns,
                parent=session.tip,
                text=text,
                options=options.model_dump(mode="json"),
                status=TurnStatus.RUNNING,
                shown=[],
                reply="",
                created=utc_now(),
            )
            rows.add(turn)
            rows.flush()
            session.tip = turn.id
            for picture in uploads:
                insert_artifact(rows, session, turn.id, picture)
            return turn.value()

    def reopen_turn(self, turn_id: str, owner: str) -> Turn:
        """A stopped or failed turn, RUNNING again; raises SourceNotFound."""
        with self._transaction() as rows:
            turn = find_turn(rows, turn_id, owner)
            turn.status, turn.reply = TurnStatus.RUNNING, ""
            return turn.value()

    def record_decision(self, turn_id: str, decision: Decision) -> None:
        with self._transaction() as rows:
            change_turn(rows, turn_id, decision=decision.model_dump(mode="json"))

    def record_plan(
        self, turn_id: str, plan: Plan, status: TurnStatus = TurnStatus.RUNNING, reply: str = ""
    ) -> None:
        """A turn that is WAITING says in its `reply` what for."""
        with self._transaction() as rows:
            change_turn(rows, turn_id, plan=plan.model_dump(mode="json"), status=status.value, reply=reply)

    def add_artifact(self, turn_id: str, picture: NewPicture) -> Artifact:
        """The picture's row, with the session's next number."""
        with self._transaction() as rows:
            turn = rows.get(TurnRow, turn_id)
            if turn is None:
                raise SessionNotFound("This conversation was deleted.")
            session = rows.get_one(SessionRow, turn.session_id, with_for_update=True)
            return insert_artifact(rows, session, turn_id, picture).value()

    def close_turn(self, turn_id: str, status: TurnStatus, reply: str, shown: Sequence[str] = ()) -> None:
        with self._transaction() as rows:
            change_turn(rows, turn_id, status=status.value, reply=reply, shown=[*shown])

    def set_head(self, session_id: str, artifact_id: str) -> None:
        """What the user looks at now."""
        with self._transaction() as rows:
            rows.execute(
                sa.update(SessionRow)
                .where(SessionRow.id == session_id)
                .values(head=artifact_id, updated=utc_now())
            )

    def turns(self, session_id: str, owner: str) -> Sequence[Turn]:
        """In order, with their uploads and artifacts; raises SessionNotFound."""
        query = sa.select(TurnRow).where(TurnRow.session_id == session_id).order_by(TurnRow.position)
        with self._transaction() as rows:
            find_session(rows, session_id, owner)
            return [row.value() for row in rows.scalars(query.options(orm.selectinload(TurnRow.artifacts)))]

    def turn(self, turn_id: str, owner: str) -> Turn:
        """Raises SourceNotFound."""
        with self._transaction() as rows:
            return find_turn(rows, turn_id, owner).value()

    def artifact(self, artifact_id: str, owner: str) -> Artifact:
        """Raises SourceNotFound."""
        query = sa.select(ArtifactRow).join(SessionRow, SessionRow.id == ArtifactRow.session_id)
        with self._transaction() as rows:
            row = rows.scalar(query.where(ArtifactRow.id == artifact_id, SessionRow.owner == owner))
            if row is None:
                raise SourceNotFound("There is no such picture here. Please pick one from this conversation.")
            return row.value()

    def hashes(self) -> set[str]:
        """Every SHA-256 that a row names: what Artifacts.sweep keeps."""
        with self._transaction() as rows:
            return set(rows.scalars(sa.select(ArtifactRow.sha256).distinct()))

    def mark_interrupted(self) -> int:
        """At start-up: turns still RUNNING were cut off; they become STOPPED and say so. Returns how many."""
        query = sa.select(TurnRow).where(TurnRow.status == TurnStatus.RUNNING)
        with self._transaction() as rows:
            cut_off = rows.scalars(query).all()
            for row in cut_off:
                turn = row.value()
                row.status = TurnStatus.STOPPED
                language = turn.decision.language if turn.decision else "en"
                row.reply = Replies(language).interrupted(turn.artifacts)
                row.shown = [artifact.id for artifact in turn.artifacts]
                if turn.artifacts:
                    rows.get_one(SessionRow, row.session_id).head = turn.artifacts[-1].id
            return len(cut_off)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[orm.Session]:
        with self._lock:
            try:
                with orm.Session(self._engine, expire_on_commit=False) as rows, rows.begin():
                    yield rows
            except sa.exc.DBAPIError as error:
                raise StorageUnavailable(
                    f"The conversation cannot be saved or read ({error.orig}). "
                    "Please check the disk and try again."
                ) from error


def new_id() -> str:
    """Unguessable: an id is part of what guards a picture."""
    return secrets.token_hex(16)


def first_words(text: str) -> str:
    """A title: the text's first words."""
    line = " ".join(text.split())
    if len(line) <= MAX_TITLE_CHARACTERS:
        return line
    cut = line[: MAX_TITLE_CHARACTERS + 1]
    return cut[: cut.rfind(" ")] + "…" if " " in cut else line[:MAX_TITLE_CHARACTERS] + "…"


def find_session(rows: orm.Session, session_id: str, owner: str) -> SessionRow:
    query = sa.select(SessionRow).where(SessionRow.id == session_id, SessionRow.owner == owner)
    row = rows.scalar(query.with_for_update())
    if row is None:
        raise SessionNotFound("This conversation does not exist any more. Please start a new one.")
    return row


def find_turn(rows: orm.Session, turn_id: str, owner: str) -> TurnRow:
    query = sa.select(TurnRow).join(SessionRow, SessionRow.id == TurnRow.session_id)
    row = rows.scalar(query.where(TurnRow.id == turn_id, SessionRow.owner == owner))
    if row is None:
        raise SourceNotFound("There is no such message here. Please reload the conversation.")
    return row


def change_turn(rows: orm.Session, turn_id: str, **values: object) -> None:
    """A turn whose session was deleted meanwhile is gone, and so is the change."""
    rows.execute(sa.update(TurnRow).where(TurnRow.id == turn_id).values(**values))


def insert_artifact(rows: orm.Session, session: SessionRow, turn_id: str, picture: NewPicture) -> ArtifactRow:
    row = ArtifactRow(
        id=new_id(),
        session_id=session.id,
        turn_id=turn_id,
        number=number_for(rows, session, turn_id, picture),
        letter=picture.letter,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        origin=picture.origin.value,
        parents=[*picture.parents],
        recipe=None if picture.recipe is None else picture.recipe.model_dump(mode="json"),
        caption=picture.caption,
        step=picture.step,
        candidate=picture.candidate,
        checked=None if picture.check is None else picture.check.model_dump(mode="json"),
        changed=None if picture.change is None else picture.change.model_dump(mode="json"),
        seconds=picture.seconds,
        created=utc_now(),
    )
    rows.add(row)
    rows.flush()
    return row


def number_for(rows: orm.Session, session: SessionRow, turn_id: str, picture: NewPicture) -> int:
    """The number of the picture's fellow candidates if it has any, else the session's next."""
    if picture.letter:
        fellows = sa.select(ArtifactRow.number).where(
            ArtifactRow.turn_id == turn_id, ArtifactRow.step == picture.step, ArtifactRow.letter != ""
        )
        number = rows.scalar(fellows.limit(1))
        if number is not None:
            return number
    session.num_artifacts += 1
    return session.num_artifacts
