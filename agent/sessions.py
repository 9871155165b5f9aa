"""Sessions, turns and artifact rows: the one truth about every conversation."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import orm

from agent.branches import (
    TIP,
    Conversation,
    begin_branch,
    forks_of,
    looked_at,
    newest_leaf,
    parents_of,
    path_to,
    siblings_of,
    turns_of,
    turns_on,
)
from agent.copying import copy_database
from agent.database import empty_log, failed, open_database
from agent.domain import Artifact, Decision, PictureOptions, Plan, Session, Turn, TurnStatus
from agent.errors import SessionNotFound, StorageUnavailable
from agent.messages import clean_text, first_words
from agent.pipes import milliseconds_of
from agent.replies import Replies
from agent.rows import (
    NewPicture,
    change_turn,
    delete_sessions,
    find_artifact,
    find_session,
    find_turn,
    insert_artifact,
    new_id,
    require_present,
)
from agent.tables import ArtifactRow, SessionRow, TurnRow, utc_now

__all__ = ["NEW_TITLE", "TIP", "NewPicture", "Sessions"]

NEW_TITLE = "New chat"


class Sessions:
    """The store. Reads take the owner; ids are 128 random bits. All methods may raise StorageUnavailable."""

    def __init__(self, url: str, *, may_be_new: bool = True) -> None:
        """Open (SQLite: create when absent) and migrate; raises StorageUnavailable."""
        self._engine = open_database(url, may_be_new=may_be_new)
        self._lock = threading.RLock()
        self._is_closed = False
        self.departures = Counter[str]()
        """How often somebody has deleted all that is theirs: work begun before is not kept."""

    def create(self, owner: str, title: str = NEW_TITLE, *, is_temporary: bool = False) -> Session:
        """Raises SessionNotFound for somebody who was removed."""
        now = utc_now()
        with self.transaction() as rows:
            require_present(rows, owner)
            row = SessionRow(
                id=new_id(),
                owner=owner,
                title=clean_text(title) or NEW_TITLE,
                num_artifacts=0,
                num_turns=0,
                is_pinned=False,
                is_temporary=is_temporary,
                created=now,
                updated=now,
            )
            rows.add(row)
            return row.value()

    def list(self, owner: str) -> Sequence[Session]:
        """All sessions of an owner, the latest used first."""
        query = sa.select(SessionRow).where(SessionRow.owner == owner)
        with self.transaction() as rows:
            found = rows.scalars(query.order_by(SessionRow.updated.desc(), SessionRow.created.desc()))
            return [row.value() for row in found]

    def get(self, session_id: str, owner: str) -> Session:
        """Raises SessionNotFound."""
        with self.transaction() as rows:
            return find_session(rows, session_id, owner).value()

    def has(self, session_id: str, owner: str) -> bool:
        query = sa.select(SessionRow.id).where(SessionRow.id == session_id, SessionRow.owner == owner)
        with self.transaction() as rows:
            return rows.scalar(query) is not None

    def rename(self, session_id: str, owner: str, title: str) -> Session:
        """Raises SessionNotFound."""
        with self.transaction() as rows:
            row = find_session(rows, session_id, owner)
            row.title = first_words(title) or row.title
            return row.value()

    def pin(self, session_id: str, owner: str, is_pinned: bool) -> Session:
        """Raises SessionNotFound."""
        with self.transaction() as rows:
            row = find_session(rows, session_id, owner)
            row.is_pinned = is_pinned
            return row.value()

    def delete(self, session_id: str, owner: str) -> Sequence[str]:
        """Delete a session's rows; return the SHA-256s that no row names any more.

        Coordinator.delete removes the files too.
        """
        with self.transaction() as rows:
            row = find_session(rows, session_id, owner)
            hashes = set(
                rows.scalars(sa.select(ArtifactRow.sha256).where(ArtifactRow.session_id == session_id))
            )
            delete_sessions(rows, [row.id])
            kept = set(rows.scalars(sa.select(ArtifactRow.sha256).where(ArtifactRow.sha256.in_(hashes))))
        self.empty_log()
        return sorted(hashes - kept)

    def open_turn(
        self,
        session_id: str,
        owner: str,
        text: str,
        options: PictureOptions,
        uploads: Sequence[NewPicture] = (),
        after: str | None = TIP,
    ) -> Turn:
        """A new RUNNING turn with its uploads as artifacts, shown last; the first one names the session.

        It follows the turn `after`, or none: then the session's head is what was looked at there. Raises
        SourceNotFound for an `after` of another session.
        """
        with self.transaction() as rows:
            session = find_session(rows, session_id, owner)
            begin_branch(rows, session, after)
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
        with self.transaction() as rows:
            turn = find_turn(rows, turn_id, owner)
            turn.status, turn.reply = TurnStatus.RUNNING, ""
            return turn.value()

    def record_decision(self, turn_id: str, decision: Decision) -> None:
        with self.transaction() as rows:
            change_turn(rows, turn_id, decision=decision.model_dump(mode="json"))

    def record_plan(self, turn_id: str, plan: Plan) -> None:
        """The turn that is RUNNING, or does so again, follows it."""
        with self.transaction() as rows:
            change_turn(rows, turn_id, plan=plan.model_dump(mode="json"), status=TurnStatus.RUNNING, reply="")

    def leave_waiting(self, turn_id: str, plan: Plan, reply: str, last_event_id: int) -> None:
        """For the user's word about the plan, which `reply` asks for."""
        steps = plan.model_dump(mode="json")
        ended = {"reply": reply, "last_event_id": last_event_id}
        with self.transaction() as rows:
            change_turn(rows, turn_id, plan=steps, status=TurnStatus.WAITING, **ended)

    def drop_plan(self, turn_id: str, reply: str) -> None:
        """The turn that waited is STOPPED, which is an event more."""
        ended = {"reply": reply, "last_event_id": TurnRow.last_event_id + 1}
        with self.transaction() as rows:
            change_turn(rows, turn_id, plan=None, status=TurnStatus.STOPPED, **ended)

    def add_artifact(self, turn_id: str, picture: NewPicture) -> Artifact:
        """The picture's row, with the session's next number."""
        with self.transaction() as rows:
            turn = rows.get(TurnRow, turn_id)
            if turn is None:
                raise SessionNotFound("This conversation was deleted.")
            session = rows.get_one(SessionRow, turn.session_id, with_for_update=True)
            return insert_artifact(rows, session, turn_id, picture).value()

    def close_turn(
        self,
        turn_id: str,
        status: TurnStatus,
        reply: str,
        shown: Sequence[str] = (),
        last_event_id: int = 0,
    ) -> None:
        """`last_event_id` is that of the event which tells so; 0 if none does."""
        ended = {"status": status.value, "reply": reply, "last_event_id": last_event_id}
        with self.transaction() as rows:
            change_turn(rows, turn_id, shown=[*shown], **ended)

    def set_head(self, session_id: str, artifact_id: str) -> None:
        """What the user looks at now."""
        with self.transaction() as rows:
            rows.execute(
                sa.update(SessionRow)
                .where(SessionRow.id == session_id)
                .values(head=artifact_id, updated=utc_now())
            )

    def turns(self, session_id: str, owner: str) -> Sequence[Turn]:
        """The branch that is shown, in order, with uploads and artifacts; raises SessionNotFound."""
        with self.transaction() as rows:
            session = find_session(rows, session_id, owner)
            return turns_of(rows, session_id, session.tip)

    def waiting(self, session_id: str, owner: str) -> Sequence[Turn]:
        """Of the branch that is shown, the turns that wait for the user's word; most chats have none."""
        query = sa.select(TurnRow.id).where(
            TurnRow.session_id == session_id, TurnRow.status == TurnStatus.WAITING
        )
        with self.transaction() as rows:
            if rows.scalar(query.limit(1)) is None:
                return ()
        return [turn for turn in self.turns(session_id, owner) if turn.status is TurnStatus.WAITING]

    def all_turns(self, session_id: str, owner: str) -> Sequence[Turn]:
        """Those of every branch, in order of birth; raises SessionNotFound."""
        query = sa.select(TurnRow).where(TurnRow.session_id == session_id).order_by(TurnRow.position)
        with self.transaction() as rows:
            find_session(rows, session_id, owner)
            return [row.value() for row in rows.scalars(query.options(orm.selectinload(TurnRow.artifacts)))]

    def path(self, turn_id: str, owner: str) -> Sequence[Turn]:
        """The turns from the root to this one; raises SourceNotFound."""
        with self.transaction() as rows:
            return turns_of(rows, find_turn(rows, turn_id, owner).session_id, turn_id)

    def siblings(self, turn_id: str, owner: str) -> Sequence[str]:
        """The turns that follow the same one, itself included, in order of birth; raises SourceNotFound."""
        with self.transaction() as rows:
            turn = find_turn(rows, turn_id, owner)
            return siblings_of(parents_of(rows, turn.session_id), turn_id)

    def conversation(self, session_id: str, owner: str) -> Conversation:
        """All that is shown of a session; raises SessionNotFound."""
        with self.transaction() as rows:
            session = find_session(rows, session_id, owner)
            parents = parents_of(rows, session_id)
            turns = turns_on(rows, path_to(parents, session.tip))
            return Conversation(session=session.value(), turns=turns, forks=forks_of(parents))

    def show_branch(self, turn_id: str, owner: str) -> Session:
        """Show the branch through this turn, to its newest end and what was looked at there.

        Raises SourceNotFound.
        """
        with self.transaction() as rows:
            turn = find_turn(rows, turn_id, owner)
            session = find_session(rows, turn.session_id, owner)
            session.tip = newest_leaf(parents_of(rows, session.id), turn_id)
            session.head = looked_at(turns_of(rows, session.id, session.tip))
            return session.value()

    def turn(self, turn_id: str, owner: str) -> Turn:
        """Raises SourceNotFound."""
        with self.transaction() as rows:
            return find_turn(rows, turn_id, owner).value()

    def artifact(self, artifact_id: str, owner: str) -> Artifact:
        """Raises SourceNotFound."""
        with self.transaction() as rows:
            return find_artifact(rows, artifact_id, owner).value()

    def hashes(self) -> set[str]:
        """Every SHA-256 that a row names: what Artifacts.sweep keeps."""
        with self.transaction() as rows:
            return set(rows.scalars(sa.select(ArtifactRow.sha256).distinct()))

    def drop_temporary(self) -> int:
        """At start-up, before files are swept: temporary sessions are gone. Returns how many."""
        with self.transaction() as rows:
            found = rows.scalars(sa.select(SessionRow.id).where(SessionRow.is_temporary)).all()
            delete_sessions(rows, found)
        self.empty_log()
        return len(found)

    def mark_interrupted(self) -> int:
        """At start-up: turns still RUNNING were cut off; they become STOPPED and say so. Returns how many."""
        query = sa.select(TurnRow).where(TurnRow.status == TurnStatus.RUNNING)
        with self.transaction() as rows:
            cut_off = rows.scalars(query).all()
            for row in cut_off:
                turn = row.value()
                row.status = TurnStatus.STOPPED
                language = turn.decision.language if turn.decision else "en"
                row.reply = Replies(language).interrupted(turn.artifacts)
                row.shown = [artifact.id for artifact in turn.artifacts]
                if turn.artifacts:
                    rows.get_one(SessionRow, row.session_id).head = turn.artifacts[-1].id
                row.last_event_id = max(turn.last_event_id, milliseconds_of(turn))
            return len(cut_off)

    def copy_to(self, file: Path) -> None:
        """All but temporary sessions as they are now, in a new SQLite file; others wait meanwhile."""
        with self._lock:
            copy_database(self._engine, file)

    def empty_log(self) -> None:
        """After a deletion: no file of the database holds what is gone."""
        with self._lock:
            empty_log(self._engine)

    def close(self) -> None:
        """Nothing opens it again."""
        self._is_closed = True
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[orm.Session]:
        """For queries of the store's own files (agent.library, agent.versions)."""
        with self._lock:
            if self._is_closed:
                raise StorageUnavailable("Reverie is closing. Please try again in a moment.")
            try:
                with orm.Session(self._engine, expire_on_commit=False) as rows, rows.begin():
                    yield rows
            except sa.exc.DBAPIError as error:
                raise failed(error) from error
