"""Reads English questions: about a picture (and which ones), or about the world."""

from __future__ import annotations

import re

from agent.brains import english_talk as talk
from agent.brains.english_combine import about, all_references
from agent.brains.english_references import find_reference
from agent.brains.english_shape import ASPECTS
from agent.brains.lexicon import content_words
from agent.brains.reading import Wish
from agent.brains.references import Album, Reference

__all__ = ["is_question", "question", "reads_text", "to_choose_from"]

_CHOICE = re.compile(
    r"\b(?:which (?:(?:do|would|should|is|looks?|are) |one|of (?:these|them|those|the)|picture|photo"
    r"|image|version)|what(?:'s| is)"
    r" the difference"
    r"|compare|both|between (?:them|these|the))\b",
    re.I,
)
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "两": 2, "三": 3, "四": 4, "五": 5}
_OF_SEVERAL = re.compile(
    r"\bwhich (?:one )?of (?:the|these|those|all)\b(?!.*\b(?:first|last|second)\b)", re.I
)
_READ_IT = re.compile(
    r"(?:follow|obey|execute|do|carry out) (?:the |these |those )?(?:instructions?|orders?|commands?"
    r"|steps|what(?:ever)? (?:it|that|the \w+"
    r"|is) (?:says?|written|asks?|reads?))\b.*|(?:do|follow) (?:as|what) (?:it|the \w+) (?:says|asks"
    r"|tells you)\b.*",
    re.I,
)
_TEXT_IN_IT = re.compile(
    r"(?:please )?(?:(?:can|could) you )?(?:(?:translate|transcribe|summari[sz]e|read out|extract"
    r"|copy out|decipher|make out"
    r"|spell(?: out)?|type(?: out| up)?) (?:the|this|that|it|what)\b|(?:sum|type|write) (?:it|this"
    r"|that) (?:up|out)\b"
    r"|translate(?: please)?\W*$|put (?:the (?:text|words|writing)|it|this|that|what it says) (?:in"
    r"|into) (?:english|chinese"
    r"|german|french|spanish|italian|plain words)\b)",
    re.I,
)
_ASKED_OF_IT = re.compile(
    r"(?:what(?! (?:if|about|would|can|could|should))|when|who|whose|where|which|why"
    r"|is(?! (?:it possible|there (?:a way|any way"
    r"|any chance)))|are|was|were|does|did|has|how (?:much|many|old|long|tall|big|far|do (?:i"
    r"|you) (?:pronounce|say|read))"
    r"|(?:can|could) you (?:read|make out|tell|spell|see|guess)|.*\bcan't (?:read|make out|see"
    r"|tell)\b)\b.*",
    re.I,
)
""" Of a picture just sent, nearly every question is about it."""
_OF_US = re.compile(
    r"\b(?:can|could|would|will|should|do|did|are) (?:you|i|we|they) (?!read|make out|see|tell|guess"
    r"|spell|recogni|know|think)\w+"
    r"|\b(?:your|stored?|saved?|deleted?|uploaded|cost|costs|price of|credits?|format|megabytes?|mb)\b",
    re.I,
)
_OF_FILES = re.compile(
    r"(?:what|where|how long|what happens|when|are|is|do|does|will)\b.*\b(?:stored?|saved?|deleted?|kept"
    r"|keep|backed up|uploaded to|shared|hidden|private|cost|costs|price)\b",
    re.I,
)
_SUPPOSES = re.compile(r"(?:what|how) would\b.*\blook\b", re.I)
_SEEN = (
    r"(?:it|this|that|these|those|him|her|them|his|their|what|where|who|if|whether|how|everything"
    r"|anything|all|each|both|"
    r"objects?|colou?rs?|(?:the|my|our|any|some) )"
)
_SAYING = re.compile(
    r"(?:please )?(?:(?:can|could|would) you (?:please )?)?(?:"
    rf"(?:rate|review|judge|evaluate|critique|critici[sz]e|guess|identify|recogni[sz]e|list|name|spot"
    rf"|count|estimate|caption|title"
    rf"|describe|explain|interpret|analy[sz]e|summari[sz]e|transcribe|assess|rank|compare|comment on"
    rf"|look at|tell me"
    rf"|say) (?:me )?{_SEEN}"
    r"|(?:write|give (?:me|it|this)|make|suggest|find|think of|come up with|create) (?:me )?(?:an? "
    r"|some |the )?(?:\w+ )?"
    r"(?:alt[- ]?text|captions?|titles?|description|headline|hashtags?|tags|summary)\b.*\b(?:it|this"
    r"|that|these|pictures?|photos?|images?)\b"
    r"|(?:does|is|do) any(?:thing|one|body) |which (?:one )?(?:is|looks|was) (?:the )?\w+(?:er|est)\W*$"
    r"|(?:do you )?(?:see|spot|notice|find) any(?:thing|one|body)?\b"
    r"|(?:is |there's )?any(?:thing|one|body)? (?:unusual|wrong|missing|strange|odd|weird|special|off"
    r"|interesting)\b"
    r"|any (?:idea|clue|guess) (?:where|who|what|when|how old|which)(?: \w+)? (?:this|it|that|he|she"
    r"|they|the)\b"
    r"|do you (?:know|happen to know|have any idea|recogni[sz]e) (?:where|who|what|when|which|how|him"
    r"|her|it|this|that)\b"
    r"|(?:is (?:it|this) |would (?:it|this) be )?good enough (?:for|to)\b|could (?:these|they|both) be\b"
    r"|check (?:if|whether|that|for) |(?:what|which) (?:colou?rs?|style|technique|medium|palette) did you\b"
    r"|(?:i )?(?:need|want|would like) (?:an? )?(?:\w+ )?(?:descriptions?|captions?|titles?"
    r"|alt[- ]?text|summary) (?:of|for)"
    r" (?:it|this|that|the (?:picture|photo|image))\b|would you (?:call|consider) (?:it|this|that|him|her)\b"
    r"|what (?:exactly )?did you (?:just )?(?:draw|paint|make|create)\b"
    r"|(?:can|could) you (?:still |also )?(?:see|spot|find|make out) (?!me\b|my\b|us\b|what you"
    r"|(?:pictures|images|photos|colou?rs|things|well)\b)\w+"
    r"|(?:would|do) you (?:say|think|guess|believe) (?:that )?(?:it|he|she|they|this|that|there|the) "
    r"|what (?:do|did|can) you (?:notice|see|spot)\b|how(?:'s| is| are) the (?:composition|lighting"
    r"|light|mood|quality|colou?rs?|style|contrast)\b"
    r"|would (?:this|it|that) (?:work|do|fit|be (?:good|suitable|ok|fine|enough)|pass) (?:as|for|on|in"
    r"|with)\b"
    r"|say (?:he|she|it|they|this|that)(?:'s|'re| is| are| was| were)\b|what(?:'s| is"
    r"| are) the differences?(?: here)?$"
    r"|how would you (?:title|describe|caption|call|rate|name) (?:it|this|that|the)\b|what(?:'s| has"
    r"| is)? changed\b"
    r")",
    re.I,
)
_ASKED_OF_UPLOAD = re.compile(
    r"(?:so,? )?(?:what do you (?:think|say)|do you like|how do you like|thoughts|opinions?"
    r"|your (?:opinion|take|thoughts))\b.*",
    re.I,
)
_IN_THAT_ONE = re.compile(
    r"^(?:in|on|at|for|of) (?:the|this|that|my) (?:\w+ )?(?:picture|image|one|photo|version"
    r"|drawing),? (?=(?:is|are|was|were|what|who"
    r"|how|does|do|did|where|why|which|can)\b)",
    re.I,
)
_COMPARED = re.compile(
    r"\b(?:compar\w+|than|versus|vs|different from|difference|like)\b.*\b(?:this|it|these)\b", re.I
)


