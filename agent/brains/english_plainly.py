"""English wishes put plainly before they are read: "I was hoping for a lion" is "I want a lion"."""

from __future__ import annotations

import re

from agent.brains.reading import Wish
from agent.brains.references import Album, Reference

__all__ = ["asked_of_one", "said_plainly"]

_COUNTED = {"one": 1, "two": 2, "three": 3, "four": 4} | {str(number): number for number in range(1, 10)}
_ONCE_MORE = re.compile(r"\b(?:one more time|once more|once again|yet again|another time)\b", re.I)


_ASKING = re.compile(
    r"^(?:what i(?:'d| would)? (?:like|love|want|need)(?: to (?:see|have))? (?:is|would be)"
    r"|would it be (?:too much(?: trouble)?|possible|ok(?:ay)?) (?:if i asked for|to (?:ask for|have"
    r"|get|see|request))"
    r"|(?:may|might|could) i (?:request|ask for)|i(?: was|'m|'d been) hoping for) (?=an?\b|some\b|two\b"
    r"|three\b)",
    re.I,
)
_LONGED_FOR = re.compile(
    r"\b(?:(?:i|we)(?:'d| would) be (?:very |so |really |most )?(?:thankful|grateful|happy|delighted"
    r"|glad|thrilled|pleased)"
    r"(?: for| with| to (?:get|have|see))|it would mean (?:a lot|so much|the world)(?: to (?:me"
    r"|us))? to (?:have|get|see)"
    r"|it(?:'d| would) make my (?:day|week) if you (?:drew|painted|made|could draw|could paint|would draw)"
    r"|(?:i|we)(?:'ve| have) always (?:dreamed of|wanted)) (?=an?\b|some\b)",
    re.I,
)
_ASKED_OF = re.compile(
    r"(?:(?:and )?(?:in|on|about|what about|for) )?(?:#|number |no\.? ?|picture |image |photo |version "
    r"|option )?"
    r"(?P<which>[1-9]|one|two|three|four)\s*[:,\u2013-]\s*"
    r"(?P<asked>(?:what|who|whose|where|which|when|why|how (?:many|much|old|tall|big|far|long)|is|are"
    r"|was|were|does|do|did|has"
    r"|have|any)\b[^?]*\??)",
    re.I,
)
_INSTEAD = re.compile(
    r"^if (?P<what>(?:the|its|his|her) [\w ]+?) (?:was|were)(?= [\w ]+,? (?:it|that|this|i)(?:'d| would"
    r"| might)\b)"
    r"(?P<how>[\w ]+?)(?: instead)?,? (?:it|that|this|i)(?:'d| would| might)\b.*",
    re.I,
)
_OPINION = re.compile(
    r"^i (?:think|feel like|believe|guess) (?=(?:the|it|its|his|her|that|this)\b.*\b(?:too|should"
    r"|needs?|could|ought)\b)",
    re.I,
)
_BUT = re.compile(
    r"^i (?:like|love|prefer) (?P<which>(?:the (?:first|second|third|fourth|last|middle)|#\d+"
    r"|number \w+)(?: one)?),? but",
    re.I,
)


def said_plainly(text: str) -> str:
    """The same wish in the words that the rules know."""
    for pattern, plain in (
        (_LONGED_FOR, "please draw "),
        (_ASKING, "i want "),
        (_INSTEAD, r"make \g<what>\g<how>"),
        (_ONCE_MORE, "again"),
        (_OPINION, ""),
        (_BUT, r"\g<which> but"),
    ):
        text = pattern.sub(plain, text)
    return text


def asked_of_one(text: str, album: Album) -> Wish | None:
    """ "in 3, is the balloon over water?": a question about the picture of that number, if there is one."""
    found = _ASKED_OF.fullmatch(text)
    if not found or album.current is None:
        return None
    reference = Reference(kind="number", index=_COUNTED[found["which"].lower()])
    return (
        Wish(kind="question", text=found["asked"], reference=reference) if album.find(reference).ids else None
    )
