"""Asking for variations of a picture: the same words once more, with other noise."""

from __future__ import annotations

import re

from agent.brains.chinese_references import NUMBER, value
from agent.brains.english_clauses import count_of, strip_leads
from agent.brains.english_references import find_reference
from agent.brains.reading import Wish

__all__ = ["read_chinese_variation", "read_variation"]

_COUNT = r"(?:(?P<n>one|two|three|four|five|six|seven|eight|\d{1,2}|an?|some|a few|several|a couple of) )?"
_ENGLISH = re.compile(
    rf"(?:(?:give|show|make|draw|paint|do|get|create|generate|produce|want|see|try)(?: me)? )?{_COUNT}"
    r"(?:(?:more|other|different|new|further) )?(?:variations?|variants?|alternatives?) (?:of|on|to|for) it",
    re.I,
)
_ALIKE = re.compile(
    r"(?:(?:give|show|make|draw|paint|do|get|create|generate|produce|want|see)(?: me)? )?"
    r"(?:(?:another|one more|a similar)|(?P<n>two|three|four|\d{1,2}|some|a few) (?:more|similar|others?))"
    r"(?: (?:one|ones|picture|pictures|image|images|version|versions))? (?:like|similar to) it",
    re.I,
)
_CHINESE = re.compile(
    rf"(?:再|重新)?换(?P<a>{NUMBER})?张(?:图|别的|新的)?|(?:再|重新)?换(?P<b>{NUMBER})?个版本"
    rf"|(?:再)?(?:来|给我|做|画|生成|要|出)?(?P<c>{NUMBER})(?:个|种|张|款)?(?:不同的?)?(?:变体|变化版本?)"
    rf"|(?:再)?(?:来|给我|画|生成)(?P<d>{NUMBER})?张(?:类似|差不多|一样|同样)的?(?:图|图片)?"
    rf"|(?:类似|这样|同样)的?(?:图)?(?:再)?(?:来|画|生成)(?P<e>{NUMBER})张"
)


def read_variation(raw: str) -> list[Wish]:
    """The wish of an English clause that asks for variations of a named picture; else empty."""
    named = find_reference(strip_leads(raw).rstrip("?!. "))
    text = named.text if named else strip_leads(raw).rstrip("?!. ")
    found = _ENGLISH.fullmatch(text) or _ALIKE.fullmatch(text)
    if not found:
        return []
    reference = named.reference if named and named.reference.kind != "current" else None
    many = 3 if re.search(r"(?:variation|variant|alternative)s", text, re.I) else 1
    return [
        Wish(kind="again", reference=reference, num_pictures=count_of(found["n"]) if found["n"] else many)
    ]


def read_chinese_variation(raw: str) -> list[Wish]:
    """The wish of a Chinese clause that asks for another picture of the same; else empty."""
    clause = re.sub(r"^(?:请|麻烦|帮我|给我|能不能|可以)+|(?:吧|吗|呢|啊|[。！!？?\s])+$", "", raw.strip())
    found = _CHINESE.fullmatch(clause)
    if not found:
        return []
    number = next(filter(None, found.groups()), "一")
    return [Wish(kind="again", num_pictures=value(number))]
