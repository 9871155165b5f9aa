"""Reads English: a message becomes wishes, by rules and without a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.brains import english_forms as forms
from agent.brains import english_talk as talk
from agent.brains.english_adjust import read_adjust
from agent.brains.english_clauses import (
    clean_subject,
    split_clauses,
    strip_leads,
)
from agent.brains.english_combine import about
from agent.brains.english_formats import is_format_alone, take_format
from agent.brains.english_lists import changes, separate_subjects
from agent.brains.english_orders import read_clause
from agent.brains.english_questions import asks_for_words, is_question
from agent.brains.english_quotes import mask_quotes, plain_quotes
from agent.brains.english_references import find_reference
from agent.brains.english_scenes import kept_wish
from agent.brains.english_shape import (
    is_capability,
)
from agent.brains.english_wishes import (
    drop_small_talk,
    is_more_of_scene,
    is_told_to_draw,
    named_before,
    told_scene,
    undone_at_last,
    unmask,
    with_absence_last,
    with_fault_inside,
    with_look_inside,
    with_what_is_left_out,
    without_praise,
)
from agent.brains.lexicon import reasoned
from agent.brains.reading import Format, Reading, Wish
from agent.brains.references import Album, Reference
from agent.brains.spelling import correct_typos
from agent.brains.things import is_visible
from agent.brains.variations import read_variation

__all__ = ["read_english"]

COUNTED = {"one": 1, "two": 2, "three": 3, "four": 4} | {str(number): number for number in range(1, 10)}
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


def read_english(message: str, album: Album) -> Reading:
    """The wishes of a message about the pictures in `album`."""
    text, quotes = mask_quotes(plain_quotes(message))
    text = reasoned(" ".join(correct_typos(text).split()))
    pointed = _ASKED_OF.fullmatch(text)
    if pointed and album.current is not None and (number := COUNTED.get(pointed["which"].lower())):
        reference = Reference(kind="number", index=number)
        if album.find(reference).ids:
            return Reading(wishes=(Wish(kind="question", text=pointed["asked"], reference=reference),))
    text = _INSTEAD.sub(
        r"make \g<what>\g<how>", _ASKING.sub("i want ", _LONGED_FOR.sub("please draw ", text))
    )
    text = _BUT.sub(r"\g<which> but", _OPINION.sub("", _ONCE_MORE.sub("again", text)))
    said = talk.GREETING.sub("", text)
    if (is_capability(said) and not asks_for_words(said, album)) or any(
        map(talk.NOT_A_WISH.search, (said, strip_leads(text)))
    ):
        return Reading(wishes=(Wish(kind="chat", text=message),))
    for plainly in (kept_wish, with_look_inside, without_praise, with_fault_inside, with_absence_last):
        text = plainly(text)
    text, picture_format = take_format(text)
    wishes: list[Wish] = []
    before = ""
    clauses = split_clauses(text)
    for clause in clauses:
        if len(clauses) > 1 and re.fullmatch(
            r"(?:first|second|third|next|last)(?:ly)?|then|finally", clause, re.I
        ):
            continue
        if is_told_to_draw(clause, before, wishes):
            continue
        told = told_scene(clause, before, wishes)
        if told:
            wishes = [told]
            continue
        if is_more_of_scene(clause, wishes):
            wishes[-1] = replace(wishes[-1], text=f"{wishes[-1].text}, {clause}")
            continue
        several = read_adjust(clause) or read_variation(clause) or read_several(clause, album, wishes)
        for wish in several or [read_clause(clause, album, wishes)]:
            wishes.append(named_before(wish, before))
        before = f"{before} {clause}"
    wishes = with_what_is_left_out(undone_at_last(wishes))
    if picture_format != Format() and is_format_alone(text):
        wishes = [in_format(picture_format)] if album.current and text else [Wish(kind="again")]
    is_mute = not clauses and bool(album.context.uploads)
    wishes = drop_small_talk(wishes) or [Wish(kind="ask" if is_mute else "chat", text=message)]
    return Reading(wishes=tuple(unmask(wish, quotes) for wish in wishes), format=picture_format)


def in_format(wanted: Format) -> Wish:
    """The picture looked at, in another outline."""
    outline = f"{wanted.width}x{wanted.height}" if wanted.shape is None else str(wanted.shape)
    return Wish(kind="edit", text=f"make it {outline}")


def read_several(raw: str, album: Album, earlier: Sequence[Wish]) -> list[Wish]:
    """A picture of each thing in a list, or a version with each change; empty for any other clause."""
    clause = strip_leads(raw)
    named = find_reference(clause)
    if is_question(clause, raw, album) or talk.is_talk(clause):
        return []
    orders = changes(clause)
    has_picture = album.current is not None or any(wish.kind == "generate" for wish in earlier)
    if orders and has_picture:
        reference = named.reference if named else about(clause, album)
        return [Wish(kind="edit", text=" | ".join(orders), reference=reference)]
    subjects = separate_subjects(clause)
    if orders and not has_picture and not is_visible(clause):
        return [Wish(kind="ask", text=clause)]
    if len(subjects) < 2 or forms.EDIT.match(clause):
        return []
    first, *rest = subjects
    order = forms.GENERATE.match(first)
    subjects = (first[order.end() :] if order else first, *rest)
    return [Wish(kind="generate", text=clean_subject(each)) for each in subjects if clean_subject(each)]
