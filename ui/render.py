"""Turns as chat messages. Pure: what the store and a running turn say goes in, messages come out.

All words of users, brains and engines are escaped: nothing of theirs becomes markup, and so no address of
theirs is ever opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gradio import ChatMessage
from gradio.components.chatbot import OptionDict

from agent.domain import Artifact, Route, Turn, TurnStatus
from ui.gallery import figure, forming, pictures, thumbnails
from ui.live import Story

__all__ = ["RETRY", "chat_messages", "notice", "pending_messages"]

RETRY = "retry"
THINKING = "Thinking"


def chat_messages(turns: Sequence[Turn], story: Story | None) -> list[ChatMessage]:
    """The whole conversation; `story` is what the running turn, if any, has told."""
    known = {each.id: each for turn in turns for each in (*turn.uploads, *turn.artifacts)}
    messages: list[ChatMessage] = []
    for turn in turns:
        messages.append(ChatMessage(role="user", content=user_words(turn.text, turn.uploads)))
        is_live = story is not None and story.turn_id == turn.id and not story.is_over
        if is_live and story is not None:
            messages.append(ChatMessage(role="assistant", content=running_words(turn, story)))
        elif turn.status is TurnStatus.RUNNING:
            messages.append(ChatMessage(role="assistant", content=said(f"{THINKING}…", "doing")))
        else:
            messages.append(closed_message(turn, [known[each] for each in turn.shown if each in known]))
    return messages


def pending_messages(text: str) -> list[ChatMessage]:
    """A message that was sent and is not in the store yet."""
    return [
        ChatMessage(role="user", content=user_words(text, ())),
        ChatMessage(role="assistant", content=said(f"{THINKING}…", "doing")),
    ]


def notice(sentence: str) -> ChatMessage:
    """Something the user should know that is not part of the conversation."""
    return ChatMessage(role="assistant", content=said(sentence, "notice refusal"))


def said(text: str, kind: str = "said") -> str:
    """Words as one block of markup without blank lines, which Markdown then leaves alone."""
    return f'<div class="{kind}">{escape(text.strip()).replace(chr(10), "<br>")}</div>'


def user_words(text: str, uploads: Sequence[Artifact]) -> str:
    return (thumbnails(uploads) if uploads else "") + (said(text) if text else "")


def running_words(turn: Turn, story: Story) -> str:
    """Finished pictures, the one that forms, and the reply so far."""
    figures = [figure(each) for each in merged(turn.artifacts, story.artifacts)]
    if story.reply:
        return (pictures(figures) if figures else "") + said(story.reply)
    if story.plan is None:
        return said(f"{THINKING}…", "doing")
    share = story.step / story.of if story.of else None
    return pictures([*figures, forming(story.preview, doing(story), share)])


def merged(stored: Sequence[Artifact], told: Sequence[Artifact]) -> list[Artifact]:
    return list({each.id: each for each in (*stored, *told)}.values())


def doing(story: Story) -> str:
    """What the running turn is at, in words."""
    if story.of:
        verb = "Changing" if story.plan and story.plan.steps[story.index].kind == "edit" else "Drawing"
        return f"{verb} · step {story.step} of {story.of}"
    if story.place:
        jobs = "one picture" if story.place == 1 else f"{story.place} pictures"
        return f"In line · {jobs} ahead"
    return "Getting ready…"


def closed_message(turn: Turn, shown: Sequence[Artifact]) -> ChatMessage:
    """A finished, stopped or failed turn."""
    is_question = turn.decision is not None and turn.decision.route is Route.ASK
    picked = thumbnails(shown, "choice") if is_question else pictures([figure(each) for each in shown])
    words = said(turn.reply or "…", "said" if turn.status is TurnStatus.DONE else "notice")
    content = (words + picked if is_question else picked + words) if shown else words
    return ChatMessage(role="assistant", content=content, options=options(turn, shown, is_question))


def options(turn: Turn, shown: Sequence[Artifact], is_question: bool) -> list[OptionDict]:
    """The chips under a message: take up again what was not finished, or say which picture is meant."""
    if turn.status in {TurnStatus.STOPPED, TurnStatus.FAILED}:
        return [OptionDict(label="Retry", value=RETRY)]
    if is_question:
        return [OptionDict(label=each.handle, value=each.handle) for each in shown]
    return []
