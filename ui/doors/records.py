"""Chats, turns and pictures as programs get them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.domain import Artifact, Session, Turn

__all__ = ["chat_record", "events_address", "picture_record", "turn_record"]


def chat_record(session: Session) -> dict[str, Any]:
    hidden = {"owner", "head", "tip"}
    return session.model_dump(mode="json", exclude=hidden)


def turn_record(turn: Turn) -> dict[str, Any]:
    """What was said, what was planned and what came of it."""
    return {
        "id": turn.id,
        "chat": turn.session_id,
        "parent": turn.parent,
        "text": turn.text,
        "status": turn.status.value,
        "reply": turn.reply,
        "plan": None if turn.plan is None else turn.plan.model_dump(mode="json"),
        "uploads": picture_records(turn.uploads),
        "pictures": picture_records(turn.artifacts),
        "shown": [*turn.shown],
        "created": turn.created.isoformat(),
        "events": events_address(turn.id),
    }


def picture_records(artifacts: Sequence[Artifact]) -> list[dict[str, Any]]:
    return [picture_record(each) for each in artifacts]


def picture_record(artifact: Artifact) -> dict[str, Any]:
    """`address` is where its file is, for its owner."""
    return {
        "id": artifact.id,
        "handle": artifact.handle,
        "address": f"/pictures/{artifact.id}",
        "width": artifact.width,
        "height": artifact.height,
        "origin": artifact.origin.value,
        "parents": [*artifact.parents],
        "caption": artifact.caption,
        "step": artifact.step,
        "candidate": artifact.candidate,
        "seed": None if artifact.recipe is None else artifact.recipe.seed,
    }


def events_address(turn_id: str) -> str:
    return f"/v1/turns/{turn_id}/events"
