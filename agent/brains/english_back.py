"""Reads English wishes that paint nothing: undo, redo, go back, show again."""

from __future__ import annotations

import re

from agent.brains.english_combine import about
from agent.brains.english_references import find_reference
from agent.brains.lexicon import NUMBERS, content_words
from agent.brains.reading import Wish
from agent.brains.references import Album, Reference

__all__ = ["read_go_back"]

_UNDO = re.compile(
    r"\b(?:rewind|backtrack|(?:undo|discard|revert|remove|drop|cancel|reset|throw away|delete|forget"
    r"|clear) (?:all|every|my|these|those|the)(?: of)?(?: the| my"
    r"| these| those)? (?:changes?|edits?|modifications?)|undo|revert|cancel (?:both|all|these"
    r"|those)(?: of)?(?: the| my)? (?:changes?|edits?)|(?:cancel|reverse|take back) "
    r"(?:the|that|this|adding)|(?:remove|delete"
    r"|drop) (?:that|the|my|this)"
    r" (?:very )?(?:last|latest|previous) (?:change|edit|step|thing)|roll(?:ing)? (?:it )?back"
    r"|step back|go(?:ing)? back(?= *$| (?:one|a"
    r"|two|three|\d) |,| please|\.)|take (?:that|it|this) back|(?:two|one|three) steps? "
    r"back|get back to (?:how|what)|cancel (?:that|the last|this) (?:edit|change|one)?"
    r"|discard (?:that|the last|this|the change)|scratch that|forget (?:that|the last) "
    r"(?:edit|change)|that was (?:a mistake|wrong)|(?:it|that|this) (?:was|looked) "
    r"(?:better|nicer|prettier) (?:before|without|earlier|previously)|as it was(?: "
    r"before)?|how it was(?: before)?|like it was(?: before)?|go back$|back to (?:before|square one)$"
    r"|(?:go )?all the way back"
    r"|(?<!the )(?<!his )(?<!her )(?<!its )(?<!my )back$|back (?:one"
    r"|a) step|before that$)",
    re.IGNORECASE,
)
_EDIT_AFTER_UNDO = re.compile(r"\b(?:step back and look|turn back time)\b", re.IGNORECASE)
_GO_BACK_TO = re.compile(
    r"(?:\b(?:go|going|get|come|move|step|switch|jump|return|revert|roll|head|turn|take "
    r"(?:me|us|it)|bring (?:me|us|it)|start (?:over|again))\b.*\b(?:back|to|from"
    r"|over)\b.*\bit\b|\bback to it\b|\b(?:restore|bring back|return to|revert to|recover"
    r"|reset to|give me back|reinstate|switch to|select|choose|pick|activate) it\b(?! "
    r"(?:with|and|a)\b)|^(?:use|take|keep|pick|choose|select|open|prefer|continue with"
    r"|carry on with|proceed with|work with|stick with|go with|let's (?:use|take|keep|go "
    r"with|continue with|stick with|work with|go for|pick|choose))\b(?: with)? it$"
    r"|\b(?:show|see|display|look at|view|bring up|pull up)\b(?: me)?(?: to)? it(?: again"
    r"| once more)?$|^i (?:prefer|like|liked|loved|love|want|preferred|choose|pick|'ll "
    r"take|would rather have|'d rather have|think i prefer) it(?: (?:better|more|best|the "
    r"most|back|most|instead|again))*$|^it (?:was|is|looked|looks) (?:better|nicer|best"
    r"|prettier|the best|my favou?rite|the one|perfect|great|good)\b|^i'll (?:take|go with|keep)"
    r" it$|\b(?:have|want|get|need|put) it "
    r"back\b|^it again$|^bring it back$|^it (?:wins|is the winner)$|\b(?:go|going) (?:for|with) it$)",
    re.IGNORECASE,
)
_GO_BACK_WHAT = re.compile(
    r"\b(?:go (?:back )?to|back to|bring back|restore|get back|return to|revert to|switch(?: back)? to"
    r"|jump to|show me|keep|stick"
    r" with|(?:continue|go|go on|work|carry on) with|i (?:liked|prefer(?:red)?)) "
    r"(?:the |my |that |when it was )(?P<what>[\w ]+?)(?: again| better| more| please| once more)?$"
    r"|\b(?:see|show|open|bring up|pull up|look at|view|display|get|bring|fetch|have)(?: me| us)? "
    r"(?:the|my|that) "
    r"(?P<again>[\w ]+?) (?<!out )(?<!off )(?<!away )(?:again|once more|one more time|back)$"
    r"|^(?:(?:the|that|my) (?P<once>[\w ]+?)|(?P<bare>\w+)) (?:again|once more|one more time)$"
    r"|^(?:can you |please )*(?:put|bring|get|have) (?:the|my|that) (?P<put>[\w ]+?) back(?: up)?$",
    re.IGNORECASE,
)
_WANTED_BACK = re.compile(
    r"(?:put|bring|get|have|i want|give me) (?:the|my|that) (?P<what>[\w ]+?) back(?: up)?", re.I
)
_REDO = re.compile(r"(?:redo|redo (?:it|that)|un-?undo|go forward(?: again)?|forward)", re.IGNORECASE)
_STARTING_FROM = re.compile(
    r"(?:starting |start )?(?:from|on|in|with|for|using|based on|take|out of|of|as for|regarding) it", re.I
)
_BETTER_WITH = re.compile(
    r"\b(?:liked|preferred|loved|better|nicer|prettier)\b.*?\b(?P<how>with|without|when)"
    r" (?:there (?:was|were) |it "
    r"(?:had|was) )?(?:the |an? |no |its )?(?P<what>[\w ]+)",
    re.I,
)
_WITH_WAS_BETTER = re.compile(
    r"(?:it )?(?P<how>with|without) (?:the |an? |its )?(?P<what>[\w ]+?) (?:was|is|looked)"
    r" (?:much |way |a lot )?"
    r"(?:better|nicer|prettier|best)\b|\b(?:liked|preferred|loved) it (?:better |more"
    r" )?(?P<how2>in|as) (?:an? )?"
    r"(?P<what2>[\w ]+)|^(?:the )?(?P<what3>(?!(?:it|this|that|he|she)\b)\w+)(?: one| version)? (?:was"
    r"|looked) "
    r"(?:much |way |a lot |even |the )?(?:better|nicer|prettier|best)$",
    re.I,
)
_WHEN_WITHOUT = re.compile(
    r"^without (?:the |an? )?(?P<again>[\w ]+) again$"
    r"|\bwhen there (?:was|were) (?:no|not an?|not any) (?P<what>[\w ]+)",
    re.I,
)


