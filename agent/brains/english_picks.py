"""Which of several pictures side by side is meant: "2 with a hat", "b", "bottom right"."""

from __future__ import annotations

import re

from agent.brains.lexicon import singular
from agent.brains.references import Album

__all__ = ["numbered"]

_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "a": 1, "b": 2, "c": 3, "d": 4}
_CORNERS = {
    f"{row} {side}": first + place
    for rows, first in ((("top", "upper"), 1), (("bottom", "lower"), 3))
    for row in rows
    for place, side in enumerate(("left", "right"))
}
_CHOICE = (
    r"(?:i(?:'m|'ll|'d| am| will| would)? )?(?:(?:pick|choose|take|like|prefer|want|say|vote for"
    r"|go(?:ing)? (?:for|with)"
    r"|leaning towards?|think|for)(?: me)? )?(?:option |number |no\.? ?|picture |image |version |the )?"
)
_WORD_ALONE = re.compile(
    rf"{_CHOICE}(?P<which>one|two|three|four|[a-d])(?: (?:it is|please|then|is (?:best|better|nicer?"
    rf"|good|great)))?",
    re.I,
)
_CORNER = re.compile(
    rf"{_CHOICE}(?P<which>(?:top|bottom|upper|lower)[ -](?:left|right))(?: (?:one|picture|image"
    rf"|version))?(?P<rest>$|[ ,].*)",
    re.I,
)
_SIDE_ALONE = re.compile(r"(?:the )?(?P<side>leftmost|rightmost|far left|far right)(?: one)?", re.I)
_TAKEN = re.compile(
    r"^(?P<verb>take|use|with|pick|choose) (?P<which>one|two|three|four) (?P<then>and|but)\b", re.I
)
_VERSUS = re.compile(r"^([1-9]) (?:vs\.?|versus|or) ([1-9])\b", re.I)
_SAID_BEFORE = re.compile(
    r"^(?:let's (?:do|take|use|go with)|i(?:'d| would) say|i say|definitely"
    r"|probably) (?:the )?(?:one in the )?"
    r"(?=(?:last|first|second|third|fourth|middle)\b)",
    re.I,
)
_PLACES = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_FROM_SIDE = re.compile(
    r"(?:the )?(?P<place>first|second|third|fourth)(?: one)? from the (?P<side>left|right)", re.I
)
_BEST = re.compile(
    r"(?:number |no\.? ?|#)?(?P<which>[1-9]) (?:is|looks) (?:the |my )?(?:best|\w+est|nice|good|great"
    r"|perfect|winner|favou?rite)",
    re.I,
)
_BETWEEN = re.compile(
    r"\b(?P<before>between|compare|in|on|is|does|about|mix|combine|merge) (?P<one>[1-9])"
    r"(?: (?P<join>and|or|with|to) (?P<two>[1-9]))?\b"
)


def numbered(clause: str, album: Album) -> str:
    """The clause with pictures side by side named as elsewhere: "number 2", "the first one"."""
    if not album.is_choice_open:
        return clause
    count = len(album.group)
    clause = _VERSUS.sub(
        r"#\1 or #\2", re.sub(r"^(first|second|third|fourth|last|middle): ", r"the \1 one: ", clause)
    )
    return by_place(by_number(by_word(clause, count), count), album)


def by_word(clause: str, count: int) -> str:
    """Words, letters and corners that stand for numbers."""
    clause = _SAID_BEFORE.sub("", clause)
    said = clause.rstrip("?!. ")
    from_side = _FROM_SIDE.fullmatch(said)
    if from_side:
        place = _PLACES[from_side["place"].lower()]
        return f"number {place if from_side['side'].lower() == 'left' else count + 1 - place}"
    best = _BEST.fullmatch(said)
    if best and int(best["which"]) <= count:
        return f"number {best['which']}"
    alone = _WORD_ALONE.fullmatch(said)
    if alone and said.lower() != "a" and _WORDS[alone["which"].lower()] <= count:
        return f"number {_WORDS[alone['which'].lower()]}"
    corner = _CORNER.fullmatch(said)
    if corner and count == len(set(_CORNERS.values())):
        return f"number {_CORNERS[corner['which'].lower().replace('-', ' ')]}{corner['rest']}"
    side = _SIDE_ALONE.fullmatch(said)
    if side:
        return f"number {1 if 'left' in side['side'].lower() else count}"
    return _TAKEN.sub(
        lambda found: f"{found['verb']} number {_WORDS[found['which'].lower()]} {found['then']}", clause
    )


def by_number(clause: str, count: int) -> str:
    """Bare figures, where so many pictures are shown."""

    def with_signs(found: re.Match[str]) -> str:
        one, two = found["one"], found["two"]
        if int(one) > count or (two and int(two) > count):
            return found[0]
        return f"{found['before']} #{one}" + (f" {found['join']} #{two}" if two else "")

    return _BETWEEN.sub(with_signs, clause)


def by_place(clause: str, album: Album) -> str:
    """The first, the last, the left one."""
    shown = frozenset[str]().union(*(album.words(each) for each in album.group))

    def ordered(found: re.Match[str]) -> str:
        return f"the {found[1]} one" if singular(found[2].lower()) in shown else found[0]

    clause = re.sub(
        r"^(?:and )?(?:the )?(first|second|third|fourth|last|middle|left|right)$",
        r"i choose the \1 one",
        clause,
        flags=re.I,
    )
    clause = re.sub(r"^(first|second|third|fourth|last|middle), but\b", r"the \1 one but", clause, flags=re.I)
    clause = re.sub(
        r"\b(?:the )?(first|second|third|fourth|last|middle|left|right) ([a-z]+)\b",
        ordered,
        clause,
        flags=re.I,
    )
    return re.sub(
        r"^(?:i(?:'ll)? (?:want|take|like|prefer|choose|pick|go (?:for|with)) )?(\d)(?=$|,|:| (?:with"
        r"|in|but|at|on|without|as|wearing|and|is|looks|please|more|less|\w{2,}er)\b)",
        r"number \1",
        clause,
    )
