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
from agent.brains.english_plainly import asked_of_one, said_plainly
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
from agent.brains.references import Album
from agent.brains.spelling import correct_typos
from agent.brains.things import is_visible
from agent.brains.variations import read_variation

__all__ = ["read_english"]


def read_english(message: str, album: Album) -> Reading:
    """The wishes of a message about the pictures in `album`."""
    text, quotes = mask_quotes(plain_quotes(message))
    text = reasoned(" ".join(correct_typos(text).split()))
    asked = asked_of_one(text, album)
    if asked:
        return Reading(wishes=(asked,))
    text = said_plainly(text)
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
