"""What a description is mainly about, and a description changed by a few words."""

from __future__ import annotations

import re

from agent.brains.brain import PictureView
from agent.brains.chinese_words import translate
from agent.brains.english_edits import short_edit
from agent.brains.lexicon import COLORS, STYLES
from agent.brains.references import Album

__all__ = ["main_phrase", "repainted", "subject"]

_END = re.compile(
    r"\s*(?:[,.;:]|\b(?:in|on|at|with|without|and|or|next|beside|behind|under|over|above"
    r"|below|near|inside|to|from|by|through|against|among|between|around"
    r"|that|which|who|wearing|holding|riding|sitting|standing|lying|sleeping|flying"
    r"|running|playing|eating|looking|left|right|is|are|as|made|of|under|during|for"
    r"|walking|jumping|driving|swimming|drinking|reading|parked|full|covered|surrounded"
    r"|floating)\b)",
    re.I,
)
_LEAD = re.compile(
    rf"^(?:(?:an?|the|one|two|three|four|five|six|some|\d+) "
    rf")?(?:(?:{'|'.join(map(re.escape, STYLES))}) (?:style )?)?(?:(?:picture|image|photo"
    rf"|photograph|painting|drawing|sketch|illustration|portrait|group|bunch|row|pair|bowl"
    rf"|pixel art|poster|silhouette) of )?(?:(?:an?|the|one|two|three|four|five|six|some"
    rf"|\d+) )?",
    re.I,
)


def main_phrase(prompt: str) -> str:
    """The first thing named, with its adjectives: "a red car next to a dog" -> "red car"."""
    text = _LEAD.sub("", prompt.strip())
    found = _END.search(text)
    return (text[: found.start()] if found and found.start() else text).strip()


def subject(prompt: str) -> str | None:
    """The one thing a description is about, None when there are several of one rank."""
    if re.search(r"\band (?:an?|one|two|three|some|the) ", prompt):
        return None
    words = main_phrase(prompt).split()
    return words[-1].lower() if words and words[-1].isalpha() and len(words) < 6 else None


def repainted(album: Album, picture: PictureView, change: str) -> str:
    """The words of a picture with a colour exchanged or a detail added: for "another one, but blue"."""
    root = album.root(picture) or picture
    prompt, change = translate(root.prompt), change.strip(" ,.")
    color = re.fullmatch(rf"(?:in )?({'|'.join(COLORS)})(?: one)?", change, re.I)
    if color:
        pattern = rf"\b(?:{'|'.join(COLORS)})\b"
        if re.search(pattern, prompt):
            return re.sub(pattern, color[1], prompt, count=1)
        name = main_phrase(prompt)
        return prompt.replace(name, f"{color[1]} {name}", 1) if name else f"{color[1]} {prompt}"
    order = short_edit(change)
    if order and order.startswith("remove the "):
        return f"{prompt} without {order.removeprefix('remove the ')}"
    return (
        f"{prompt} {change}"
        if re.match(r"(?:in|on|at|with|without|wearing)\b", change)
        else f"{prompt}, {change}"
    )