_THE_ORIGINAL = re.compile(
    r"(?:(?:show|see|use) (?:me )?)?(?:the |my )?original(?: (?:photo|picture|image|one|version))?", re.I
)
_THAT_ONE = re.compile(
    r"(?:for|on|in|with|as for|regarding|about|from|use|take|i'll take|i choose|i (?:like|prefer"
    r"|want)|let's (?:use|take|see)|let me see|can i see|i want to see|give me|show(?: me)?|look at|open"
    r"|load|select|pick) ((?:the|that)(?: (?!(?:at|in|on|with|by|from|as|without"
    r"|to)\b)\w+){1,3}?)(?: (?:most|best|more|again|please|instead|back))*",
    re.I,
)


def read_go_back(clause: str, album: Album) -> Wish | None:
    """Undo, go back, keep, show again: no paint."""
    if album.context.uploads and re.match(r"(?:please )?restore (?:it|this|that|my|the)\b", clause, re.I):
        return None
    lost = _wanted_back(clause, album)
    if lost:
        return Wish(kind="go_back", reference=lost)
    if _THE_ORIGINAL.fullmatch(clause):
        return Wish(kind="go_back", reference=Reference(kind="original"))
    undo = _UNDO.search(clause)
    named = find_reference(clause)
    missed = _better_with(clause, album)
    if missed:
        return Wish(kind="go_back", reference=missed)
    if undo and not _EDIT_AFTER_UNDO.search(clause):
        return Wish(kind="go_back", reference=undone(clause, undo, named.reference if named else None))
    start = _THAT_ONE.fullmatch(clause)
    meant = about(start[1], album) if start and not named else None
    if meant:
        return Wish(kind="go_back", reference=meant)
    if (
        named
        and named.reference.kind not in ("current", "all", "several")
        and is_only_choice(named.text, album)
        and not re.match(
            r"(?:put|place|move) .+ (?:on|in|into|onto|next to|beside) (?!it$)", named.text, re.I
        )
    ):
        return Wish(kind="go_back", reference=named.reference)
    is_shown = re.match(
        r"(?:show(?: me)?|(?:let me )?see|look at|display) (?:what|how) it (?:was|looked)\b", clause, re.I
    )
    if is_shown and named and named.reference.kind in ("before", "after", "back", "original"):
        return Wish(kind="go_back", reference=named.reference)
    if named and named.reference.kind == "current" and _STARTING_FROM.fullmatch(named.text):
        return Wish(kind="ask", text=clause)
    if named and (_GO_BACK_TO.search(named.text) or _STARTING_FROM.fullmatch(named.text)):
        return Wish(kind="go_back", reference=named.reference)
    chosen = None if named else chosen_by_its_look(clause, album)
    if chosen:
        return Wish(kind="go_back", reference=chosen)
    wanted = None if named else wanted_by_its_look(clause, album)
    if wanted:
        return Wish(kind="go_back", reference=wanted)
    if _REDO.fullmatch(clause) and album.find(Reference(kind="redo")).ids:
        return Wish(kind="go_back", reference=Reference(kind="redo"))
    return None


