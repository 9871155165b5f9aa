"""The build of an English clause: is it an order, a name of something to see, or a statement about life?"""

from __future__ import annotations

import re

from agent.brains.lexicon import COLORS, STYLES, content_words
from agent.brains.references import Album
from agent.brains.things import is_abstract, is_visible, nouns

__all__ = [
    "ASPECTS",
    "antecedent",
    "is_about_life",
    "is_addition",
    "is_capability",
    "is_fragment",
    "is_known_part",
    "is_look",
    "is_naming",
    "is_order_on",
    "is_order_on_it",
    "is_statement",
]

_I = re.IGNORECASE
_RELATIVE = re.compile(r"\b(?:that|which|who|whose|where)\b.*", _I)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|am|isn't|aren't|wasn't|has|hasn't|have|had|will|won't|would|(?<!an"
    r" )(?<!a )can|can't"
    r"|could|couldn't|should|must|does|doesn't|do|don't|did|didn't|gets?|got|goes|went|makes"
    r"|made(?! (?:of|from|out of|with|in|by))|takes|took"
    r"|says|said|ate|came|comes|fell|tells|told|knows|knew|thinks|thought|feels|felt|keeps|kept|needs"
    r"|wants|likes"
    r"|loves|hates|seems|looks|means|catches|kills?|gave|gives|gather|always|never|usually|often)\b"
    r"|\b(?:i'll|i'm|i've|i'd|we'll|we're|we've|they're|you're)\b|\b\w+ed (?:the|my|an?|his|her"
    r"|our|your|it|him|them|me|us)\b|'(?:s|re|m) (?:a|an|the|not"
    r"|so|very|too)\b",
    _I,
)
_SUBJECT = re.compile(
    r"(?:i|we|you|he|she|they|it|this|that|there|nobody|everybody|everyone|someone|somebody"
    r"|people|things|life"
    r"|nothing|everything)\b|(?:i|we|you|he|she|they|it|that|there)'",
    _I,
)
_OURS = re.compile(
    r"(?:the|my|our|his|her|their|that) (?:\w+ ){1,5}?(?:barks?|sleeps?|sings?|works?|lives?"
    r"|plays?|runs?|eats?|smells?"
    r"|tastes?|sounds?|hurts?|broke|died|left|arrived|called|stole|bites?|chases?|costs?|begins?"
    r"|starts?|ends?)\b",
    _I,
)
"""What is told of a thing one knows is a statement; of "a dog" it may be a scene."""
_NOT_NAMING = frozenset(
    "let hold break keep stop get go come take tell ask say think know feel see put thank"
    " thanks call play speak"
    " remember forget wait guess try help make do be don't please who what when where why how"
    " which is are was"
    " do does did can could will would should may might if because although though when while since unless as"
    " hang plus sit stand lay throw attach close rather prior not never no maybe perhaps i"
    " we you he she they it this that there these those".split()
)
_NOT_EDITING = frozenset(
    """
    thank tell ask see know think believe forget save download export send email share show explain
    describe love like hate need want say call remember mean get is are was were do does did have has had can
    could will would should may might trust check name rename star find search count read compare of in on at
    with without for from about and or but as if when what who where why how which not no hold let be than
    by that's use keep take select pick choose view display hear watch enjoy miss understand prefer wish hope
    draw paint sketch generate create render imagine to into over under same all both just only even
    """.split()
)
ASPECTS = frozenset(
    "wall floor ground ceiling background foreground sky thing color colour light lighting"
    " contrast detail shadow texture"
    " face eye hair skin edge"
    " corner side top bottom scene mood quality sharpness saturation perspective angle day"
    " night morning evening dusk dawn winter summer autumn spring bit whole"
    " everything text words writing letters caption".split()
)
"""What any picture has."""
_LOOK = re.compile(
    r"\b(?:style|mood|light(?:ing)?|lit|colou?rs?|palette|tones?|strokes?|canvas|watercolou?r|oil"
    r"|pastel|photo-?realistic|realistic"
    r"|cinematic|dramatic|moody|cozy|cosy|dreamy|vintage|minimalist|detailed|close-?up|background"
    r"|foreground|bokeh|contrast"
    r"|atmosphere|feel|vibes?|fancy|nothing else)\b"
)
_POINTS = (
    r"\b(?:the|it|its|this|that|these|those|him|his|her|them|their|everything|all|both|each|my"
    r"|me|us|an?|quote\d+|#\d+)\b"
    rf"|\b(?:{'|'.join(COLORS)})\b"
)
_DEFINITE_PLACE = re.compile(
    r"\b(?:on|onto|over|in|inside|behind|under|below|beside|above|around|near|between|through|next to"
    r"|in front of|on top of|at|by|(?:to the )?(?:left|right) of)"
    r" (?:(?P<pronoun>it|him|her|them|his|its|their|there)\b|the (?P<thing>[\w ]+))"
    r"|(?P<there>\b(?:on top|underneath|behind|beside|next to|in front|in between|on the (?:left"
    r"|right)))(?=$|,)",
    _I,
)
_CAPABILITY = re.compile(
    r"(?:any|got any|have any|no) idea how to .*|(?:is it|would it be) (?:possible|allowed|ok|okay"
    r"|legal) to (?:print|share|save|download|export|upload|sell|use|send|post|animate"
    r"|delete (?:my|all|the) (?:account|chats?|data|history)) .*"
    r"|(?:can|may|could|do) (?:i|we|you) (?:also )?(?:print|share|save|download|export|sell|send|post"
    r"|animate|store|keep|delete (?:my|the)"
    r" (?:account|chats?|data)) .*|(?:(?:can|could|do|would|will) (?:you|u|it|reverie|this app)(?: "
    r"also| even| ever| actually"
    r"| theoretically"
    r"| in theory| in principle| ever| usually| really| just| only)*(?: able to| know how to)? "
    r"(?:draw|paint|sketch|edit|make|create|generate|do|handle|recogni[sz]e|understand|read|see|change|write)"
    r" (?!(?:me|an?|the|it|this|that|my|one|two|three|four|some|him|her|them|something|anything"
    r"|another|us|your|\d|quote)\b)"
    r"(?P<what>[a-z]+(?: (?:and|or) [a-z]+|,? or only [a-z]+)?(?: [a-z]+)?)(?: (?:that|which) (?:i"
    r"|we) [a-z]+(?: [a-z]+)?)?(?: too| as well| at all| yet)?"
    r"|.*\b(?:in theory|theoretically|hypothetically|in principle)\b.*|hypothetically\b.*"
    r"|(?:if|suppose|supposing|say|assume|assuming|imagine) (?:i|we|someone|somebody) "
    r"(?:were to |was to |would |upload\b|ask\b|give\b|send\b|ever |wanted|uploaded|asked|gave|sent"
    r"|showed|had|told|took|need(?:ed)?)\b.*"
    r"|(?:would|are|were) you (?:be )?able to .*)",
    _I,
)


