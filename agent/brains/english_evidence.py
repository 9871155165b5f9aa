"""What an English clause is about when no form of asking fits: weighed by what it names."""

from __future__ import annotations

import re

from agent.brains.english_edits import as_instruction
from agent.brains.english_shape import ASPECTS, is_statement
from agent.brains.lexicon import COLORS, content_words, singular
from agent.brains.reading import Wish
from agent.brains.references import Album
from agent.brains.things import is_abstract, is_visible, nouns

__all__ = ["asks_of_picture", "contrast", "is_part", "likely_change", "stated_change", "wanted_picture"]

_I = re.IGNORECASE
_PARTS = frozenset(
    """
    wing tail ear eye nose mouth tongue tooth beard moustache mustache hair fur horn paw leg arm hand foot
    head neck
    hat cap helmet crown scarf glasses sunglasses monocle tie bowtie collar cape mask glove shoe boot
    jacket coat
    sweater dress skirt shirt necklace earring ring ribbon bow bell backpack stripe spot dot freckle smile
    frown
    eyebrow eyelash lipstick shadow reflection halo sparkle steam smoke leash handle wheel roof chimney
    antenna
    """.split()
)
_MORE_ASPECTS = frozenset(
    "style mood season weather text letter writing sign title caption room place expression feeling "
    "frame border"
    " atmosphere setting era sun object animal person people subject".split()
)
_ASKING = re.compile(
    r"(?:so,? |and |but |tell me,? )?(?:what(?:'s|s| is| are| was| does| do| did| would| kind| sort| "
    r"colou?r)?|why|where(?:'s)?|who(?:'s"
    r"|se)?|how (?:many|much|old|big|tall|long|far|high|wide|deep|heavy|does|do|is|are|would you)"
    r"|which|would you (?:say|call|describe|guess)|is|are|does|did|was|were|has"
    r"|do you (?:think|see|know)|(?:can|could) you (?:see|tell|guess|make out|read|count|spot|translate))\b",
    _I,
)
_SUPPOSING = re.compile(
    r"^(?:what|how) (?:if|about)\b|\bwould\b.*\blook\b|\bis it (?:possible|ok|okay|hard|easy)\b", _I
)
_OF_US = re.compile(
    r"\byou(?: \w+)? (?:make|made|do(?:ing)?|draw|drew|paint|learn|create|generate|edit|change|use"
    r"|save|store|keep|need|work|take|offer"
    r"|cost|sell|support|handle|like best about)\b"
    r"|\b(?:which|what) (?:model|engine|software|program|app|tool|ai|network) (?:made|did|drew"
    r"|generated|created|is|was|are|do)\b|\b(?:stored|saved|deleted|kept|backed up|uploaded "
    r"to|cost|price|download|print|copyright"
    r"|license|licence|account|resolution limit)\b",
    _I,
)
_OF_PICTURE = re.compile(
    r"\b(?:the|this|that|his|her|its|their|these|those|any|there|first|second|third|last) (?:\w+ "
    r")?(?P<thing>[a-z]+)",
    _I,
)
_WANTS = re.compile(
    r"\b(?:needs?|wants?|would (?:like|love|need)|'d (?:like|love)|looking for|wish (?:i|we) had"
    r"|could use|hoping (?:for|to get)|asking for|trouble you for"
    r"|be (?:delighted|grateful|happy|glad|thrilled)(?: for| about| with)?(?= an? )|to receive|appreciate"
    r"|asked (?:me )?for|in need of|time for|love to have|want to (?:see|have|get)|how about|what "
    r"about|(?:make|get|draw|do|give) (?:me|us))"
    r"(?: to (?:see|have|get))? (?P<what>(?:an?|some|two|three|four|one|\d) [^.?!]+)",
    _I,
)
_PICTURE_OF = re.compile(
    r"(?P<n>an?|some|two|three|four|one|\d) (?:[\w-]+ ){0,2}?(?:pictures?|images?|photos?|drawings?"
    r"|illustrations?|portraits?|posters?|logos?"
    r"|paintings?|cards?|banners?|flyers?|covers?|stickers?|icons?|wallpapers?|sketch(?:es)?)(?: (?:of"
    r"|with|showing|featuring|depicting) |$)",
    _I,
)
_NEVER = re.compile(
    r"\b(?:not|n't|never|used to|had|was|were|yesterday|last (?:week|year|month|time|night)|ago|if "
    r"(?:i|we|you)|suppose|why|who|when|said|told)\b",
    _I,
)
_PERSONAL = re.compile(
    r"(?:i|we|my|our|you|your|they|people|someone|everyone|nobody|he said|she said|this (?:is|was)"
    r"|that (?:is|was)|it (?:is|was)|it's|that's"
    r"|there (?:is|are|was|were)|there's|let's|thanks?|thank|why|how|what|who|when|where|which|whose"
    r"|is|are|do|does|did|if|because"
    r"|(?:ha)+h?|he he|lo+l|omg|aw+|ugh|the (?:face|way|look) (?:he|she|it)|good|nice|great|cool"
    r"|lovely|wow|haha|lol|ok|okay|yes|no|never|not)\b",
    _I,
)
_CONTRAST = re.compile(
    r"(?:no|not|rather than|instead of|less) (?:an? |the |any |so )?(?P<old>[\w-]+(?: [\w-]+)?)[,;]? "
    r"(?:but |rather |i want |more |make it |please )*"
    r"(?P<new>(?:an? |the |some )?[\w-]+(?: [\w-]+)?)(?:,? (?:instead|please|rather))*"
    r"|(?P<new2>(?:an? |some )?[\w-]+(?: [\w-]+)?),? (?:(?:and )?not|rather than|instead of) (?:an? "
    r"|the )?(?P<old2>[\w-]+)",
    _I,
)
_LACK = re.compile(
    r"(?:(?:it|he|she|they|this|that|the [\w ]+?) )?(?:could do with|could use|can use|is missing"
    r"|lacks|is lacking|deserves|calls for|begs for|wants)"
    r" (?P<what>.+)",
    _I,
)


