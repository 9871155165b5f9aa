"""The pictures of a session as versions of one another: undo, redo, go to any, branch from any."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import orm

from agent.branches import newest_leaf, parents_of, path_to
from agent.domain import Artifact, Session
from agent.errors import SourceNotFound
from agent.rows import find_artifact, find_session
from agent.sentences import Sentence
from agent.sessions import Sessions
from agent.tables import ArtifactRow, SessionRow, utc_now

__all__ = ["Versions"]


class Versions:
    """Moves what a session looks at. Nothing is ever lost: what is not shown can be gone to again."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    def tree(self, session_id: str, owner: str) -> Sequence[Artifact]:
        """Every picture of the session, on any branch, in order of birth; raises SessionNotFound."""
        with self.sessions.transaction() as rows:
            find_session(rows, session_id, owner)
            return [row.value() for row in pictures_of(rows, session_id)]

    def undo(self, session_id: str, owner: str) -> Artifact:
        """Look at the picture that the present one was made from.

        Raises SourceNotFound where there is none, SessionNotFound.
        """
        with self.sessions.transaction() as rows:
            session = find_session(rows, session_id, owner)
            known = {row.id: row for row in pictures_of(rows, session_id)}
            head = known.get(session.head or "")
            before = [known[each] for each in head.parents if each in known] if head else []
            if not before:
                raise SourceNotFound(
                    Sentence(
                        "There is nothing to undo: this picture was not made from another one.",
                        "没有可以撤销的：这张图片不是从别的图片改来的。",
                    )
                )
            return look_at(rows, session, before[0])

    def redo(self, session_id: str, owner: str) -> Artifact:
        """Look at the newest picture that was made from the present one, on the branch shown if there is one.

        Raises SourceNotFound where there is none, SessionNotFound.
        """
        with self.sessions.transaction() as rows:
            session = find_session(rows, session_id, owner)
            after = [row for row in pictures_of(rows, session_id) if session.head in row.parents]
            if not after:
                raise SourceNotFound(
                    Sentence(
                        "There is nothing to redo: nothing was made from this picture yet.",
                        "没有可以重做的：还没有从这张图片改出别的。",
                    )
                )
            shown = path_to(parents_of(rows, session_id), session.tip)
            return look_at(rows, session, max(after, key=lambda row: (row.turn_id in shown, row.number)))

    def go_to(self, artifact_id: str, owner: str) -> Artifact:
        """Look at this picture, on its own branch; raises SourceNotFound."""
        with self.sessions.transaction() as rows:
            row = find_artifact(rows, artifact_id, owner)
            return look_at(rows, find_session(rows, row.session_id, owner), row)

    def branch_from(self, artifact_id: str, owner: str) -> Session:
        """Show the conversation only up to this picture: the next message begins a branch there.

        Raises SourceNotFound.
        """
        with self.sessions.transaction() as rows:
            row = find_artifact(rows, artifact_id, owner)
            session = find_session(rows, row.session_id, owner)
            session.tip, session.head, session.updated = row.turn_id, row.id, utc_now()
            return session.value()


def pictures_of(rows: orm.Session, session_id: str) -> Sequence[ArtifactRow]:
    query = sa.select(ArtifactRow).where(ArtifactRow.session_id == session_id)
    return rows.scalars(query.order_by(ArtifactRow.number, ArtifactRow.candidate)).all()


def look_at(rows: orm.Session, session: SessionRow, picture: ArtifactRow) -> Artifact:
    """Makes it the head; a picture that the shown branch does not have brings its own."""
    parents = parents_of(rows, session.id)
    if picture.turn_id not in path_to(parents, session.tip):
        session.tip = newest_leaf(parents, picture.turn_id)
    session.head, session.updated = picture.id, utc_now()
    return picture.value()
