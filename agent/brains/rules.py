"""What the rules alone make of a message in English or core Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.brains.brain import Context
from agent.brains.chinese import read_chinese
from agent.brains.chinese_words import is_chinese
from agent.brains.deciding import Deciding
from agent.brains.english import read_english
from agent.brains.other_languages import decide_unread, unread_language
from agent.brains.reading import Reading
from agent.brains.references import Album
from agent.brains.rest import without_rest
from agent.domain import Decision

__all__ = ["Ruled", "by_rule", "language_of"]


@dataclass(frozen=True, kw_only=True)
class Ruled:
    """A decision and what led to it. No `reading`: a language that the rules do not read."""

    album: Album
    language: str
    reading: Reading | None
    decision: Decision


def by_rule(context: Context) -> Ruled:
    """Never raises."""
    context = context.model_copy(update={"message": without_rest(context.message)})
    language = language_of(context)
    album = Album(context, language)
    if language not in ("en", "zh"):
        return Ruled(album=album, language=language, reading=None, decision=decide_unread(album, language))
    read = read_chinese if language == "zh" else read_english
    reading = read(context.message, album)
    decision = Deciding(album, reading, language).decide()
    return Ruled(album=album, language=language, reading=reading, decision=decision)


def language_of(context: Context) -> str:
    """Of this message; where it has no letters ("#2"), of the last one that has."""
    texts = [context.message, *(line.text for line in reversed(context.history) if line.role == "user")]
    for text in texts:
        if re.search(r"[^\W\d_]", text):
            return unread_language(text) or ("zh" if is_chinese(text) else "en")
    return "en"
