"""English wishes that do not begin with their order: told first, taken back half-way, wrapped in courtesy."""

from __future__ import annotations

import re

from agent.brains.things import is_abstract, is_visible

__all__ = ["inner_order", "is_order_for_it", "kept_wish", "scene"]

_I = re.IGNORECASE
_TAKEN_BACK = re.compile(
    r"(?:[,.;!?]+|\s-+|\u2014)\s*(?:(?:oh|ah|er|um|hmm?)\b[ ,.]*)?(?:no[,!. ]+(?:wait|sorry"
    r"|actually)\b|wait[,!. ]+"
    r"(?:no|actually)\b|(?:no,? )?i mean\b(?! it| that)|or rather\b|sorry,? (?:i meant|no)\b|actually,? no\b"
    r"|(?:no,? )?make that\b|on second thou?ghts?\b|strike that\b|no, better\b)[,.! ]*(?:let's (?:do"
    r"|have|try) )?",
    _I,
)
_ORDER = (
    r"(?:draw|paint|sketch|illustrate|doodle|generate|create|render|design|depict|make|add|put"
    r"|give|turn|remove|undo|change)"
)
_ORDERS = re.compile(rf"^(?:please |rather |better |just )*(?P<order>{_ORDER}\b(?: me| us)?)", _I)
_FOR_IT = re.compile(
    r"(?:please |just )*(?:(?:draw|paint|sketch|illustrate|render|generate|create|picture|make|do|try)"
    r" (?:it|that|this|this one|one|that one|such a (?:picture|thing)|something like (?:that|this)"
    r"|exactly that)"
    r"|make (?:that|this|it) (?:real|happen|come true|for me|into a picture|a picture)"
    r"|(?:turn|put) (?:that|this|it) (?:in)?to (?:a |an )?(?:picture|image|drawing)"
    r"|(?:draw|paint|sketch|illustrate)|is that (?:doable|possible)|would that work|give it a (?:try"
    r"|go|shot)|show (?:it|that|this)(?: to)?(?: me)?|show me(?: please)?)"
    r"(?: for (?:me|her|him|us|them))?(?: please)?",
    _I,
)
_SCENE = re.compile(
    r"\b(?:an?|two|three|four|five|six|some|my|our|the) (?!lot\b|bit\b|few\b|kid\b|son\b|daughter\b"
    r"|picture of\b)\w.*",
    _I,
)
_TELLS = re.compile(
    r".*?\b(?:picturing|imagining|imagine|thinking of|dreaming of|dreamt of|dreamed of|about|see|saw"
    r"|have|had|is|was"
    r"|like|love|want|wants|wanted|need|how would|what would|know|there's|there is)\b(?: me"
    r"| you)?(?= (?:an?|two|three"
    r"|some|my|the)\b)",
    _I,
)
_COURTESY = re.compile(
    r"^(?:i(?:'d| would|'ll| will| am|'m)?|it(?:'d| would|'s| is)|would|could|can|might|may|is|are|do"
    r"|if|my|our|we"
    r"|he|she|they|the|please|any|maybe|perhaps|what|how|to|for)\b",
    _I,
)
_INNER = re.compile(
    r"\b(?:to|you|and|could|can|please|would|kindly|just|possibly|chance of|consider|mind|up to|try|for|us)"
    r" (?P<order>(?:draw|paint|sketch|illustrat|doodl|generat|creat|render|depict)(?:e|ing)?(?: me| us"
    r"| him| her)? "
    r"(?P<what>(?:an?|the|some|two|three|four|five|six|one|my|our|her|his|\d+) .+))",
    _I,
)
_PAST_OR_MAYBE = re.compile(
    r"\b(?:learn|how to|used to|know how|teach|taught|asked|told|if i|if we|suppose|when i|why|ever"
    r"|tried to|try to learn"
    r"|hard to|easy to|able to|takes? to|long|cost|much|never|not|n't|who|were to|afraid|went|class"
    r"|course|hate|hated"
    r"|like to|likes to|love to|loves to|loved to|started to|going to|allowed)\b",
    _I,
)


def kept_wish(text: str) -> str:
    """What is left of "draw a cat, no wait, a dog": "draw a dog"."""
    parts = _TAKEN_BACK.split(text)
    if len(parts) < 2:
        return text
    said, meant = parts[-2].strip(" ,.;!?-"), parts[-1].strip(" ,.;!?-")
    if not meant or not said:
        return text
    first = _ORDERS.match(said)
    is_name = re.match(r"(?:an?|the|some|two|three|four|five|six|one|\d+) ", meant, _I) and not _ORDERS.match(
        meant
    )
    if first and is_name and not re.search(r"\bit\b", said, _I):
        return f"{first['order']} {meant}"
    changed = re.match(
        r"(?P<head>(?:make|paint|turn|colou?r|dye) (?:it|him|her|them|the [\w ]+?)) \w+$", said, _I
    )
    if changed and re.fullmatch(r"\w+(?: \w+)?", meant):
        return f"{changed['head']} {meant}"
    return meant


def is_order_for_it(clause: str) -> bool:
    """ "draw it", "could you make that real": an order for what was told before."""
    return _FOR_IT.fullmatch(clause.strip(" .!?,")) is not None


def scene(before: str) -> str:
    """The scene that earlier words tell of: "I keep picturing an elephant ..."; empty when there is none."""
    for clause in reversed(re.split(r"[.!?;]+\s+|\n", before.strip())):
        clause = clause.strip(" .!?,")
        told = _TELLS.match(clause)
        found = _SCENE.search(clause, told.end() if told else 0)
        this = re.match(r"there(?:'s| is) this (?P<what>.+)", clause, _I)
        if this and is_visible(this["what"]):
            return f"a {this['what']}"
        if found and is_visible(found[0]) and not is_abstract(found[0]):
            return re.sub(
                r",? (?:look(?: like)?|be like|be nice|be fun|be cute|again)$", "", found[0], flags=_I
            )
    return ""


def inner_order(clause: str) -> str:
    """The order inside a courtesy: "I'd be glad if you found time to paint a castle"; else empty."""
    found = _INNER.search(clause)
    if not found or not _COURTESY.match(clause) or _PAST_OR_MAYBE.search(clause[: found.start("order")]):
        return ""
    if not is_visible(found["what"]) or is_abstract(found["what"]):
        return ""
    return re.sub(r"^(\w+?)ing\b", r"\1", found["order"], flags=_I)
