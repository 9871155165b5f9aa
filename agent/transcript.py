"""A conversation as Markdown that anyone can read, with links to its pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.domain import Artifact, Origin, Session, Turn

__all__ = ["transcript"]

MARKS = re.compile(r"([\\`*_\[\]<>&|~$])")


def transcript(
    session: Session,
    turns: Sequence[Turn],
    shown: Sequence[str],
    pictures: Sequence[Artifact],
    files: Mapping[str, str],
) -> str:
    """The branch that is shown, then the turns of all others. `files`: where each picture lies."""
    known = {picture.id: picture for picture in pictures}
    main = [turn for turn in turns if turn.id in shown]
    others = [turn for turn in turns if turn.id not in shown]
    parts = [f"# {plain(session.title)}", *(told(turn, known, files) for turn in main)]
    if others:
        texts = {turn.id: turn.text for turn in turns}
        parts.append("## Other branches")
        for turn in others:
            place = "At the beginning" if turn.parent is None else f"After “{plain(texts[turn.parent])}”"
            parts += [f"### {place}", told(turn, known, files)]
    return "\n\n".join(parts) + "\n"


def told(turn: Turn, known: Mapping[str, Artifact], files: Mapping[str, str]) -> str:
    """What was said, and the pictures where they were shown."""
    uploads = [line(picture, files) for picture in turn.uploads]
    shown = [line(known[each], files) for each in turn.shown if each in known]
    said = [f"**You:** {plain(turn.text)}"] if turn.text else ["**You:**"]
    answer = [f"**Reverie:** {plain(turn.reply)}"] if turn.reply else []
    return "\n\n".join([*said, *uploads, *shown, *answer])


def line(picture: Artifact, files: Mapping[str, str]) -> str:
    """The picture, and under it what it was made with."""
    words = plain(picture.caption) or "a picture"
    if picture.id not in files:
        return f"*{picture.handle}: the file of this picture was lost*"
    image = f"![{picture.handle}: {words}]({files[picture.id]})"
    if picture.origin is Origin.UPLOADED:
        return f"{image}\n\n*{picture.handle}, uploaded*"
    recipe = picture.recipe
    if recipe is None:
        return f"{image}\n\n*{picture.handle}*"
    facts = f"{recipe.preset}, seed {recipe.seed}, {recipe.num_steps} steps"
    return f"{image}\n\n*{picture.handle}: {words} ({plain(facts)})*"


def plain(text: str) -> str:
    """On one line, and nothing in it is markup: no link, no picture from elsewhere."""
    return MARKS.sub(r"\\\1", " ".join(text.split()))
