"""Two pictures in one Chinese wish: which of them is changed, and what both together show."""

from __future__ import annotations

import re

from agent.brains.chinese_orders import instruction
from agent.brains.chinese_references import NUMBER, value
from agent.brains.chinese_words import translate
from agent.brains.english_combine import both_drawn
from agent.brains.lexicon import content_words
from agent.brains.reading import Wish
from agent.brains.references import Album, Reference

__all__ = ["as_combination", "as_placement"]

_COMBINATION = re.compile(r"合成|合并|合在|[放画摆拼]在(?:一起|一张|同一)|拼在")
_PICTURE = r"(?:图片|照片|图|画)?"


def named(name: str) -> str:
    """A picture by its place or by its number, each in a group of `name`."""
    return rf"(?:第(?P<{name}>{NUMBER})[张幅个]{_PICTURE}|(?:图|#)\s?(?P<{name}_number>\d+))"


_PLACEMENT = re.compile(
    rf"(?:把|将){named('taken')}(?:里面?|中|上面?)?的(?P<what>[^，,]+?)"
    rf"(?:放|加|移|搬|挪|贴|拿|画|添|弄)(?:到|进|入|在){named('goal')}(?:的(?P<where>[^，,]*?))?(?:里面?|中|上面?|去|来)*"
)


def as_placement(clause: str) -> Wish | None:
    """ "把第一张图的猫放到第二张里": the picture it goes into is changed."""
    found = _PLACEMENT.fullmatch(clause)
    if not found:
        return None
    place = f"在{found['where']}上" if found["where"] else ""
    text = instruction(f"{place}加{found['what']}")
    return Wish(kind="edit", text=text, reference=goal(found), is_between=True)


def goal(found: re.Match[str]) -> Reference:
    if found["goal"]:
        return Reference(kind="ordinal", index=value(found["goal"]))
    return Reference(kind="number", index=int(found["goal_number"]))


def as_combination(clause: str, reference: Reference | None, album: Album) -> Wish | None:
    """ "把第一张和第二张图合并": a new picture of what both show."""
    if not _COMBINATION.search(clause) or len(album.context.pictures) < 2:
        return None
    if reference is not None and reference.kind == "several":
        return both_drawn(clause, [reference], album)
    return both_drawn(clause, things_named(clause, album), album)


def things_named(clause: str, album: Album) -> list[Reference]:
    """Pictures named by what they show: "把灯塔和气球画在一起"."""
    parts = re.split(r"和|与|跟|、", re.sub(r"^(?:请)?(?:把|将)|(?:都)?[放画摆拼合].*$", "", clause))
    words = [content_words(translate(part)) for part in parts]
    shown = frozenset[str]().union(*(album.words(each) for each in album.pictures))
    return [Reference(kind="described", words=each & shown) for each in words if each & shown]