_PREPOSITION = (
    r"(?:on top of|in front of|next to|to the (?:left|right) of|left of|right of|on|onto|in|inside"
    r"|into|underneath|beneath|alongside|past|atop|under|below|above|over|behind|beside"
    r"|near|around|between|at|by|through|along|across|against|for|from|out of|of|to|with)"
)
_UNWANTED = re.compile(
    r"(?:i|we) (?:don't|do not) (?:want|need|like)(?: to see)? (?:the|that|this|his|her|its|any|an?) "
    r"(?P<what>[\w -]+?)(?: (?:there|in it|in there"
    r"|anymore|any more|at all|here))*",
    _I,
)
_SHOULD = re.compile(
    rf"(?:(?P<place>(?:{_PREPOSITION} [\w ]+?|outside|inside|indoors|upstairs)),? )?"
    r"(?P<who>it|he|she|they|there|everything|(?:the|that|this|its|his|her"
    r"|their) [\w' -]+?|[a-z]+(?:'s [a-z]+)?) "
    r"(?:should(?: also| rather| really| probably| maybe)?|must|needs?(?: to)?|has to|have to|ought to"
    r"|had better|shall|gets?|is missing|are missing"
    r"|lacks?) (?P<what>.+)",
    _I,
)
_NOW_IS = re.compile(
    r"(?:and )?now (?P<who>it|he|she|they|the [\w ]+?)(?:'s| is|'re| are| has| have) (?P<what>.+)"
    r"|there(?:'s| is| are) (?P<missing>(?:an?|some|no) [\w -]+?) missing(?P<where>.*)",
    _I,
)
_PLACE_FIRST = re.compile(
    rf"(?P<place>{_PREPOSITION} (?:the|it|him|her|them|its|his|their)\b[\w ]*?),? (?:there (?:should"
    r"|must|could|needs to) be |i (?:want|need|'d like) "
    r"|add |put )?(?P<what>(?:an?|some|two|three|four|more) .+)",
    _I,
)
_NAMED_PLACE = re.compile(
    rf"\b{_PREPOSITION} (?:(?P<pronoun>it|him|her|them|his|its|their|me|us)\b|the (?P<thing>[\w ]+))", _I
)
_HOUSE_PARTS = frozenset(
    "window door roof chimney wall floor ceiling table shelf corner sky ground water street garden".split()
)


def stated_change(clause: str, raw: str, album: Album) -> Wish | None:
    """A change told as a fact or a duty: "the dog should stick its tongue out", "now it's reading a book"."""
    unwanted = _UNWANTED.fullmatch(clause)
    if unwanted and album.current and content_words(unwanted["what"]) & album.words(album.current):
        return Wish(kind="edit", text=f"remove the {unwanted['what']}")
    if album.current is None or re.match(r"(?:i|we|you|my|our|your|that's|what|how|why|who)\b", clause, _I):
        return None
    first = _PLACE_FIRST.fullmatch(clause)
    now = _NOW_IS.fullmatch(raw.strip(" .!")) or _NOW_IS.fullmatch(clause)
    duty = _SHOULD.fullmatch(clause)
    known = _known(album)
    if first and (
        content_words(first["place"]) & known or re.search(r"\b(?:it|him|her|them)\b", first["place"], _I)
    ):
        return Wish(kind="edit", text=f"add {first['what']} {first['place']}")
    if now and now["missing"]:
        return Wish(kind="edit", text=f"add {now['missing']}{now['where']}")
    if now and (len(now["who"]) < 5 or content_words(now["who"]) & known):
        return Wish(kind="edit", text=f"make {now['who']} {now['what']}")
    if not duty:
        return None
    who, place = duty["who"], duty["place"] or ""
    is_pointed = who.lower() in ("it", "he", "she", "they", "there", "everything")
    if not is_pointed and not content_words(who.replace("'s", " ")) & known:
        return None
    order = as_instruction(clause[duty.start("who") :])
    if order == clause[duty.start("who") :]:
        order = (
            f"make {who} {duty['what']}"
            if who.lower() != "there"
            else f"add {duty['what'].removeprefix('be ')}"
        )
    return Wish(kind="edit", text=f"{order} {place}".strip())


