"""Turns as chat messages. Pure: what the store and a running turn say goes in, messages come out.

All words of users, brains and engines are escaped, and no line of theirs ends a block: nothing of theirs
becomes markup, and so no address of theirs is ever opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Literal

from gradio import ChatMessage
from gradio.components.chatbot import OptionDict

from agent.domain import Artifact, Route, Turn, TurnStatus
from ui.family import family
from ui.gallery import act, figure, forming, pictures, strip, thumbnails
from ui.live import Story
from ui.look import Look
from ui.proposal import proposal
from ui.trail import doing, lines, trail

__all__ = ["RETRY", "chat_messages", "notice", "pending_messages", "updated"]

RETRY = "retry"
Pictures = Mapping[str, Artifact]


def chat_messages(turns: Sequence[Turn], story: Story | None, look: Look) -> list[ChatMessage]:
    """The whole conversation; `story` is what the running turn, if any, has told."""
    known = pictures_of(turns)
    latest = next((turn.id for turn in reversed(turns) if turn.shown), "")
    messages: list[ChatMessage] = []
    for turn in turns:
        messages.append(message("user", user_words(turn, known, look)))
        messages.append(answer(turn, story, known, look, is_latest=turn.id == latest))
    return messages


def updated(
    messages: Sequence[ChatMessage], turns: Sequence[Turn], story: Story, look: Look
) -> list[ChatMessage]:
    """The conversation one step later: only the last turn has more to tell."""
    if not turns or turns[-1].id != story.turn_id:
        return chat_messages(turns, story, look)
    return [*messages[:-1], answer(turns[-1], story, pictures_of(turns), look, is_latest=False)]


def pictures_of(turns: Sequence[Turn]) -> Pictures:
    return {each.id: each for turn in turns for each in (*turn.uploads, *turn.artifacts)}


def answer(turn: Turn, story: Story | None, known: Pictures, look: Look, *, is_latest: bool) -> ChatMessage:
    """What was made of a message, or is being made of it."""
    if story is not None and story.turn_id == turn.id and not story.is_over:
        content = running_words(turn, story, known, look)
    elif turn.status is TurnStatus.RUNNING:
        content = said(look.say("thinking"), "doing")
    elif turn.status is TurnStatus.WAITING:
        content = said(turn.reply) + proposal(turn, known, look)
    else:
        return closed_message(turn, known, look, is_latest=is_latest)
    return message("assistant", content)


def pending_messages(text: str, look: Look) -> list[ChatMessage]:
    """A message that was sent and is not in the store yet."""
    return [
        message("user", said(text) if text else ""),
        message("assistant", said(look.say("thinking"), "doing")),
    ]


def notice(sentence: str) -> ChatMessage:
    """Something the user should know that is not part of the conversation."""
    return message("assistant", said(sentence, "notice refusal"))


def message(role: Literal["user", "assistant"], markup: str, chips: Sequence[OptionDict] = ()) -> ChatMessage:
    """In one line: the page reads Markdown, in which a blank line would end the markup's block."""
    return ChatMessage(role=role, content=" ".join(markup.splitlines()), options=[*chips])


def said(text: str, kind: str = "said") -> str:
    """Words as a block, line by line."""
    return f'<div class="{kind}">{"<br>".join(escape(text.strip()).splitlines())}</div>'


def user_words(turn: Turn, known: Pictures, look: Look) -> str:
    """The message, its uploads, what was marked, and what can be done with it."""
    uploads = thumbnails(turn.uploads, look) if turn.uploads else ""
    marked = [known[each].handle for mask in turn.masks for each in mask.parents if each in known]
    note = said(look.say("mask_on", handle=marked[0]), "marked") if marked else ""
    return f"{uploads}{said(turn.text) if turn.text else ''}{note}{message_acts(turn, look)}"


def message_acts(turn: Turn, look: Look) -> str:
    """Saying it in other words, and, where that was done, the way between the versions."""
    edit = act("edit", turn.id, f'<span class="unseen">{escape(look.say("edit_message"))}</span>', "")
    return f'<div class="message-acts">{forks(turn, look)}{edit if turn.text else ""}</div>'


def forks(turn: Turn, look: Look) -> str:
    """‹ 1/2 ›"""
    ids = look.forks.get(turn.id, ())
    if turn.id not in ids or len(ids) < 2:
        return ""
    place = ids.index(turn.id)
    earlier = fork_act(ids[place - 1] if place else "", "‹", look.say("earlier_version"))
    later = fork_act(ids[place + 1] if place + 1 < len(ids) else "", "›", look.say("later_version"))
    return f'<span class="forks">{earlier}<span>{place + 1}/{len(ids)}</span>{later}</span>'


def fork_act(turn_id: str, sign: str, title: str) -> str:
    if not turn_id:
        return f'<span class="no-fork">{sign}</span>'
    content = f'{sign}<span class="unseen">{escape(title)}</span>'
    return act("show_branch", turn_id, content, title, "fork")


def running_words(turn: Turn, story: Story, known: Pictures, look: Look) -> str:
    """What it is at, finished pictures, the one that forms, and the reply so far."""
    made = {each.id: each for each in (*turn.artifacts, *story.artifacts)}
    figures = [figure(each, look) for each in made.values()]
    steps = ""
    if story.plan is not None:
        steps = lines(turn, story.decision or turn.decision, story.plan, {**known, **made}, look, story)
    if story.reply:
        return steps + (pictures(figures) if figures else "") + said(story.reply)
    if story.plan is None:
        return said(look.say("thinking"), "doing")
    share = story.step / story.of if story.of else None
    taking_shape = forming(story.preview, doing(story, len(made), look), share, look)
    return steps + pictures([*figures, taking_shape])


def closed_message(turn: Turn, known: Pictures, look: Look, *, is_latest: bool) -> ChatMessage:
    """A finished, stopped or failed turn."""
    shown = [known[each] for each in turn.shown if each in known]
    is_question = turn.decision is not None and turn.decision.route is Route.ASK
    words = said(turn.reply or "…", "said" if turn.status is TurnStatus.DONE else "notice")
    if is_question:
        content = words + (thumbnails(shown, look, "choice") if shown else "")
    else:
        content = trail(turn, known, look) + gallery(shown, known, look, is_latest) + words
    return message("assistant", content, options(turn, shown, is_question, look))


def gallery(shown: Sequence[Artifact], known: Pictures, look: Look, is_latest: bool) -> str:
    """The pictures of a turn; candidates as a grid to pick from. The latest ones with their versions."""
    if not shown:
        return ""
    are_candidates = len({each.number for each in shown}) < len(shown)
    figures = [figure(each, look, is_candidate=are_candidates and each.letter != "") for each in shown]
    markup = pictures(figures, "candidates" if are_candidates else "")
    return markup + (strip(shown[-1], family(shown[-1], known.values()), look) if is_latest else "")


def options(turn: Turn, shown: Sequence[Artifact], is_question: bool, look: Look) -> list[OptionDict]:
    """The chips under a message: take up again what was not finished, or say which picture is meant."""
    if turn.status in {TurnStatus.STOPPED, TurnStatus.FAILED}:
        return [OptionDict(label=look.say("retry"), value=RETRY)]
    if is_question:
        return [OptionDict(label=each.handle, value=each.handle) for each in shown]
    return []
