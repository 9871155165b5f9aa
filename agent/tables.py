"""Tables of the store, and rows turned into domain values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Float, ForeignKey, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

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

__all__ = ["ArtifactRow", "Row", "SessionRow", "TurnRow", "utc_now"]

Json = JSON(none_as_null=True)
Id = String(32)


def utc_now() -> datetime:
    """Now, in UTC and without a zone: SQLite keeps none."""
    return datetime.now(UTC).replace(tzinfo=None)


class Row(DeclarativeBase):
    """Names every constraint, so that later migrations can alter it."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )


class SessionRow(Row):
    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    owner: Mapped[str] = mapped_column(String(200), index=True)
    title: Mapped[str] = mapped_column(Text)
    head: Mapped[str | None] = mapped_column(Id)
    tip: Mapped[str | None] = mapped_column(Id)
    is_pinned: Mapped[bool] = mapped_column(default=False)
    is_temporary: Mapped[bool] = mapped_column(default=False)
    num_artifacts: Mapped[int] = mapped_column(default=0)
    num_turns: Mapped[int] = mapped_column(default=0)
    created: Mapped[datetime] = mapped_column(DateTime)
    updated: Mapped[datetime] = mapped_column(DateTime)

    def value(self) -> Session:
        return Session(
            id=self.id,
            owner=self.owner,
            title=self.title,
            head=self.head,
            tip=self.tip,
            is_pinned=self.is_pinned,
            is_temporary=self.is_temporary,
            created=self.created.replace(tzinfo=UTC),
            updated=self.updated.replace(tzinfo=UTC),
        )


class TurnRow(Row):
    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("session_id", "position"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    position: Mapped[int]
    parent: Mapped[str | None] = mapped_column(Id)
    text: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, Any]] = mapped_column(Json)
    status: Mapped[str] = mapped_column(String(16), index=True)
    decision: Mapped[dict[str, Any] | None] = mapped_column(Json)
    plan: Mapped[dict[str, Any] | None] = mapped_column(Json)
    shown: Mapped[list[str]] = mapped_column(Json, default=list)
    reply: Mapped[str] = mapped_column(Text, default="")
    last_event_id: Mapped[int] = mapped_column(BigInteger, default=0)
    created: Mapped[datetime] = mapped_column(DateTime)
    artifacts: Mapped[list[ArtifactRow]] = relationship(
        order_by="(ArtifactRow.number, ArtifactRow.candidate)", passive_deletes=True
    )

    def value(self) -> Turn:
        pictures = [row.value() for row in self.artifacts]
        return Turn(
            id=self.id,
            session_id=self.session_id,
            parent=self.parent,
            text=self.text,
            options=PictureOptions.model_validate(self.options),
            status=TurnStatus(self.status),
            uploads=tuple(each for each in pictures if each.origin is Origin.UPLOADED),
            masks=tuple(each for each in pictures if each.origin is Origin.MASK),
            artifacts=tuple(each for each in pictures if each.origin in (Origin.GENERATED, Origin.EDITED)),
            decision=None if self.decision is None else Decision.model_validate(self.decision),
            plan=None if self.plan is None else Plan.model_validate(self.plan),
            shown=tuple(self.shown),
            reply=self.reply,
            last_event_id=self.last_event_id,
            created=self.created.replace(tzinfo=UTC),
        )


class ArtifactRow(Row):
    __tablename__ = "artifacts"
    __table_args__ = (
        UniqueConstraint("session_id", "number", "letter"),
        UniqueConstraint("turn_id", "step", "candidate"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"))
    number: Mapped[int]
    letter: Mapped[str] = mapped_column(String(1), default="")
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    width: Mapped[int]
    height: Mapped[int]
    origin: Mapped[str] = mapped_column(String(16))
    parents: Mapped[list[str]] = mapped_column(Json, default=list)
    recipe: Mapped[dict[str, Any] | None] = mapped_column(Json)
    caption: Mapped[str] = mapped_column(Text, default="")
    step: Mapped[int | None]
    candidate: Mapped[int] = mapped_column(default=1)
    checked: Mapped[dict[str, Any] | None] = mapped_column(Json)
    changed: Mapped[dict[str, Any] | None] = mapped_column(Json)
    seconds: Mapped[float | None] = mapped_column(Float)
    is_starred: Mapped[bool] = mapped_column(default=False, index=True)
    created: Mapped[datetime] = mapped_column(DateTime)

    def value(self) -> Artifact:
        return Artifact(
            id=self.id,
            session_id=self.session_id,
            turn_id=self.turn_id,
            number=self.number,
            letter=self.letter,
            sha256=self.sha256,
            width=self.width,
            height=self.height,
            origin=Origin(self.origin),
            parents=tuple(self.parents),
            recipe=None if self.recipe is None else Recipe.model_validate(self.recipe),
            caption=self.caption,
            step=self.step,
            candidate=self.candidate,
            check=None if self.checked is None else Check.model_validate(self.checked),
            change=None if self.changed is None else Change.model_validate(self.changed),
            seconds=self.seconds,
            is_starred=self.is_starred,
            created=self.created.replace(tzinfo=UTC),
        )
