"""Turns and pictures to render, with only what a test cares about."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.domain import Artifact, Decision, Origin, Plan, Recipe, Route, Turn, TurnStatus

__all__ = ["a_decision", "a_picture", "a_turn"]

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def a_picture(number: int, *, caption: str = "a red car", origin: Origin = Origin.GENERATED) -> Artifact:
    recipe = Recipe(
        words=caption,
        prompt=caption,
        preset="fake",
        weights_hash="0" * 64,
        seed=40 + number,
        num_steps=8,
        guidance=5.0,
        sampler="fake",
        width=128,
        height=96,
    )
    return Artifact(
        id=f"{number:032x}",
        session_id="s" * 32,
        turn_id="t" * 32,
        number=number,
        sha256="0" * 64,
        width=128,
        height=96,
        origin=origin,
        recipe=None if origin is Origin.UPLOADED else recipe,
        caption=caption,
        step=None if origin is Origin.UPLOADED else 0,
        created=NOW,
    )


def a_decision(route: Route) -> Decision:
    return Decision(route=route)


def a_turn(
    text: str = "draw a red car",
    *,
    status: TurnStatus = TurnStatus.DONE,
    reply: str = "Here is #1.",
    uploads: tuple[Artifact, ...] = (),
    artifacts: tuple[Artifact, ...] = (),
    shown: tuple[str, ...] = (),
    decision: Decision | None = None,
    plan: Plan | None = None,
) -> Turn:
    return Turn(
        id="t" * 32,
        session_id="s" * 32,
        text=text,
        status=status,
        uploads=uploads,
        artifacts=artifacts,
        decision=decision,
        plan=plan,
        shown=shown or tuple(each.id for each in artifacts),
        reply=reply,
        created=NOW,
    )
