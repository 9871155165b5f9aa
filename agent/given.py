"""What programs ask, put into messages whose decision is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.brains.chinese_words import is_chinese
from agent.domain import Decision, PictureOptions
from agent.messages import Message, clean_text
from agent.naming import Naming

__all__ = ["Words", "language_of", "message", "noticed", "readable"]


@dataclass(frozen=True, kw_only=True)
class Words:
    """As much of what was said as is read; `notice` says so where that is not all."""

    text: str
    notice: str = ""


def readable(said: str, most_characters: int) -> Words:
    """Clean, and cut where it is too long."""
    said = clean_text(said)
    if len(said) <= most_characters:
        return Words(text=said)
    notice = Naming(language_of(said)).say(
        f"Your words have {len(said):,} characters; I read the first {most_characters:,}.",
        f"描述有 {len(said):,} 个字符，我只读了前 {most_characters:,} 个。",
    )
    return Words(text=said[:most_characters].rstrip(), notice=notice)


def message(
    text: str,
    given: Decision | None,
    options: PictureOptions,
    files: Sequence[bytes] = (),
    mask: bytes | None = None,
) -> Message:
    return Message(text=clean_text(text), files=files, options=options, given=given, mask=mask)


def noticed(given: Decision, *notices: str) -> Decision:
    """With these said at the end."""
    return given.model_copy(update={"notices": (*filter(None, notices), *given.notices)})


def language_of(words: str) -> str:
    return "zh" if is_chinese(words) else "en"