def is_look(clause: str) -> bool:
    """Names a style, light, mood or manner and no thing of its own."""
    words = clause.lower()
    if any(re.search(rf"\b{re.escape(style)}\b", words) for style in STYLES):
        return True
    return bool(_LOOK.search(words)) and len(words.split()) < 9


def is_known_part(clause: str, album: Album) -> bool:
    """Names only what the picture shows already, as in "sofa in blue": a look to give it."""
    if album.current is None or re.match(
        r"(?:an?|one|two|three|four|five|six|some|another|more|\d+)\b", clause, _I
    ):
        return False
    if not clause.strip() or clause.lower().split()[0] in _NOT_NAMING:
        return False
    named = content_words(" ".join(word for word in nouns(clause) if is_visible(word)))
    return bool(named) and named <= album.words(album.current) and not is_statement(clause)


def is_statement(clause: str) -> bool:
    """A sentence with a subject and a verb of its own; what follows "that" or "who" does not count."""
    main = _RELATIVE.sub("", clause)
    if re.match(r"(?:an?|one|two|three|four|five|six|some|\d+) [^,]+, but\b", main, _I):
        main = main.split(",")[0]
    return bool(_FINITE.search(main) or _SUBJECT.match(clause) or _OURS.match(main))


def is_naming(clause: str) -> bool:
    """Does not begin with a verb of talk: "remember this cat" names nothing to draw."""
    words = clause.lower().split()
    return bool(words) and words[0].strip(",:") not in _NOT_NAMING


