"""English changes of a picture that are no plain orders, and pictures named on the way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.brains import english_forms as forms
from agent.brains.english_combine import about
from agent.brains.english_edits import as_instruction, short_edit
from agent.brains.english_references import find_reference
from agent.brains.lexicon import content_words
from agent.brains.reading import Wish
from agent.brains.references import Album, Reference

__all__ = [
    "about_another",
    "is_placed_name",
    "let_go",
    "other_look",
    "told_change",
    "without_name",
]

_NOT_PLACED = re.compile(
    r"(?:with|without|same|the same|in|at|on|as|like|no|not|only|just|but|from|for)\b|(?:an?|the|one"
    r"|another|new)(?: new)? (?:pictures?|images?"
    r"|photos?|drawings?|versions?)\b|.*\b(?:instead|pictures?|images?)\b",
    re.I,
)

_WOULD_BE_BETTER = re.compile(
    r"(?:i think |i feel |maybe |perhaps )?(?:it|this|that|he|she|they|the \w+)(?:'d| would| might"
    r"| could) (?:be|look|work|feel) "
    r"(?:(?:much|even|a lot|way|so much|really) )?(?:better|nicer|cooler|prettier|cuter|good|great|nice"
    r"|cool|cute) "
    r"(?P<what>(?:at|in|on|with|without|as|by)\b .+)",
    re.I,
)
_MORE_OF_ITS_LOOK = re.compile(
    r"(?:an?|some|the) (?P<look>\w{3,}er|(?:more|less) \w+) (?P<thing>\w+)(?: please)?", re.I
)
_OTHER_LOOK = re.compile(
    r"(?P<lead>(?:i'd|i would|i) (?:rather|prefer|rather have|rather see|like)(?: to see| to have)? "
    r"|make it |rather )?"
    r"(?:(?:what|how) about |maybe |use |try |i (?:want|need) )?(?:an?|the"
    r"|some) (?P<look>[\w-]+(?: and [\w-]+)?) "
    r"(?P<thing>\w+)(?P<end>,? (?:instead|please"
    r"|then|though|rather))*",
    re.I,
)


def told_change(raw: str, album: Album) -> Wish | None:
    """A change of the current picture that is no order: "the sign says SALE now", "and a cat too"."""
    if album.current is None or album.is_choice_open or find_reference(raw):
        return None
    also, stated = forms.ALSO.fullmatch(raw), forms.NOW_STATED.fullmatch(raw)
    if also:
        return Wish(kind="edit", text=f"add {also['what'] or also['plus']}")
    told = stated or forms.MUST_HAVE.fullmatch(raw)
    thing = "".join(each or "" for each in told.groups()) if told else ""
    if content_words(thing) & album.words(album.current) and not raw.endswith("?"):
        text = raw.strip(" .!")
        text = text if stated else as_instruction(re.sub(r"^make sure (?:that )?", "", text))
        return Wish(kind="edit", text=text)
    return None


def other_look(clause: str, album: Album) -> Wish | None:
    """ "I'd prefer a white cat", "how about a blue car instead": another look for what the picture shows."""
    wished = _WOULD_BE_BETTER.fullmatch(clause)
    change = short_edit(wished["what"]) if wished and album.current else None
    if change:
        return Wish(kind="edit", text=change)
    more = _MORE_OF_ITS_LOOK.fullmatch(clause)
    found = more or _OTHER_LOOK.fullmatch(clause)
    if not found or album.current is None or not (more or found["lead"] or found["end"]):
        return None
    thing = content_words(found["thing"])
    if not thing or not thing <= album.words(album.current):
        return None
    return Wish(kind="edit", text=f"make the {found['thing']} {found['look']}")


def let_go(clause: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """ "scrap the dog" takes back the change that brought it; of what was drawn at once it is only talk."""
    words = content_words(clause.partition(" ")[2])
    is_new = any(each.kind in ("generate", "edit", "go_back") for each in earlier)
    if is_new or album.current is None or album.current.parent is None:
        return None
    before = Reference(kind="before", words=words)
    return Wish(kind="go_back", reference=before) if words and album.find(before).ids else None


def about_another(wish: Wish | None, clause: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """The wish, said of the other picture that shows what it names."""
    if wish is None or any(each.kind in ("generate", "edit", "go_back") for each in earlier):
        return wish
    named = find_reference(clause)
    if named and named.reference.kind != "current":
        return replace(wish, reference=named.reference)
    places = [clause[found.start() :] for found in re.finditer(r"\b(?:the|that) ", clause)]
    return replace(wish, reference=next(filter(None, (about(place, album) for place in places)), None))


def without_name(clause: str) -> str:
    """ "the middle one gets a hat": "it gets a hat"."""
    named = find_reference(clause)
    return named.text if named and named.reference.kind != "current" else clause


def is_placed_name(clause: str) -> bool:
    """Names a thing and a place the picture has, and gives no order: "steam coming out of it"."""
    if forms.GENERATE.match(clause) or find_reference(clause) or _NOT_PLACED.match(clause):
        return False
    return re.search(r"\b(?:the|it|him|her|them|its|his|their)\b", clause, re.I) is not None