_WHICH_OF_THEM = re.compile(
    r"which (?P<thing>\w+) (?:is|looks?|seems?|has|would) (?:the )?(?:\w+est|most|least|best|better|more)\b",
    re.I,
)
_AT_THE_END = re.compile(
    r".{8,}, (?P<asked>what (?:do|can) you (?:see|think|make of it|say)|thoughts|any thoughts"
    r"|what is (?:it|this|that)"
    r"|who is (?:it|this|that|he|she)|where (?:is|was) (?:it|this|that))\W*",
    re.I,
)


def is_question(clause: str, raw: str, album: Album) -> bool:
    """A question about a picture, not about the world or about us."""
    if album.context.uploads and _AT_THE_END.fullmatch(clause):
        return True
    if reads_text(clause, album) or asks_for_words(clause, album):
        return True
    clause = _IN_THAT_ONE.sub("", clause)
    if not (
        talk.QUESTION.match(clause) or (raw.rstrip().endswith("?") and talk.QUESTION_ANYWHERE.search(clause))
    ):
        return False
    if _OF_FILES.match(clause) or talk.GENERAL_QUESTION.search(clause) or _SUPPOSES.match(clause):
        return False
    if talk.PICTURE_WORD.search(clause) or album.context.uploads:
        return True
    if re.search(
        r"\b(?:that|this|it|the \w+) (?:on|in|at) the (?:left|right|middle|background|picture|corner"
        r"|foreground)\b",
        clause,
        re.I,
    ):
        return True
    if album.current is None:
        return (
            re.match(
                r"what (?:do|can) you see (?:in|on) (?:it|this|that)\b|what(?:'s| is) (?:in|on) it\b",
                clause,
                re.I,
            )
            is not None
        )
    of_them = _WHICH_OF_THEM.match(clause)
    if len(album.context.pictures) > 1 and (
        _CHOICE.search(clause) or (of_them and is_in_view(of_them["thing"], album))
    ):
        return True
    if (
        find_reference(clause)
        or re.search(r"\byou(?: can)? see\b", clause, re.I)
        or talk.POINTING.search(clause)
    ):
        return True
    known = frozenset[str]().union(*(album.words(each) for each in album.context.pictures))
    definite = re.search(r"\b(?:the|there|his|her|its|any)\b", clause, re.I)
    return bool(
        definite and (content_words(clause) & known or re.search(r"\bthere\b|\bbackground\b", clause, re.I))
    )