def is_fragment(clause: str) -> bool:
    """Only names something that can be seen: "hair drier on pink background"."""
    words = clause.lower().split()
    if not words or words[0].strip(",:") in _NOT_NAMING or words[0].endswith(("ly", "'s")):
        return False
    return is_visible(clause) and not is_statement(clause)


def is_addition(clause: str, album: Album) -> bool:
    """Names something new at a place in the picture: "a moon behind it", "fog over the water"."""
    found = _DEFINITE_PLACE.search(clause)
    if not found or album.current is None or is_statement(clause):
        return False
    return bool(found["pronoun"] or found["there"]) or bool(
        content_words(found["thing"]) & (album.words(album.current) | ASPECTS)
    )


def is_order_on(clause: str, album: Album) -> bool:
    """An order with a verb of any kind on what the picture shows: "cheer him up", "slide the book left"."""
    added = re.match(r"(?P<verb>[a-z]{3,}) (?:an?|some|two|three) ", clause, _I)
    if added and added["verb"].lower() not in _NOT_EDITING and is_addition(clause[added.end() :], album):
        return True
    found = re.match(
        r"(?P<verb>[a-z]{3,})(?: up| down| out| off| away)? "
        r"(?:(?P<pronoun>it|him|her|them)\b|(?:the|its|his|their|both|each|those|these) (?P<thing>[\w ]+))",
        clause,
        _I,
    )
    if not found or album.current is None or found["verb"].lower() in _NOT_EDITING:
        return False
    if re.fullmatch(r"(?:ha)+h?|lol+|omg|aw+|yay|wow|ugh|not", found["verb"], _I):
        return False
    if found["pronoun"] or re.search(rf"^{found['verb']}(?: \w+)? (?:its|his|her|their)\b", clause, _I):
        return True
    shown = frozenset[str]().union(*(album.words(each) for each in album.context.pictures))
    first = content_words(" ".join(found["thing"].split()[:4]))
    return bool(first & shown) or bool(first & ASPECTS)


def is_capability(clause: str) -> bool:
    """Asks what could be done and orders nothing: "can you draw cars?", "if I uploaded a photo..."."""
    return _CAPABILITY.fullmatch(clause.rstrip("?!. ")) is not None


def is_order_on_it(clause: str) -> bool:
    """An order on the thing just drawn, with a verb of any kind: "hang a clock on it"."""
    found = re.match(r"(?P<verb>[a-z]{3,}) (?:.* )?(?:it|him|her|them)\b", clause, _I)
    return found is not None and found["verb"].lower() not in _NOT_EDITING


def is_about_life(order: str, album: Album) -> bool:
    """An order whose object no picture has: "turn up the volume", "swap stories", "remove your shoes"."""
    found = re.match(r"(?P<verb>[a-z]+)(?: (?:up|off|out|over|down|on))?(?: (?P<what>.*))?$", order, _I)
    if not found:
        return False
    what = found["what"] or ""
    is_whole = re.match(
        r"(?:zoom|crop|mirror|flip|blur|rotate|brighten|darken|sharpen"
        r"|invert)$",
        found["verb"],
        _I,
    )
    if (
        "QUOTE" in what
        or (
            is_whole
            and (
                not what
                or re.match(
                    r"(?:image|picture|photo|please|in|out|by|to|at|a bit|slightly|a little|\d"
                    r"|clockwise|left|right|horizontal|vertical)",
                    what,
                    _I,
                )
            )
        )
        or any(style in what.lower() for style in STYLES)
    ):
        return False
    if re.match(r"your\b", what, _I) and not album.context.uploads:
        return True
    shown = frozenset[str]().union(*(album.words(each) for each in album.context.pictures))
    said = content_words(what)
    if said & (shown | ASPECTS) or is_visible(what):
        return False
    if is_abstract(re.sub(r"^(?:the|some|an?|all|it to the|him|her|it) ", "", what)):
        return True
    is_free = re.match(
        r"(?:add|put|give|make|place|insert|include|apply|write|use"
        r"|convert)$",
        found["verb"],
        _I,
    )
    return not is_free and not re.search(_POINTS, what, _I)


def antecedent(before: str) -> str:
    """What "one" stands for: the last visible thing named before, as "a unicorn"; empty if there is none."""
    for word in reversed(nouns(before)):
        if is_visible(word):
            return f"{'an' if re.match('[aeio]|u(?!ni)', word) else 'a'} {word}"
    return ""
