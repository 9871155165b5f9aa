"""Finds the words that name a picture in an English message: "the second one", "#4"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.brains.lexicon import COLORS, NUMBERS, ORDINALS, content_words
from agent.brains.references import Reference

__all__ = ["NamedPicture", "find_reference"]

_PICTURE = (
    r"(?:pictures?|images?|photos?|photographs?|pics?|versions?|ones?|candidates?|drawings?|results?|options?"
    r"|paintings?|renders?|variants?|variations?|attempts?|tries|try|screenshots?)"
)
_ORDINAL = "|".join(sorted(map(re.escape, ORDINALS), key=len, reverse=True))
_SENT = (
    r"(?:uploaded|sent|attached|shared|gave you|posted|provided|added earlier|uploaded "
    r"earlier|sent you|sent earlier)"
)
_END = (
    r"(?=$|[,.;!?]| and | but | then | instead| again| please| so | with | to | into | in "
    r"| at | on | by | blue| red)"
)
_LETTER = (
    r"(?P<l>[a-d]|[ -][b-d]\b(?! \w+ing)|[ -]a\b(?= *(?:$|[,.;:!?]| (?:and|with|in|at|but|again"
    r"|please|to|on|is|was))))?"
)


@dataclass(frozen=True, kw_only=True)
class NamedPicture:
    """A reference and the text in which "it" now stands for it."""

    reference: Reference
    text: str


def find_reference(text: str) -> NamedPicture | None:
    """The first explicit naming of a picture; None where there is only "it" or nothing."""
    for pattern, read in _PATTERNS:
        found = re.search(pattern, text, re.I)
        reference = read(found) if found else None
        if found and reference:
            rest = f"{text[: found.start()]} it {text[found.end() :]}"
            return NamedPicture(reference=reference, text=re.sub(r"\s+(?=[\s,.;:!?]|$|')", "", rest).strip())
    return None


def _number(found: re.Match[str]) -> Reference:
    word, letter = found["n"].lower(), (found.groupdict().get("l") or "").strip().lower()
    index = int(word) if word.isdecimal() else NUMBERS.get(word, 0)
    return Reference(kind="number", index=index, letter=letter)


def _ordinal(found: re.Match[str]) -> Reference:
    index = ORDINALS[re.sub(r"\s+|-", " ", found["o"].lower())]
    groups = found.groupdict()
    words = content_words(groups.get("w") or "")
    is_in_group = not (groups.get("very") or "") and (
        re.search(r"\b(?:ones?|candidates?|options?|variants?|variations?)\b", found[0], re.I) is not None
        or re.search(r"\b(?:left|right|middle|leftmost|rightmost)\b", found[0], re.I) is not None
        or re.search(r"\b(?:pictures?|images?|photos?|versions?)\b", found[0], re.I) is not None
    )
    return Reference(kind="ordinal", index=index, words=words, is_in_group=is_in_group)


def _ordinal_of(found: re.Match[str]) -> Reference:
    """ "the first of all" counts everything, "the last of those" what was shown last."""
    index, pool = ORDINALS[found["o"].lower()], found["of"].lower()
    if pool in ("it", "this", "that") and index == 1:
        return Reference(kind="original")
    return Reference(kind="ordinal", index=index, is_in_group=not pool.startswith("all"))


def _in_group(found: re.Match[str]) -> Reference:
    return Reference(kind="ordinal", index=ORDINALS.get(found["o"].lower(), 2))


def _several(found: re.Match[str]) -> Reference:
    count = NUMBERS.get(found["n"].lower()) or int(found["n"])
    return Reference(kind="several", index=count if found["o"].lower() == "first" else -count)


def _upload(found: re.Match[str]) -> Reference:
    order = (found.groupdict().get("o") or "last").lower()
    return Reference(kind="upload", index=ORDINALS.get(order, -1))


def _around(found: re.Match[str]) -> Reference | None:
    words = content_words(found["w"])
    if not words:
        return None
    is_before = found["k"].lower() in ("before", "without", "prior to")
    return Reference(kind="before" if is_before else "after", words=words)


def _described(found: re.Match[str]) -> Reference | None:
    groups = found.groupdict()
    words = content_words(named_thing(groups.get("w") or "")) | content_words(
        named_thing(groups.get("with") or "")
    )
    without = content_words(groups.get("without") or "")
    return Reference(kind="described", words=words, without=without) if words or without else None


def named_thing(words: str) -> str:
    """Up to the thing named: of "kite blue" only the kite, of "red car" both."""
    kept: list[str] = []
    for word in words.split():
        is_look = word.lower() in COLORS or word.lower() in (
            "bigger",
            "smaller",
            "darker",
            "brighter",
            "larger",
        )
        if is_look and any(each.lower() not in COLORS for each in kept):
            break
        kept.append(word)
    return " ".join(kept)


def _original(found: re.Match[str]) -> Reference:
    return Reference(kind="original")


def _back(found: re.Match[str]) -> Reference:
    return Reference(kind="back")


def _all(found: re.Match[str]) -> Reference:
    return Reference(kind="all")


def _current(found: re.Match[str]) -> Reference:
    return Reference(kind="current")


_NP = (
    r"(?:(?!(?:once|again|most|please|thanks|instead|now|more|back|again|best|better|should|must"
    r"|could|would|is|are|was|needs|looks|and|but|then|to|before|after|with|without|in|on|it)\b)[\w'-]+)"
)
_PATTERNS = (
    (
        r"\b(?:the )?(?:candidate|option|variant|choice)\s+(?:number |no\.? ?|#)?(?P<n>[1-8]|one|two"
        r"|three|four)\b(?! of)",
        lambda found: Reference(kind="ordinal", index=NUMBERS.get(found["n"].lower()) or int(found["n"])),
    ),
    (
        rf"\b(?:the )?(?P<very>very )?(?P<o>{_ORDINAL})(?: (?:{_PICTURE}))? of (?P<of>(?:it|this"
        r"|that)\b(?: all)?|all(?: of them| pictures)?\b"
        r"|(?:the |those |these |all )?(?:two|three|four|five|\d)(?: \w+)?|(?:them|those|these)(?: all)?\b)",
        _ordinal_of,
    ),
    (
        rf"\bthe (?:one|{_PICTURE}) (?:right |just )?before the (?:last|latest|newest)(?: (?:one"
        rf"|{_PICTURE}))?\b",
        lambda found: Reference(kind="ordinal", index=-2),
    ),
    (
        r"\b(?:the )?(?:picture|image|photo|version|option|candidate|pic|result)\s+(?:number "
        r"|no\.? ?|nr\.? ?|#)?"
        rf"(?P<n>\d+|one|two|three|four|five|six){_LETTER}\b(?! (?:of|cats|dogs))",
        _number,
    ),
    (rf"(?<![\w])#\s?(?P<n>\d+){_LETTER}\b", _number),
    (
        rf"\b(?:number|numero|no\.|nr\.?|handle) ?#?(?P<n>\d+|one|two|three|four|five|six){_LETTER}\b"
        r"(?! of)",
        _number,
    ),
    (r"(?<![\w#.$])(?![234]d\b)(?P<n>\d{1,3})(?P<l>[a-d])\b", _number),
    (
        rf"\b(?:the|my) (?:(?P<o>{_ORDINAL}) )?(?:uploaded|upload(?:ed)?|attached) ?(?:{_PICTURE})?\b"
        r"|\bmy (?:own |uploaded |original )?(?:photo|picture|image|pic|selfie|snapshot"
        r"|photograph|upload|drawing|sketch)\b"
        rf"|\bthe (?:{_PICTURE}) (?:that |which )?i(?:'ve| have)? (?:just |had )?{_SENT}\b(?: you)?"
        rf"|\bthe (?:one|picture|photo) from my (?:phone|camera|computer)\b|\bthe upload\b"
        rf"|\bthe photo\b(?! of| with| without| that has)",
        _upload,
    ),
    (
        rf"\b(?:the )?(?:one|{_PICTURE}|version)? ?(?:right |just )?(?P<k>before|prior to"
        rf"|after) (?:you |i |we )?(?:(?:added|put|gave)"
        rf"(?: it| him| her| on| in)? )?(?:the |a |an |it (?:got|had|became|was|turned) "
        rf")(?P<w>{_NP}(?: {_NP})?)"
        r"(?: (?:was|were|edit|change|came|got)(?: added| put on)?)?",
        _around,
    ),
    (
        rf"\b(?:the )?(?P<a>{_ORDINAL})(?: (?:{_PICTURE}))?(?:,| and| &) (?:the )?(?P<b>{_ORDINAL})(?: "
        rf"(?:{_PICTURE}))?\b(?! \w+ly\b)",
        lambda found: Reference(
            kind="several", places=(ORDINALS[found["a"].lower()], ORDINALS[found["b"].lower()])
        ),
    ),
    (
        rf"\b(?:the )?(?P<o>first|last) (?P<n>two|three|2|3)(?: (?:{_PICTURE}|of them))?\b(?! \w+s\b)",
        _several,
    ),
    (
        rf"\b(?:the |that )?(?:{_PICTURE}) (?:on|to|at|in) the (?:far )?(?P<o>left|right|middle"
        r"|cent(?:er|re))\b",
        _in_group,
    ),
    (rf"^(?P<o>{_ORDINAL}) (?:{_PICTURE})\b(?! of)", _ordinal),
    (r"^original(?=,| but\b| with\b| in\b| as\b|$)", _original),
    (r"^(?:prior|previous|earlier) (?:version|one|picture|image|state)$", _back),
    (
        r"^(?P<o>left|right|middle|leftmost|rightmost) (?P<w>[a-z]+)\b(?= (?:in|with|without|wearing"
        r"|but|at|on)\b)",
        _in_group,
    ),
    (r"^(?P<o>first|second|third|fourth|1st|2nd|3rd|4th|last)$", _ordinal),
    (
        rf"\b(?:this|our) (?:chat|conversation|session)'s (?P<o>{_ORDINAL}) (?:{_PICTURE})|\bthe "
        rf"(?P<o2>{_ORDINAL}) (?:{_PICTURE}) "
        r"(?:in|of) (?:this|our|the) (?:chat|conversation|session)\b",
        lambda found: Reference(
            kind="ordinal", index=ORDINALS[(found["o"] or found["o2"]).lower()], is_in_group=False
        ),
    ),
    (
        rf"\b(?:the )?(?P<very>very )(?P<o>{_ORDINAL})(?: (?:{_PICTURE}))?\b",
        _ordinal,
    ),
    (
        (
            rf"\b(?:the|that|your|our|my) (?P<o>{_ORDINAL}) (?P<w>(?:{_NP} )?)?(?:{_PICTURE})\b(?: "
            rf"you (?:made|drew|showed(?: me)?))?"
        ),
        _ordinal,
    ),
    (
        (
            rf"(?<!on )(?<!to )(?<!at )\b(?:the )(?P<o>{_ORDINAL}) (?P<w>(?!\w+ing\b|time|thing|step"
            r"|place|edit"
            rf"|change|line|row"
            rf"|floor|half|side|hand|wheel|eye|ear|corner|part|man|woman|person){_NP})\b(?= "
            rf"(?:again|back|and|in|with|at|but|should|please|bigger|blue|red|green)|$|,)"
        ),
        _ordinal,
    ),
    (
        (
            r"\bthe (?P<o>first|second|third|fourth|2nd|1st|3rd|4th|last)\b(?= (?:\w{3,}er\b|with"
            r"|without|in|at|on|and|but|please"
            r"|again|instead|was|is|looks?|looked)\b|[,.!]|$)"
        ),
        _ordinal,
    ),
    (
        rf"\bthe (?:original|initial|starting|unedited|unmodified|untouched)(?: "
        rf"{_PICTURE})?\b(?! colou?r| size)|\bhow it (?:was|looked) (?:at|in) the (?:very )?(?:start"
        rf"|beginning)\b|\bhow it (?:originally )?(?:was|looked) "
        rf"(?:originally|at first|in the beginning|at the start)\b"
        r"|\bthe (?:very )?(?:beginning|start)\b(?= *$|[,.!]| and)",
        _original,
    ),
    (
        rf"\bthe (?:previous|prior|preceding|earlier|former|last-but-one) (?:{_PICTURE}|state"
        rf"|step|edit)\b|\bthe (?:one|{_PICTURE}) (?:just |right )?"
        r"(?:before|earlier|previously)(?: (?:that|this|it|the last one|the last edit|the edit|last))?\b"
        r"|\bthe previous\b|\b(?:how|what|the way) it (?:was|looked)(?: like)?(?: before| "
        r"earlier| previously)?\b|\bbefore (?:that|the last (?:edit|change))\b",
        _back,
    ),
    (
        (
            rf"\b(?:both|all|each)(?: (?:of )?(?:them|these|those|the {_PICTURE}|{_PICTURE}|(?:two"
            rf"|three|four)(?: of them)?))\b|\bboth\b(?= *$| (?:as|in|with|without|black|white|orange"
            rf"|purple|pink|brown|blue|red|green"
            rf"|yellow|bigger"
            rf"|smaller|at|darker|brighter))|\b(?:every|each) (?:one|{_PICTURE})\b|\bthem (?:all"
            rf"|both)\b"
        ),
        _all,
    ),
    (
        (
            rf"\bthe (?:{_PICTURE}) (?:that (?:has|shows|had)|which has|with|showing|of|that's"
            rf"|that is|where (?:it is|it's|it was|there is|there was|the \w+ (?:is|was)))(?: the| "
            rf"a| an| only| just| still){{0,2}} (?P<with>{_NP}(?: {_NP})?)\b"
        ),
        _described,
    ),
    (
        (
            rf"\bthe (?:{_PICTURE}) (?:without|that has no|with no|where there's no)(?: the| a| an"
            rf"| any)? (?P<without>{_NP}(?: {_NP})?)\b"
        ),
        _described,
    ),
    (
        (
            r"\b(?:the|that) (?P<w>(?:(?!(?:an?|as|into|is|are|was|were|should|of|to|on|in|for"
            r"|previous|new|next|same|other|whole|current|entire|this"
            rf"|that|one)\b)[\w'-]+ ){{1,3}}?)(?:{_PICTURE})\b"
            rf"(?: (?:without|with no) (?:the |an? |any )?(?P<without>{_NP}))?"
        ),
        _described,
    ),
    (
        (
            rf"\b(?:this|that|these|the|the current|the new|the same|the whole|the entire)(?: one| "
            rf"{_PICTURE})\b(?! of)"
        ),
        _current,
    ),
)
COLOR = "|".join(COLORS)