def chosen_by_its_look(clause: str, album: Album) -> Reference | None:
    """ "The red one", while it is open which of several is taken."""
    bare = re.fullmatch(
        r"(?:(?:and|or|maybe|i (?:like|love|prefer|want|choose|pick)|i'll take|let's (?:use|take)) "
        r")?(?:the|that|my) (?P<what>[\w ]{2,30}?)",
        clause,
        re.I,
    )
    if not bare:
        return None
    words = content_words(bare["what"])
    meant = about(clause, album)
    if not meant and album.is_choice_open and words and album.showing(clause).ids:
        meant = Reference(kind="described", words=words)
    known = frozenset[str]().union(*(album.words(each) for each in album.pictures))
    return meant if meant and words <= known else None


def wanted_by_its_look(clause: str, album: Album) -> Reference | None:
    """ "Back to the one with the hat", unless that is what is looked at."""
    is_taken_off = re.search(r"\b(?:get|take|bring) .*\b(?:out|off|away)\b", clause, re.I)
    what = None if is_taken_off else _GO_BACK_WHAT.search(clause)
    if not what or not album.context.pictures:
        return None
    said = re.sub(r"\bwith no\b", "without", next(filter(None, what.groups())))
    wanted, _, lacking = said.partition(" without ")
    words, lack = content_words(wanted), content_words(lacking)
    known = frozenset[str]().union(*(album.words(each) for each in album.context.pictures))
    is_here = album.current is not None and words <= album.words(album.current)
    if not words & known or (is_here and re.match(r"(?:keep|stick)\b", clause, re.I)):
        return None
    return Reference(kind="described", words=words & known, without=lack)


_CHOOSING = frozenset(
    """
    it is it's its the one ones please definitely absolutely surely ok okay yes yeah best great perfect
    good nice better nicer winner that
    i i'll i'd we we'll take want go with for use choose pick like love prefer would rather show open load
    see view display again back to
    now more most once let's let me my favourite favorite keep select my number picture image up bring get
    return put jump switch over
    restore thanks thank you hm hmm then just so think looks look really much continue carry on work start
    from
    """.split()
)


def is_only_choice(text: str, album: Album) -> bool:
    """Nothing is said of the picture but that it is wanted: "it it is", "definitely it", "load it"."""
    said = re.findall(r"[a-z']+", text.lower())
    shown = (
        frozenset[str]().union(*(album.words(each) for each in album.pictures))
        if "it" in said
        else frozenset[str]()
    )
    is_bare = said in (["it"], ["on", "it"], ["in", "it"], ["with", "it"], ["from", "it"])
    return "it" in said and not is_bare and all(each in _CHOOSING or each in shown for each in said)


def _wanted_back(clause: str, album: Album) -> Reference | None:
    """ "bring the dog back": the version that shows it, where the one looked at does not."""
    found = _WANTED_BACK.fullmatch(clause)
    words = content_words(found["what"]) if found else frozenset[str]()
    is_gone = bool(words) and album.current is not None and not words <= album.words(album.current)
    is_known = is_gone and any(words <= album.words(each) for each in album.pictures)
    return Reference(kind="described", words=words) if is_known else None


def _better_with(clause: str, album: Album) -> Reference | None:
    """The version that had (or had not yet) what is missed."""
    without = _WHEN_WITHOUT.search(clause)
    found = without or _WITH_WAS_BETTER.search(clause) or _BETTER_WITH.search(clause)
    said = found.groupdict() if found else {}
    words = content_words(
        said.get("what") or said.get("what2") or said.get("what3") or said.get("again") or ""
    )
    if not words:
        return None
    if without or (said.get("how") or "").lower() == "without":
        before = Reference(kind="before", words=words)
        return before if album.find(before).ids else None
    with_it = Reference(kind="described", words=words)
    return with_it if any(words & album.words(each) for each in album.context.pictures) else None


def undone(clause: str, undo: re.Match[str], named: Reference | None) -> Reference:
    """The version that undoing leads to."""
    if re.search(
        r"\b(?:(?:all|every)(?: of)?(?: the| my| these| those)? (?:changes?|edits?)|everything|square "
        r"one|all the way|all (?:of it|changes|the changes|edits|the edits|of that|my"
        r" changes))\b",
        clause,
        re.I,
    ):
        return Reference(kind="original")
    many = re.search(
        r"\b(two|both|three|four|\d|2|twice)(?: (?:steps?|versions?|times|edits|changes))?\b", clause, re.I
    )
    if many:
        word = many[1].lower()
        return Reference(
            kind="back", index=2 if word == "twice" else int(word) if word.isdecimal() else NUMBERS[word]
        )
    if named and named.kind not in ("current", "all"):
        return named
    what = re.search(
        r"\b(?:undo|revert|cancel|reverse|take back) (?:adding )?(?:the|that|this) (?P<w>(?!last"
        r"|change|edit|previous"
        r"|one|step)[\w ]+)",
        clause,
        re.I,
    )
    words = content_words(what["w"]) if what else frozenset[str]()
    return Reference(kind="before", words=words) if words else Reference(kind="back")
