"""A plan that waits for the user's word: each step's words can be changed before the engine begins. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from agent.domain import AdjustStep, Artifact, Step, Turn
from ui.look import Look
from ui.trail import step_name, step_words

__all__ = ["proposal"]


def proposal(turn: Turn, known: Mapping[str, Artifact], look: Look) -> str:
    """The steps as fields, and the two answers."""
    steps = turn.plan.steps if turn.plan else ()
    fields = "".join(
        f'<li><span class="what">{escape(step_name(step, known, look))}</span>'
        f"{field(step, number, look)}</li>"
        for number, step in enumerate(steps, start=1)
    )
    return (
        f'<div class="proposal"><ol title="{escape(look.say("plan"))}">{fields}</ol>'
        f'<div class="answers">{answer("approve", turn.id, look.say("draw_it"))}'
        f"{answer('decline', turn.id, look.say('skip'))}</div></div>"
    )


def field(step: Step, number: int, look: Look) -> str:
    """The words to be changed; those of exact work are only shown."""
    words = with_breaks(step_words(step))
    if isinstance(step, AdjustStep):
        return f'<div class="field fixed">{words}</div>'
    title = escape(look.say("step_words", count=number))
    return (
        f'<div class="field" role="textbox" tabindex="0" contenteditable="plaintext-only" '
        f'title="{title}">{words}</div>'
    )


def answer(name: str, turn_id: str, words: str) -> str:
    return (
        f'<button type="button" class="act answer" name="{name}" value="{turn_id}">{escape(words)}</button>'
    )


def with_breaks(words: str) -> str:
    """Line by line."""
    return "<br>".join(escape(words).splitlines())
