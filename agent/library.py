"""What an owner has, over all sessions: chats to choose from, and every picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import orm

from agent.artifacts import Artifacts
from agent.domain import Artifact, Origin, PictureOptions, Session, Turn, TurnStatus
from agent.errors import SourceNotFound
from agent.replies import Replies
from agent.rows import NewPicture, find_artifact
from agent.sessions import Sessions
from agent.tables import ArtifactRow, SessionRow, TurnRow

__all__ = ["ChatList", "Library", "PictureInChat", "PicturePage"]

MOST_CHATS = 100
PAGE_PICTURES = 48
MOST_WORDS = 8
MOST_SEARCH_CHARACTERS = 200
MOST_CAPTION_CHARACTERS = 1_000


@dataclass(frozen=True, kw_only=True)
class ChatList:
    """The chats to show now, of `total` that there are."""

    chats: Sequence[Session]
    total: int


@dataclass(frozen=True, kw_only=True)
class PictureInChat:
    """A picture, the message that led to it and the title of its chat."""

    artifact: Artifact
    message: str
    title: str


@dataclass(frozen=True, kw_only=True)
class PicturePage:
    """Page `page` (from 0) of `total` pictures."""

    pictures: Sequence[PictureInChat]
    page: int
    total: int

    @property
    def num_pages(self) -> int:
        return max(1, -(-self.total // PAGE_PICTURES))


class Library:
    """Reads over all sessions of one owner. A temporary chat is found in no search and in no gallery."""

    def __init__(self, sessions: Sessions, artifacts: Artifacts) -> None:
        self.sessions = sessions
        self.artifacts = artifacts

    def chats(self, owner: str, words: str = "") -> ChatList:
        """The first hundred, the pinned ones first, then the latest used; with all `words` if there are any.

        A word is found in titles, messages, replies and captions, in any case of ASCII letters.
        """
        query = sa.select(SessionRow).where(SessionRow.owner == owner)
        order = (SessionRow.is_pinned.desc(), SessionRow.updated.desc(), SessionRow.created.desc())
        with self.sessions.transaction() as rows:
            wanted = split(words)
            if wanted:
                query = query.where(~SessionRow.is_temporary, *(in_chat(rows, each) for each in wanted))
            found = rows.scalars(query.order_by(*order).limit(MOST_CHATS)).all()
            total = len(found)
            if total == MOST_CHATS:
                total = rows.scalar(query.with_only_columns(sa.func.count())) or 0
            return ChatList(chats=[row.value() for row in found], total=total)

    def pictures(
        self, owner: str, words: str = "", *, is_starred: bool = False, page: int = 0
    ) -> PicturePage:
        """Newest first; with all `words` in their caption, message or chat's title if there are any."""
        query = (
            sa.select(ArtifactRow.id)
            .join(SessionRow, SessionRow.id == ArtifactRow.session_id)
            .where(
                SessionRow.owner == owner,
                ~SessionRow.is_temporary,
                ArtifactRow.origin != Origin.MASK.value,
            )
        )
        if is_starred:
            query = query.where(ArtifactRow.is_starred)
        order = (ArtifactRow.created.desc(), ArtifactRow.number.desc(), ArtifactRow.candidate.desc())
        with self.sessions.transaction() as rows:
            wanted = split(words)
            if wanted:
                query = query.join(TurnRow, TurnRow.id == ArtifactRow.turn_id)
                texts = (SessionRow.title, ArtifactRow.caption, TurnRow.text)
                query = query.where(
                    *(sa.or_(*(is_in(rows, text, each) for text in texts)) for each in wanted)
                )
            total = rows.scalar(query.with_only_columns(sa.func.count())) or 0
            page = max(0, min(page, (total - 1) // PAGE_PICTURES))
            ids = rows.scalars(query.order_by(*order).limit(PAGE_PICTURES).offset(page * PAGE_PICTURES)).all()
            found = rows.execute(
                sa.select(ArtifactRow, TurnRow.text, SessionRow.title)
                .join(TurnRow, TurnRow.id == ArtifactRow.turn_id)
                .join(SessionRow, SessionRow.id == ArtifactRow.session_id)
                .where(ArtifactRow.id.in_(ids))
                .order_by(*order)
            )
            pictures = [
                PictureInChat(artifact=row.value(), message=message, title=title)
                for row, message, title in found
            ]
            return PicturePage(pictures=pictures, page=page, total=total)

    def picture(self, artifact_id: str, owner: str) -> PictureInChat:
        """Raises SourceNotFound."""
        with self.sessions.transaction() as rows:
            row = find_artifact(rows, artifact_id, owner)
            message = rows.get_one(TurnRow, row.turn_id).text
            title = rows.get_one(SessionRow, row.session_id).title
            return PictureInChat(artifact=row.value(), message=message, title=title)

    def star(self, artifact_id: str, owner: str, is_starred: bool) -> Artifact:
        """Raises SourceNotFound."""
        with self.sessions.transaction() as rows:
            row = find_artifact(rows, artifact_id, owner)
            row.is_starred = is_starred
            return row.value()

    def use(self, artifact_id: str, owner: str, session_id: str, language: str = "en") -> Turn:
        """A copy of a picture in another chat: an upload that knows the words it was made with.

        It belongs to that chat alone: it stays when the chat it came from is deleted. Raises SourceNotFound,
        SessionNotFound.
        """
        with self.artifacts.lock:
            original = self.sessions.artifact(artifact_id, owner)
            if original.origin is Origin.MASK:
                raise SourceNotFound("This is a mask and no picture. Please pick a picture.")
            copy = NewPicture(
                sha256=original.sha256,
                width=original.width,
                height=original.height,
                origin=Origin.UPLOADED,
                recipe=original.recipe,
                caption=self._words(original, owner),
                seconds=original.seconds,
            )
            turn = self.sessions.open_turn(session_id, owner, "", PictureOptions(), [copy])
        (picture,) = turn.uploads
        self.sessions.set_head(session_id, picture.id)
        self.sessions.close_turn(turn.id, TurnStatus.DONE, Replies(language).brought(picture))
        return self.sessions.turn(turn.id, owner)

    def _words(self, picture: Artifact, owner: str) -> str:
        """What was asked for on the way to a picture, the first wish first.

        Who is shown in a picture is told by its first words, which the checks on words must not lose.
        """
        lineage = [picture]
        for member in lineage:
            known = {each.id for each in lineage}
            lineage += [self.sessions.artifact(each, owner) for each in member.parents if each not in known]
        captions = dict.fromkeys(each.caption for each in reversed(lineage) if each.caption)
        return "; ".join(captions)[:MOST_CAPTION_CHARACTERS]


def split(words: str) -> Sequence[str]:
    """The words of a search, bounded."""
    return words[:MOST_SEARCH_CHARACTERS].replace("\0", "").split()[:MOST_WORDS]


def in_chat(rows: orm.Session, word: str) -> sa.ColumnElement[bool]:
    """Anywhere in a session; nothing more of it is read once it is found."""
    said = sa.exists().where(
        TurnRow.session_id == SessionRow.id,
        sa.or_(is_in(rows, TurnRow.text, word), is_in(rows, TurnRow.reply, word)),
    )
    drawn = sa.exists().where(ArtifactRow.session_id == SessionRow.id, is_in(rows, ArtifactRow.caption, word))
    return sa.or_(is_in(rows, SessionRow.title, word), said, drawn)


def is_in(rows: orm.Session, text: orm.InstrumentedAttribute[str], word: str) -> sa.ColumnElement[bool]:
    """SQLite's LIKE knows no case of ASCII letters and is much faster without a change of case."""
    if rows.get_bind().dialect.name == "sqlite":
        return text.contains(word, autoescape=True)
    return text.icontains(word, autoescape=True)