def asks_for_words(clause: str, album: Album) -> bool:
    """ "rate it", "guess his age", "a caption for this": words on what the picture shows are wanted."""
    if album.current is None:
        return False
    if album.context.uploads and _ASKED_OF_IT.match(clause) and not _OF_US.search(clause):
        return True
    if album.context.uploads and _ASKED_OF_UPLOAD.fullmatch(clause.rstrip("?!. ")):
        return True
    said = _SAYING.match(clause)
    if not said:
        return False
    if re.search(r"\bdifferences?\b|^which\b", clause, re.I):
        return len(album.context.pictures) > 1
    named = re.search(r"(?<!^)\b(?:the|my|our|any|some) (?P<thing>[\w ]+)", clause, re.I)
    return named is None or is_in_view(named["thing"], album)


def is_in_view(thing: str, album: Album) -> bool:
    """Something that the pictures here show, or what every picture has."""
    known = frozenset[str]().union(*(album.words(each) for each in album.pictures))
    of_any = (
        "picture photo image drawing composition lighting light mood quality style text word writing title "
        "object thing mistake error flaw"
    )
    words = content_words(thing)
    return not words or bool(words & (known | ASPECTS | frozenset(of_any.split())))


def reads_text(clause: str, album: Album) -> bool:
    """ "do what the note says", "translate it": what stands in a picture is told, never obeyed."""
    return bool(album.context.uploads) and bool(_READ_IT.fullmatch(clause) or _TEXT_IN_IT.match(clause))


def question(clause: str, album: Album) -> Wish:
    """The question with all the pictures it is about."""
    named = [each for each in all_references(clause) if each.kind != "current"]
    if named and _COMPARED.search(clause):
        named.append(Reference(kind="current"))
    named = [] if _OF_SEVERAL.search(clause) else named
    if not named and len(album.context.pictures) > 1:
        named = one_or_the_other(clause, album)
    is_choice = _CHOICE.search(clause) or _WHICH_OF_THEM.match(clause)
    if not named and is_choice and len(album.context.pictures) > 1:
        named = list(to_choose_from(album, clause))
    first = named[0] if named else about(clause, album)
    return Wish(kind="question", text=clause, reference=first, others=tuple(named[1:]))


def one_or_the_other(clause: str, album: Album) -> list[Reference]:
    """ "which is taller, the lighthouse or the bridge": the pictures that show them, where those are two."""
    found = re.search(r"\bthe (?P<one>\w+) (?:or|and|than) the (?P<other>\w+)\W*$", clause, re.I)
    if not found:
        return []
    shown = [
        each
        for name in ("one", "other")
        for each in album.find(Reference(kind="described", words=content_words(found[name]))).ids
    ]
    if len(set(shown)) != 2:
        return []
    pictures = (album.by_id[each] for each in shown)
    return [Reference(kind="number", index=each.number, letter=each.letter) for each in pictures]


def to_choose_from(album: Album, clause: str = "") -> tuple[Reference, ...]:
    """The pictures side by side, else as many of the last as are said, else two."""
    said = re.search(
        r"\b(?:of|between) (?:the|these|those|all) (two|three|four|five)\b|[这那](两|三|四|五)[张个幅]",
        clause,
        re.I,
    )
    wanted = _COUNTS[(said[1] or said[2]).lower()] if said else 2
    if not said and re.search(
        r"\b(?:these|those|all(?: the)?) (?:pictures|images|versions|drawings)\b|这些图|这几张", clause, re.I
    ):
        wanted = 4
    pictures = album.group if len(album.group) > 1 else album.pictures[-wanted:]
    return tuple(Reference(kind="number", index=each.number, letter=each.letter) for each in pictures)
