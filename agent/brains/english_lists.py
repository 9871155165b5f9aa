"""Several pictures asked for in one breath: "a sheep and a goat, one picture each"."""

from __future__ import annotations

import re

from agent.brains.english_edits import short_edit

__all__ = ["changes", "is_nameless", "separate_subjects"]

_N = r"(?:two|three|four|five|six|\d)"
_PICTURES = (
    r"(?:pictures?|images?|photos?|pics?|drawings?|paintings?|sketches|versions?|thumbnails?|illustrations?)"
)
_KIND = r"(?:different |separate |single |individual |new |distinct )*"
_EACH = re.compile(
    r"\s*[,;(:-]*\s*(?:\b(?:each|every one|all) of (?:these|them|the following)(?: (?:on (?:its"
    r"|their) own|separately|individually"
    rf"|alone|on its own))?:?|\b(?:each )?on (?:its|their) own|\b(?:one|an?|1)(?: {_PICTURES})?(?: "
    r"(?:for|of|per))? each(?: of them)?"
    rf"|\beach (?:one )?(?:in|as|on|gets?) (?:its|their|a|an) (?:own|separate|single) {_PICTURES}"
    rf"|\b(?:as|in|on) {_N}?\s*(?:separate|individual|different|single) {_PICTURES}"
    rf"|\b{_N} (?:separate|individual|single) {_PICTURES}|\bseparately|\bindividually|\beach)\b\)?",
    re.I,
)
_COLON = re.compile(rf"^(?P<head>.*?\b{_N} {_KIND}{_PICTURES}\b[^:]*):\s*(?P<list>.+)$", re.I)
_VARIANTS = re.compile(rf"^(?P<head>.*\b{_PICTURES}|.*\b{_N}\b(?! of)[^,:]*?)\s*[,:-]\s*(?P<list>.+)$", re.I)
_ITEM = re.compile(
    r"\s*[,;]\s*(?:and\s+)?|\s+and\s+(?=(?:an?|one|the|another|some|two|three|in|as|w)\b)", re.I
)
_IN_LIST = re.compile(
    r"^(?P<head>.+?),?\s+(?P<list>(?:in|as) [\w ]+?(?:(?:,\s*(?:and |or )?|\s+(?:and"
    r"|or)\s+)(?:in|as) [\w ]+?)+)$",
    re.I,
)
_ONE = re.compile(
    r"^(?:and )?(?:one|another|once|the other|the (?:first|second|third))(?: (?:version|picture|one|image))?"
    r"(?: should be| is)?[ :]+(?P<what>\S.*)",
    re.I,
)
_NAMELESS = re.compile(r"(?:an? |the )?(?:\w+ ){0,3}ones?", re.I)


def separate_subjects(text: str) -> tuple[str, ...]:
    """The subjects of a list that asks for a picture of each; empty when it asks for no such thing."""
    colon, each = _COLON.match(text), _EACH.search(text)
    if colon:
        return tuple(_plain(item) for item in _items(colon["list"]))
    if not each:
        return ()
    rest = f"{text[: each.start()]} {text[each.end() :]}".strip(" ,:;-")
    listed = _IN_LIST.match(rest)
    if listed:
        return tuple(f"{listed['head'].strip(' ,')} {item}" for item in _in_items(listed["list"]))
    return tuple(_items(rest))


def changes(text: str) -> tuple[str, ...]:
    """The changes of "three versions: one red, one blue and one green", each an order."""
    variants = _VARIANTS.match(text)
    items = _items(
        variants["list"] if variants else re.sub(r"^(?:make|turn|do|give) (?:me |it |this )?", "", text)
    )
    ones = [found["what"] for found in map(_ONE.match, items) if found]
    if len(ones) == len(items) > 1:
        return tuple(_order(each) for each in ones)
    listed = _IN_LIST.match(text)
    return tuple(_order(item) for item in _in_items(listed["list"])) if listed else ()


def is_nameless(text: str) -> bool:
    """Whether nothing but "a red one" is named."""
    items = _items(text)
    return bool(items) and all(_NAMELESS.fullmatch(each) for each in items)


def _order(change: str) -> str:
    return short_edit(change) or f"make it {change}"


def _items(text: str) -> list[str]:
    return [each for each in (part.strip(" ,.") for part in _ITEM.split(text)) if each]


def _in_items(text: str) -> list[str]:
    return [each.strip() for each in re.split(r",?\s+(?:and |or )?(?=(?:in|as) )", text) if each.strip()]


def _plain(item: str) -> str:
    """ "one keyboard with red lights" is a keyboard with red lights."""
    return re.sub(r"^one (?=[a-z]+ )(?!in\b|with\b|as\b|red\b|blue\b|of\b)", "a ", item, flags=re.I)
