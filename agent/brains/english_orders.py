"""One English clause: an order to draw or change, a question, a way back, or talk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import overload

from agent.brains import english_forms as forms
from agent.brains import english_talk as talk
from agent.brains.english_again import AGAIN
from agent.brains.english_back import read_go_back
from agent.brains.english_changes import (
    about_another,
    is_placed_name,
    let_go,
    other_look,
    told_change,
    without_name,
)
from agent.brains.english_clauses import (
    clean_subject,
    count_of,
    described,
    strip_leads,
    take_count,
)
from agent.brains.english_combine import about, about_place, as_combination, as_placement
from agent.brains.english_commands import command_wish
from agent.brains.english_edits import as_instruction, short_edit
from agent.brains.english_evidence import (
    asks_of_picture,
    contrast,
    likely_change,
    stated_change,
    wanted_picture,
)
from agent.brains.english_picks import numbered
from agent.brains.english_questions import asks_for_words, is_question, question, reads_text
from agent.brains.english_references import find_reference
from agent.brains.english_scenes import inner_order
from agent.brains.english_shape import (
    is_about_life,
    is_addition,
    is_order_on,
    is_order_on_it,
)
from agent.brains.english_short import short_wish
from agent.brains.reading import Wish
from agent.brains.references import Album
from agent.brains.things import is_abstract, is_visible

__all__ = ["read_clause"]

_LEFT_AS_IT_IS = re.compile(
    r"(?:keep|leave) (?:it|this|that|everything) (?:as (?:it )?is|like (?:this|that))(?: now)?", re.I
)
_MERELY_SENT = re.compile(
    r"(?:here|help|fix|look|this|(?:see )?(?:photo|picture|image|file)?(?: is)?(?: attached)?|(?:this"
    r"|that) one|(?:check|look at) (?:this|it)(?: out)?"
    r"|(?:here(?:'s| is)|got) (?:another|one)(?: more)?(?: one)?)",
    re.I,
)
_GROUND = re.compile(r"an? (?!picture|image|photo|poster|wallpaper)(?:[\w-]+ ){1,2}background\b", re.I)
_ALSO = re.compile(
    r"(?:(?:and )?don't forget|there's (?:still )?room for) (?P<more>(?:an?|some|the|another|two|three) .+)"
    r"|(?:let's (?:also )?have|have|get) (?P<too>(?:an?|some|another|two|three) .+?) (?:as well|too|in there)"
    r"|(?:it )?(?:would|might) be (?:cool|nice|fun|great|lovely|better|good) if (?P<if>(?:an?|some|two"
    r"|three) .+)"
    r"|i(?:'d| would)? also (?:like|love|want|need) (?P<what>(?:an?|some|the|two|three|more) .+)",
    re.I,
)
_AND_ALSO = re.compile(
    r"(?:and|plus|also)(?: also| maybe| perhaps)?,? (?P<what>(?:an?|some|two|three) [^?]+)\W*", re.I
)
_DRAWN_THERE = re.compile(
    r"(?:please )?(?:draw|paint|sketch) (?P<what>.+ (?:in the (?:back|fore)ground|in the (?:corner"
    r"|distance|sky)|(?:on|at) the"
    r" (?:left|right|top|bottom)|(?:behind|beside|next to|above|below|under|around|on) (?:it|him|her|them)))",
    re.I,
)
_LIKE_SOMEBODY = re.compile(r"like (?!(?:an?|the|this|that|it|my|one)\b)[\w ]+", re.I)
_GOOD_BUT = re.compile(
    r"\b(?:is|looks|was) (?:\w+ )?(?:good|nice|great|fine|ok|okay|best|cool|perfect|almost \w+),? but\b", re.I
)
_CHANGED_MIND = re.compile(r"i(?:'ve| have)? changed my mind (?:about|on) (?P<what>(?:the|that) .+)", re.I)


def read_clause(raw: str, album: Album, earlier: Sequence[Wish]) -> Wish:
    """One clause's wish; `earlier` are those of the same message."""
    clause = numbered(strip_leads(raw), album)
    chat = Wish(kind="chat", text=raw)
    is_more = album.current is not None and forms.WOULD_BE.match(clause)
    if forms.WISHED_PICTURE.match(clause) and not is_more and not asks_for_words(clause, album):
        return read_generate(clause, album, earlier) or chat
    if not clause:
        return chat
    if told := command_wish(clause, album) or command_wish(raw, album):
        return told
    also = _ALSO.fullmatch(clause)
    if album.current is not None and not also and not earlier:
        also = _AND_ALSO.fullmatch(raw.strip()) or _DRAWN_THERE.fullmatch(clause)
    if also and album.current is not None:
        return Wish(kind="edit", text=f"add {next(filter(None, also.groups()))}")
    regretted = _CHANGED_MIND.fullmatch(clause)
    if regretted or talk.LEFT_ALONE.match(clause):
        return let_go(f"scrap {regretted['what']}" if regretted else clause, album, earlier) or chat
    is_pick = talk.PICKS.match(clause) and not _GOOD_BUT.search(clause)
    picked = read_go_back(clause, album) if is_pick else None
    if picked and picked.reference and picked.reference.kind not in ("current", "all", "several"):
        return picked
    if album.current is None and re.fullmatch(r"no (?:more )?\w+", clause, re.I):
        return chat
    pointed = pointed_out(clause, album, earlier)
    if pointed:
        return pointed
    if album.context.uploads and _MERELY_SENT.fullmatch(clause):
        return Wish(kind="ask", text=clause)
    asks = not talk.GENERAL_QUESTION.search(clause) and (
        any(asks_of_picture(each, album) for each in (clause, raw.strip()))
        or asks_for_words(raw.strip(), album)
    )
    if talk.VAGUE.fullmatch(clause.rstrip("?!. ")):
        return Wish(kind="ask", text=clause)
    is_small = talk.SMALL_TALK.fullmatch(clause.rstrip("?!. "))
    if is_small or talk.is_talk(clause):
        if asks or reads_text(clause, album) or asks_for_words(clause, album):
            return question(clause, album)
        if talk.is_figure_of_speech(clause):
            return chat if talk.FIGURATIVE.search(clause) else wrapped(clause, album, earlier) or chat
        return wrapped(clause, album, earlier) or (chat if is_small else guessed(chat))
    told = told_change(raw.strip(), album) or (
        None if _GOOD_BUT.search(clause) else read_go_back(clause, album)
    )
    if told:
        return told
    if asks or is_question(clause, raw, album):
        return question(clause, album)
    return chat if talk.OF_THE_WORLD.match(clause) else read_order(clause, raw, album, earlier)


