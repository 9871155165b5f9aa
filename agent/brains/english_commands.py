"""English phrases that mean one thing to whoever makes pictures, whatever their words say alone:
"roll again", "ctrl+z", "do your magic"."""

from __future__ import annotations

import re

from agent.brains.english_clauses import count_of
from agent.brains.lexicon import content_words
from agent.brains.reading import Wish
from agent.brains.references import Album, Reference

__all__ = ["command_wish"]

_I = re.IGNORECASE
_IT = r"(?:it|that|this|them|these|those)"
_TRY = r"(?:go|try|shot|crack|attempt|stab|round|spin|roll|take|pass|whirl|version|variation|option)"
_SAME_WORDS = r"(?:prompt|words|idea|description|thing|request|wish)"

_AGAIN = re.compile(
    rf"(?:give {_IT} |have |take |do |let's have |i(?:'d like| want|'d love) |can i (?:get|have|see) )?"
    rf"(?:another|one more|fresh|new|a second|a further|a fresh|a new|a different|(?:two|three|four"
    rf"|\d|a few"
    rf"|a couple of?|some) more)"
    rf" {_TRY}s?(?: (?:at|of|on|with) {_IT})?"
    rf"|(?:roll|spin|deal|shuffle|draw|paint|make|do|run|try|same|go|generate)(?: {_IT}| the dice"
    rf"| the same(?: thing)?)? again"
    r"(?:,? (?:from scratch|from the start|with feeling|but better|but different(?:ly)?))?"
    rf"|new round|again the same(?: \w+)?|redraw (?:the whole thing|everything|all(?: of it)?)"
    rf"|(?:repeat|reroll|re-roll|reshuffle|encore|redraw)(?: {_IT})?|next(?: one)?"
    rf"|(?:do|draw|make|paint) {_IT} (?:all )?over(?: again)?"
    r"|(?:show|give|get|hit|let)(?: me| us)?(?: have| see| with)? (?:another|(?:an? )?different one"
    r"|some others?"
    r"|(?:some )?(?:other|more|different) (?:options|versions|ideas|ones)|an alternative|alternatives)"
    r"|can i (?:get|have|see) (?:another|an alternative|alternatives|others)"
    rf"|(?:(?:the )?same|new|fresh|another)(?: one| picture| try)?,? (?:with )?(?:the )?(?:same "
    rf"|new )?{_SAME_WORDS}"
    r"(?:,? (?:but )?(?:a )?(?:new|different|another) (?:picture|image|one|seed|try|version))?"
    rf"|again with feeling|start (?:over|again|afresh) with the same {_SAME_WORDS}"
    rf"|(?:try|do|draw) (?:{_IT} )?again,? (?:i (?:don't|didn't)|it (?:isn't|didn't|doesn't|wasn't)"
    rf"|that|this|not)\b.*"
    r"|(?:not (?:quite|really|it|yet|good enough|what i wanted|there yet)|nope|no|meh),? (?:again"
    r"|try again|another(?: one)?)",
    _I,
)
_COMPLAINT = re.compile(
    r"^(?:(?:i )?don't (?:really )?like (?:any|either|them)(?: of (?:them|these|those))?|all (?:wrong"
    r"|bad)|no good|not good)[,.;:-]+ ?",
    _I,
)
_N = r"(?:two|three|four|five|six|[2-9]|a few|a couple(?: of)?|some)"
_COUNT = re.compile(r"\b(two|three|four|five|six|[2-9]|a few|a couple(?: of)?|some|twice)\b", _I)
_SEVERAL = re.compile(
    r"(?:(?:can i (?:have|get|see)|give|show|make|let me (?:see|have|choose between)|i(?:'d like| need"
    r"| want)|do|draw)(?: me)? )?"
    rf"(?:another {_N}|{_N} (?:more|others?|different|new|extra|further)(?: (?:more|different|new))?"
    r"(?: (?:versions?|variations?|variants?|takes?|options?|ones|tries|attempts|pictures|images"
    r"|alternatives))?"
    rf"|{_N} (?:more|others?)? ?(?:of|like) (?:it|this|that|these|those|the (?:last|first)(?: one)?)"
    rf"|{_N}(?: ones)? to choose from)(?:,? (?:please|similar|like (?:it|this|that|those)"
    rf"|to choose (?:from|between)))*"
    rf"|(?:(?:the )?same(?: thing| one| picture)?|draw {_IT}|do {_IT}) (?:{_N} more times|twice(?: more)?)"
    r"|(?:one|an) extra(?: one)?|keep going|afresh",
    _I,
)
_ANOTHER_OF_IT = re.compile(r"(?:do|make|draw|paint|show me|give me) another (?P<thing>\w+)", _I)
_UNDO = re.compile(r"(?:(?:ctrl|control|cmd|command|⌘) ?[+-]? ?z|undo(?: please)?)", _I)
_RESET = re.compile(r"reset(?: (?:it|everything|all))?", _I)
_REDO = re.compile(
    r"(?:(?:ctrl|control|cmd|command|⌘) ?[+-]? ?(?:y|shift ?[+-]? ?z)|redo(?: (?:it|that|the (?:change"
    r"|edit)))?"
    r"|undo (?:the|my|that) (?:last )?undo|un-?undo|(?:go |step )?forward(?: again)?"
    r"|bring back what (?:you|i)(?: just)? (?:undid|removed|took back))",
    _I,
)
_SQUARE = re.compile(r"(?:a )?square(?: |-)?crop(?: please)?|crop (?:to )?square", _I)
_AT_YOUR_LIKING = re.compile(
    rf"go wild|surprise me|i (?:want|need) something (?:different|else|new)(?: here| with {_IT})?"
    rf"|make {_IT} work(?: for me)?"
    rf"|tidy {_IT} up(?: somehow)?|(?:can you )?enhance(?: {_IT})?|do (?:whatever|what"
    rf"|anything) you (?:like|want)(?: with {_IT})?|(?:can|could) you play (?:around )?with {_IT}(?: a bit)?"
    rf"|(?:hi|hello|hey),? {_IT}(?: one)?|my (?:photo|picture|image)|here(?:'s| is) (?:my|our|a"
    rf"|another) \w+(?: \w+)?"
    rf"|any chance you can (?:change|edit|fix|improve) {_IT}"
    rf"|help(?: me)?(?: out)?(?: with {_IT}(?: one)?)?|do (?:your|some) (?:thing|magic|best)|work your magic"
    rf"|(?:work|do something) (?:on|with) {_IT}(?: one)?|(?:jazz|spice|liven|spruce|pimp|dress) {_IT} up"
    rf"|make something (?:\w+ )?(?:out of|from|with|of) {_IT}|(?:edit|improve|change) {_IT}"
    rf"|(?:i )?(?:want|need) {_IT} (?:changed|edited|fixed|improved|done)",
    _I,
)


def command_wish(clause: str, album: Album) -> Wish | None:
    """What such a phrase wants; None for any other clause, or where there is no picture yet."""
    if album.current is None:
        return None
    said = clause.rstrip("?!. ")
    if _SQUARE.fullmatch(said):
        return Wish(kind="edit", text="crop it to a square")
    if album.context.uploads:
        return Wish(kind="ask", text=clause) if _AT_YOUR_LIKING.fullmatch(said) else None
    said = _COMPLAINT.sub("", said)
    if _AGAIN.fullmatch(said) or _SEVERAL.fullmatch(said):
        count = _COUNT.search(said)
        return Wish(kind="again", num_pictures=count_of(count[1]) if count else 1)
    of_it = _ANOTHER_OF_IT.fullmatch(said)
    if of_it and content_words(of_it["thing"]) & album.words(album.current):
        return Wish(kind="again")
    if _RESET.fullmatch(said):
        return Wish(kind="go_back", reference=Reference(kind="original"))
    if _UNDO.fullmatch(said):
        return Wish(kind="go_back", reference=Reference(kind="back"))
    if _REDO.fullmatch(said) and album.find(Reference(kind="redo")).ids:
        return Wish(kind="go_back", reference=Reference(kind="redo"))
    return None