def _known(album: Album) -> frozenset[str]:
    shown = frozenset[str]().union(*(album.words(each) for each in album.pictures))
    return shown | ASPECTS | _MORE_ASPECTS | _PARTS


def asks_of_picture(clause: str, album: Album) -> bool:
    """A question that names what the picture shows or what every picture has: "where's the light from?"."""
    maybe = re.fullmatch(
        r"(?:could|might|can) (?:this|that|it|he|she) be (?:an?|the) (?P<what>[\w ]+)", clause, _I
    )
    if maybe and album.current:
        return bool(content_words(maybe["what"]) & album.words(album.current))
    if (
        album.current is None
        or not _ASKING.match(clause)
        or _SUPPOSING.search(clause)
        or _OF_US.search(clause)
    ):
        return False
    known = _known(album)
    if re.match(
        r"where (?:is|are) (?:the|my|all) (?:\w+ )?(?:pictures?|images?|files?|photos?)\b", clause, _I
    ):
        return False
    named = {singular(found["thing"].lower()) for found in _OF_PICTURE.finditer(clause)}
    named |= {word for found in _OF_PICTURE.finditer(clause) for word in content_words(found[0])}
    return bool(named & known)


def contrast(clause: str, album: Album) -> Wish | None:
    """ "not a cat, a dog" of a picture with a cat: one thing or colour for another."""
    found = _CONTRAST.fullmatch(clause)
    if not found or album.current is None:
        return None
    old, new = found["old"] or found["old2"], found["new"] or found["new2"]
    bare = re.sub(r"^(?:an?|the|some) ", "", new, flags=_I)
    if old.lower() in COLORS and bare.lower() in COLORS:
        return Wish(kind="edit", text=f"make it {bare}")
    if content_words(old) & album.words(album.current) and (
        is_visible(bare) or content_words(bare) & frozenset(COLORS)
    ):
        return Wish(kind="edit", text=f"replace the {old} with {new}")
    return None


def is_part(clause: str) -> bool:
    """Names, without an article, what things have or wear: "chimney with smoke", "happy face"."""
    named = re.match(
        r"(?!(?:an?|the|my|one|two|three|some|picture"
        r"|portrait)\b)(?:[a-z]+ )?(?P<thing>[a-z]+)(?: (?:with|on|in|around) .+)?$",
        clause,
        _I,
    )
    thing = named["thing"].lower() if named else ""
    return bool({thing, singular(thing)} & (_PARTS | {"face"}))


def likely_change(clause: str, album: Album) -> Wish | None:
    """A fragment on the picture: "white tip on the tail", "wings!", "could do with a pillow"."""
    if album.current is None:
        return None
    version = re.fullmatch(
        r"(?:an? )?(?P<of>(?!new|other|next|last|first)[a-z-]+) version(?: of (?:it|this|that))?", clause, _I
    )
    if version:
        return Wish(kind="edit", text=f"make it a {version['of']} version")
    lack = _LACK.fullmatch(clause)
    if lack and is_visible(lack["what"]) and not is_abstract(lack["what"]):
        return Wish(kind="edit", text=f"add {lack['what']}")
    if _PERSONAL.match(clause) or is_statement(clause) or len(clause.split()) > 12:
        return None
    shared = content_words(clause) & (
        album.words(album.current) | (ASPECTS - {"bit", "everything", "whole", "day", "thing"})
    )
    parts = frozenset(nouns(clause)) & _PARTS
    is_short = len(clause.split()) <= 3
    place = _NAMED_PLACE.search(clause)
    everywhere = (
        frozenset[str]().union(*(album.words(each) for each in album.pictures))
        | _PARTS
        | ASPECTS
        | _HOUSE_PARTS
    )
    if place and place["pronoun"] in ("me", "us") and not album.context.uploads:
        return None
    is_placed = place is not None and bool(place["pronoun"] or content_words(place["thing"]) & everywhere)
    if is_placed and place and place.start() and is_visible(clause[: place.start()]):
        return Wish(kind="edit", text=f"add {clause}")
    if not shared and not (parts and (is_short or is_placed)):
        return None
    is_name = re.match(r"(?:an?|some|two|three|four|more|another|\d)\b", clause, _I) or parts
    return Wish(
        kind="edit",
        text=f"add {clause}" if is_name else as_instruction(f"make {clause}" if is_short else clause),
    )


def wanted_picture(clause: str) -> str:
    """What a sentence on something else wants drawn: "we marry in June and need an illustration of ..."."""
    for found in _WANTS.finditer(clause):
        named = _PICTURE_OF.match(found["what"])
        if named and named.end() < len(found["what"]) and not _NEVER.search(clause[: found.start()]):
            return found["what"][named.end() :]
    return ""