def pointed_out(clause: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """ "first picture: open roof", "lighthouse: white", "last thing for today: a panda"."""
    found = re.fullmatch(r"(?P<which>[^:]{3,40}):\s*(?P<what>\S.*)", clause)
    if not found:
        return None
    named, what = find_reference(found["which"]), found["what"]
    if named and forms.ONLY_IT.fullmatch(named.text):
        inner = read_clause(what, album, earlier)
        text = inner.text if inner.kind == "edit" else f"add {what}"
        return Wish(kind="edit", text=text, reference=named.reference)
    shown = about(f"the {found['which']}", album)
    if not named and shown:
        return Wish(kind="edit", text=f"make the {found['which']} {what}", reference=shown)
    if not named and re.match(r"(?:an?|some|two|three|four) ", what, re.I) and is_visible(what):
        return read_clause(f"draw {what}", album, earlier)
    return None


def read_order(clause: str, raw: str, album: Album, earlier: Sequence[Wish]) -> Wish:
    """An order in any of the ways of asking, the plainest first; else talk."""
    clause, chat = clause.rstrip("?!. "), Wish(kind="chat", text=raw)
    has_picture = album.current is not None or any(wish.kind == "generate" for wish in earlier)
    correction = talk.CORRECTION.match(clause)
    if correction:
        return corrected(correction["what"], album, has_picture, earlier)
    if talk.NOT_THAT.match(clause) and not contrast(clause, album):
        return chat
    return (
        as_combination(clause, album)
        or read_again(clause, album)
        or as_placement(clause, album)
        or guessed(about_another(stated_change(without_name(clause), raw, album), clause, album, earlier))
        or guessed(other_look(clause, album))
        or guessed(contrast(clause, album))
        or read_edit(clause, album, has_picture, earlier)
        or (
            read_generate(clause, album, earlier)
            if not (is_placed_name(clause) and likely_change(clause, album))
            else None
        )
        or guessed(
            about_another(likely_change(clause, album), clause, album, earlier)
            if is_placed_name(clause)
            else None
        )
        or guessed(short_wish(clause, album, has_picture, earlier))
        or guessed(read_any_order(clause, album, earlier))
        or guessed(wrapped(clause, album, earlier))
        or guessed(likely_change(clause, album) or chat)
    )


@overload
def guessed(wish: Wish) -> Wish: ...
@overload
def guessed(wish: Wish | None) -> Wish | None: ...
def guessed(wish: Wish | None) -> Wish | None:
    """The wish, if there is one, marked as a guess."""
    return replace(wish, is_guess=True) if wish else None


def wrapped(clause: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """A new picture ordered inside a longer sentence."""
    inner = inner_order(clause)
    if inner:
        return read_generate(inner, album, earlier)
    wanted = clean_subject(wanted_picture(clause))
    return Wish(kind="generate", text=wanted) if wanted else None


def corrected(what: str, album: Album, has_picture: bool, earlier: Sequence[Wish]) -> Wish:
    """ "I meant green"; with an order of its own ("I mean draw a cat") that order."""
    if forms.GENERATE.match(what) or forms.EDIT.match(what) or not has_picture:
        return read_clause(what, album, earlier)
    return short_wish(what, album, has_picture, earlier) or Wish(kind="edit", text=f"make it {what}")


def read_any_order(clause: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """An order with a verb that the rules do not know, on what the picture shows."""
    clause = clause if is_order_on(clause, album) else clause.rpartition(", ")[2]
    named = find_reference(clause)
    text = named.text if named else clause
    is_after_work = any(wish.kind in ("generate", "edit") for wish in earlier)
    if not is_order_on(text, album) and not (is_after_work and is_order_on_it(text)):
        return None
    reference = named.reference if named else about(text, album) if not earlier else None
    return Wish(kind="edit", text=as_instruction(text), reference=reference)


def read_again(clause: str, album: Album) -> Wish | None:
    """More of the same: "another one", "two more", "three versions of it"."""
    found = AGAIN.fullmatch(clause)
    if not found:
        return None
    named = find_reference(clause)
    groups = found.groupdict()
    word = (groups["n1"] or groups["n2"] or groups["n3"] or groups["n4"] or groups["n5"] or "one").lower()
    return Wish(
        kind="again",
        text=(groups["change"] or "").strip(),
        reference=named.reference if named and named.reference.kind != "current" else None,
        num_pictures=count_of(word),
    )


def read_edit(clause: str, album: Album, has_picture: bool, earlier: Sequence[Wish]) -> Wish | None:
    """A change of a picture, spoken as an order."""
    if _LEFT_AS_IT_IS.fullmatch(clause):
        return Wish(kind="chat", text=clause)
    if forms.REMARK.match(clause) and any(wish.kind == "generate" for wish in earlier):
        return Wish(kind="chat", text=clause)
    named = find_reference(clause)
    if named is None or named.reference.kind != "all":
        rest, num_pictures = take_count(clause)
        named = find_reference(rest)
    else:
        rest, num_pictures = clause, 1
    text = named.text if named else rest
    reference = named.reference if named else None
    draws_on = forms.DRAW_ON.match(text)
    is_change = forms.EDIT.match(text) or (draws_on and has_picture)
    is_change = is_change or (
        forms.EDIT_STATE.search(text) and (has_picture or not forms.WANTS_A.match(text))
    )
    is_change = is_change and not forms.DRAWS_MINE.match(text)
    if not is_change or (forms.MAKE_NEW.match(text) and not draws_on):
        return None
    if forms.EDIT.match(text) and is_about_life(text, album) and reference is None:
        return Wish(kind="chat", text=clause)
    if not has_picture and forms.PUTS_NEW.match(text):
        return Wish(kind="generate", text=clean_subject(text.split(" ", 1)[1]), num_pictures=num_pictures)
    if reference is None and not any(wish.kind in ("generate", "edit", "go_back") for wish in earlier):
        reference = (about_place(text, album) if forms.ADDS.match(text) else None) or (
            about(text, album) if forms.NAMES_IT.match(text) or forms.PUTS_IT.match(text) else None
        )
    return Wish(kind="edit", text=as_instruction(text), reference=reference, num_pictures=num_pictures)


def read_generate(clause: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """A new picture, spoken as an order."""
    named = find_reference(clause)
    found = forms.WISHED_PICTURE.match(clause) or forms.GENERATE.match(clause)
    if not found or (named and named.text.startswith("it")):
        return None
    rest, num_pictures = take_count(clause[found.end() :])
    if not earlier and is_addition(rest, album) and not forms.ANOTHER_BUT.match(clause):
        return Wish(kind="edit", text=f"add {clean_subject(rest)}", num_pictures=num_pictures)
    if album.current is not None and not earlier and _GROUND.match(rest):
        return Wish(kind="edit", text=f"give it {rest}", num_pictures=num_pictures)
    detail = short_edit(rest) if re.match(r"(?:with|without|wearing)\b", rest) else None
    if detail and album.current is not None and not earlier:
        return Wish(kind="edit", text=detail, num_pictures=num_pictures)
    rest = described(clean_subject(rest))
    is_weak = bool(forms.WEAK_ORDER.match(clause))
    is_named = bool(talk.STRONG_ORDER.match(clause) or forms.NAMES_ONE.match(rest) or is_visible(rest))
    is_own = len(rest.split()) == 1 or rest.lower().startswith("my ")
    is_bare = ((is_weak and is_own) or not is_named) and not forms.PAINTS.match(clause)
    if rest and forms.NOTHING.fullmatch(rest) and forms.PICTURE_NOUN.search(rest):
        return Wish(kind="ask", text=clause)
    if rest and (is_bare or forms.MANNER.fullmatch(rest) or _LIKE_SOMEBODY.fullmatch(rest)):
        return Wish(kind="chat", text=clause)
    if not rest or forms.NOTHING.fullmatch(rest):
        return Wish(kind="ask" if forms.IS_ORDER.match(clause) else "chat", text=clause)
    is_drawn = re.match(
        r"(?:please )?(?:draw|paint|sketch|doodle)\b", clause, re.I
    ) and talk.STRONG_ORDER.match(clause)
    if not is_drawn and (is_abstract(rest) or re.match(r"to \w+", rest)):
        return Wish(kind="chat", text=clause)
    return Wish(kind="generate", text=rest, num_pictures=num_pictures)
