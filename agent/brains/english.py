"""Reads English: a message becomes wishes, by rules and without a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.brains import english_forms as forms
from agent.brains import english_talk as talk
from agent.brains.english_back import read_go_back
from agent.brains.english_clauses import (
    clean_subject,
    count_of,
    described,
    split_clauses,
    strip_leads,
    take_count,
)
from agent.brains.english_combine import about, about_place, as_combination, as_placement
from agent.brains.english_edits import as_instruction, short_edit
from agent.brains.english_evidence import (
    asks_of_picture,
    contrast,
    likely_change,
    stated_change,
    wanted_picture,
)
from agent.brains.english_formats import take_format
from agent.brains.english_lists import changes, is_nameless, separate_subjects
from agent.brains.english_questions import is_question, question, reads_text
from agent.brains.english_quotes import mask_quotes, plain_quotes, unmasked
from agent.brains.english_references import find_reference
from agent.brains.english_scenes import inner_order, is_order_for_it, kept_wish, scene
from agent.brains.english_shape import (
    antecedent,
    is_about_life,
    is_addition,
    is_capability,
    is_fragment,
    is_known_part,
    is_look,
    is_order_on,
    is_order_on_it,
    is_statement,
)
from agent.brains.lexicon import content_words, reasoned, singular
from agent.brains.reading import Format, Reading, Wish
from agent.brains.references import Album, Reference
from agent.brains.spelling import correct_typos
from agent.brains.things import is_abstract, is_visible

__all__ = ["read_english"]

_IT_BUT = re.compile(
    r"(?:i(?:'d|'ll)? (?:like|love|want|prefer|take|choose|pick) |take |use |with )?it(?: most| best| "
    r"better| more)?\b[ ,:-]*(?:but |and |now |just "
    r"|only )*(?P<what>\S.*)",
    re.I,
)
_NOT_PLACED = re.compile(
    r"(?:with|without|same|the same|in|at|on|as|like|no|not|only|just|but|from|for)\b|(?:an?|the|one"
    r"|another|new)(?: new)? (?:pictures?|images?"
    r"|photos?|drawings?|versions?)\b|.*\b(?:instead|pictures?|images?)\b",
    re.I,
)
_OTHER_LOOK = re.compile(
    r"(?P<lead>(?:i'd|i would|i) (?:rather|prefer|rather have|rather see|like)(?: to see| to have)? "
    r"|make it |rather )?"
    r"(?:(?:what|how) about |maybe |use |try )?(?:an?|the|some) (?P<look>[\w-]+(?: and [\w-]+)?) "
    r"(?P<thing>\w+)(?P<end>,? (?:instead|please"
    r"|then|though|rather))*",
    re.I,
)


def read_english(message: str, album: Album) -> Reading:
    """The wishes of a message about the pictures in `album`."""
    text, quotes = mask_quotes(plain_quotes(message))
    text = reasoned(" ".join(correct_typos(text).split()))
    said = talk.GREETING.sub("", text)
    if is_capability(said) or any(map(talk.NOT_A_WISH.search, (said, strip_leads(text)))):
        return Reading(wishes=(Wish(kind="chat", text=message),))
    text, picture_format = take_format(with_look_inside(kept_wish(text)))
    wishes: list[Wish] = []
    before = ""
    clauses = split_clauses(text)
    for clause in clauses:
        if len(clauses) > 1 and re.fullmatch(
            r"(?:first|second|third|next|last)(?:ly)?|then|finally", clause, re.I
        ):
            continue
        told = told_scene(clause, before, wishes)
        if told:
            wishes = [told]
            continue
        if is_more_of_scene(clause, wishes):
            wishes[-1] = replace(wishes[-1], text=f"{wishes[-1].text}, {clause}")
            continue
        for wish in read_several(clause, album, wishes) or [read_clause(clause, album, wishes)]:
            wishes.append(named_before(wish, before))
        before = f"{before} {clause}"
    wishes = with_what_is_left_out(undone_at_last(wishes))
    if not wishes and picture_format != Format():
        wishes = [Wish(kind="again")]
    wishes = drop_small_talk(wishes) or [Wish(kind="chat", text=message)]
    return Reading(wishes=tuple(unmask(wish, quotes) for wish in wishes), format=picture_format)


def told_scene(clause: str, before: str, wishes: Sequence[Wish]) -> Wish | None:
    """What was told of before "could you draw that?"; None when there is a wish already."""
    is_new = all(wish.kind in ("chat", "ask", "question") for wish in wishes)
    if not before or not is_new or not is_order_for_it(strip_leads(clause)):
        return None
    subject = scene(before)
    return Wish(kind="generate", text=clean_subject(subject)) if subject else None


def is_more_of_scene(clause: str, wishes: Sequence[Wish]) -> bool:
    """Only a manner or a mood after a new picture: "oil on canvas, thick brush strokes"."""
    if not wishes or wishes[-1].kind != "generate" or is_statement(clause) or talk.is_talk(clause):
        return False
    is_order = forms.GENERATE.match(clause) or forms.EDIT.match(clause) or forms.AGAIN.fullmatch(clause)
    is_thing = re.match(r"(?:an?|the|one|two|three|four|some|another|and|then|now)\b", clause, re.I)
    is_fragment_on = len(clause.split()) <= 3 and is_fragment(wishes[-1].text) and is_name_only(clause)
    return not is_order and not is_thing and (is_look(clause) or is_fragment_on)


def undone_at_last(wishes: list[Wish]) -> list[Wish]:
    """ "no dog please, go back" wants one step back and no more."""
    is_back = (
        len(wishes) > 1 and wishes[-1].kind == "go_back" and wishes[-1].reference == Reference(kind="back")
    )
    if is_back and all(wish.kind == "chat" or wish.text.startswith("remove") for wish in wishes[:-1]):
        return wishes[-1:]
    return wishes


def with_what_is_left_out(wishes: list[Wish]) -> list[Wish]:
    """ "a salad, but leave out the tomatoes" is drawn without them at once."""
    kept: list[Wish] = []
    for wish in wishes:
        left_out = re.match(
            r"(?:leave out|skip|omit|no|without|nothing else|leave) (?P<what>.*)", wish.text, re.I
        )
        if kept and kept[-1].kind == "generate" and wish.kind == "edit" and left_out:
            what = "" if wish.text.lower().startswith("nothing") else f" without {left_out['what']}"
            kept[-1] = replace(kept[-1], text=f"{kept[-1].text}{what}")
        else:
            kept.append(wish)
    return kept


def is_name_only(clause: str) -> bool:
    """A bare word or two: "snow", "night time"; not "bigger"."""
    return re.fullmatch(r"[a-z -]+", clause, re.I) is not None and not re.search(
        r"er$|^(?:again|back|undo|please)\b", clause
    )


def with_look_inside(text: str) -> str:
    """ "a flower, but make it look like a watercolor" is one picture."""
    first = re.match(
        r"(?P<what>.+?),? but (?:please )?(?:make it|have it|with it)(?: be| look(?: like)?| in)? "
        r"(?P<look>.+)$",
        text,
        re.I,
    )
    is_new = (
        first
        and is_visible(first["what"])
        and (forms.GENERATE.match(strip_leads(first["what"])) or re.match(r"an? ", first["what"], re.I))
    )
    return (
        f"{first['what']}, {first['look']}"
        if first and is_new and not forms.AGAIN.fullmatch(first["what"])
        else text
    )


def named_before(wish: Wish, before: str) -> Wish:
    """ "unicorns are her favourites, draw one jumping": one is a unicorn."""
    found = re.match(
        r"(?:one|some)\b(?= (?:\w+ing|with|in|on|at|that|who|for|by|of those)\b|$)", wish.text, re.I
    )
    thing = antecedent(before) if found and wish.kind == "generate" else ""
    return replace(wish, text=f"{thing}{wish.text[found.end() :]}") if found and thing else wish


def unmask(wish: Wish, quotes: Sequence[str]) -> Wish:
    return replace(wish, text=unmasked(wish.text, quotes))


def drop_small_talk(wishes: Sequence[Wish]) -> list[Wish]:
    """Chat around a wish is not a wish, and a vague word after a clear one adds nothing to it."""
    working = [wish for wish in wishes if wish.kind != "chat"]
    if any(wish.kind in ("generate", "edit", "go_back") for wish in working):
        working = [wish for wish in working if wish.kind != "ask"]
    return working or list(wishes[:1])


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


def read_clause(raw: str, album: Album, earlier: Sequence[Wish]) -> Wish:
    """One clause's wish; `earlier` are those of the same message."""
    clause = numbered(strip_leads(raw), album)
    has_picture = album.current is not None or any(wish.kind == "generate" for wish in earlier)
    chat = Wish(kind="chat", text=raw)
    if forms.WISHED_PICTURE.match(clause):
        return read_generate(clause, album, earlier) or chat
    if not clause:
        return chat
    if talk.LEFT_ALONE.match(clause):
        return let_go(clause, album, earlier) or chat
    picked = read_go_back(clause, album) if talk.PICKS.match(clause) else None
    if picked and picked.reference and picked.reference.kind not in ("current", "all", "several"):
        return picked
    if album.current is None and re.fullmatch(r"no (?:more )?\w+", clause, re.I):
        return chat
    pointed = re.fullmatch(r"(?P<which>[^:]{3,40}):\s*(?P<what>\S.*)", clause)
    if pointed:
        named = find_reference(pointed["which"])
        if named and forms.ONLY_IT.fullmatch(named.text):
            inner = read_clause(pointed["what"], album, earlier)
            text = inner.text if inner.kind == "edit" else f"add {pointed['what']}"
            return Wish(kind="edit", text=text, reference=named.reference)
        shown = about(f"the {pointed['which']}", album)
        if not named and shown:
            return Wish(kind="edit", text=f"make the {pointed['which']} {pointed['what']}", reference=shown)
        if (
            not named
            and re.match(r"(?:an?|some|two|three|four) ", pointed["what"], re.I)
            and is_visible(pointed["what"])
        ):
            return read_clause(f"draw {pointed['what']}", album, earlier)
    if talk.VAGUE.fullmatch(clause.rstrip("?!. ")):
        return Wish(kind="ask", text=clause)
    if talk.SMALL_TALK.fullmatch(clause.rstrip("?!. ")) or talk.is_talk(clause):
        if asks_of_picture(clause, album) or asks_of_picture(raw, album) or reads_text(clause, album):
            return question(clause, album)
        return chat if talk.FIGURATIVE.search(clause) else wrapped(clause, album, earlier) or chat
    told = told_change(raw.strip(), album)
    if told:
        return told
    back = read_go_back(clause, album)
    if back:
        return back
    if (
        is_question(clause, raw, album)
        or asks_of_picture(clause, album)
        or asks_of_picture(raw.strip(), album)
    ):
        return question(clause, album)
    if talk.OF_THE_WORLD.match(clause):
        return chat
    clause = clause.rstrip("?!. ")
    correction = talk.CORRECTION.match(clause)
    if correction:
        return corrected(correction["what"], album, has_picture, earlier)
    if talk.NOT_THAT.match(clause) and not contrast(clause, album):
        return chat
    return (
        as_combination(clause, album)
        or read_again(clause, album)
        or as_placement(clause, album)
        or about_another(stated_change(without_name(clause), raw, album), clause, album, earlier)
        or other_look(clause, album)
        or contrast(clause, album)
        or read_edit(clause, album, has_picture, earlier)
        or (
            read_generate(clause, album, earlier)
            if not (is_placed_name(clause) and likely_change(clause, album))
            else None
        )
        or (
            about_another(likely_change(clause, album), clause, album, earlier)
            if is_placed_name(clause)
            else None
        )
        or short_wish(clause, album, has_picture, earlier)
        or read_any_order(clause, album, earlier)
        or wrapped(clause, album, earlier)
        or likely_change(clause, album)
        or chat
    )


def told_change(raw: str, album: Album) -> Wish | None:
    """A change of the current picture that is no order: "the sign says SALE now", "and a cat too"."""
    if album.current is None:
        return None
    also, stated = forms.ALSO.fullmatch(raw), forms.NOW_STATED.fullmatch(raw)
    if also:
        return Wish(kind="edit", text=f"add {also['what'] or also['plus']}")
    told = stated or forms.MUST_HAVE.fullmatch(raw)
    thing = "".join(each or "" for each in told.groups()) if told else ""
    if content_words(thing) & album.words(album.current) and not raw.endswith("?"):
        text = raw.strip(" .!")
        text = text if stated else as_instruction(re.sub(r"^make sure (?:that )?", "", text))
        return Wish(kind="edit", text=text)
    return None


def without_name(clause: str) -> str:
    """ "the middle one gets a hat": "it gets a hat"."""
    named = find_reference(clause)
    return named.text if named and named.reference.kind != "current" else clause


def is_placed_name(clause: str) -> bool:
    """Names a thing and a place the picture has, and gives no order: "steam coming out of it"."""
    if forms.GENERATE.match(clause) or find_reference(clause) or _NOT_PLACED.match(clause):
        return False
    return re.search(r"\b(?:the|it|him|her|them|its|his|their)\b", clause, re.I) is not None


def about_another(wish: Wish | None, clause: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """The wish, said of the other picture that shows what it names."""
    if wish is None or any(each.kind in ("generate", "edit", "go_back") for each in earlier):
        return wish
    named = find_reference(clause)
    if named and named.reference.kind != "current":
        return replace(wish, reference=named.reference)
    places = [clause[found.start() :] for found in re.finditer(r"\b(?:the|that) ", clause)]
    return replace(wish, reference=next(filter(None, (about(place, album) for place in places)), None))


def wrapped(clause: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """A new picture ordered inside a longer sentence."""
    inner = inner_order(clause)
    if inner:
        return read_generate(inner, album, earlier)
    wanted = clean_subject(wanted_picture(clause))
    return Wish(kind="generate", text=wanted) if wanted else None


def other_look(clause: str, album: Album) -> Wish | None:
    """ "I'd prefer a white cat", "how about a blue car instead": another look for what the picture shows."""
    found = _OTHER_LOOK.fullmatch(clause)
    if not found or album.current is None or not (found["lead"] or found["end"]):
        return None
    thing = content_words(found["thing"])
    if not thing or not thing <= album.words(album.current):
        return None
    return Wish(kind="edit", text=f"make the {found['thing']} {found['look']}")


def let_go(clause: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """ "scrap the dog" takes back the change that brought it; of what was drawn at once it is only talk."""
    words = content_words(clause.partition(" ")[2])
    if earlier or album.current is None or album.current.parent is None:
        return None
    before = Reference(kind="before", words=words)
    return Wish(kind="go_back", reference=before) if words and album.find(before).ids else None


def numbered(clause: str, album: Album) -> str:
    """Of pictures side by side "2 with a hat" is number 2, "the first bear" the first one."""
    if not album.is_choice_open:
        return clause
    shown = frozenset[str]().union(*(album.words(each) for each in album.group))

    def ordered(found: re.Match[str]) -> str:
        return f"the {found[1]} one" if singular(found[2].lower()) in shown else found[0]

    clause = re.sub(
        r"\b(?:the )?(first|second|third|fourth|last|middle|left|right) ([a-z]+)\b",
        ordered,
        clause,
        flags=re.I,
    )
    return re.sub(
        r"^(?:i(?:'ll)? (?:want|take|like|prefer|choose|pick|go (?:for|with)) )?(\d)(?=$|,|:| (?:with"
        r"|in|but|at|on|without|as|wearing|and|is|looks|please)\b)",
        r"number \1",
        clause,
    )


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
    found = forms.AGAIN.fullmatch(clause)
    if not found:
        return None
    named = find_reference(clause)
    groups = found.groupdict()
    word = (groups["n1"] or groups["n2"] or groups["n3"] or groups["n4"] or "one").lower()
    return Wish(
        kind="again",
        text=(groups["change"] or "").strip(),
        reference=named.reference if named and named.reference.kind != "current" else None,
        num_pictures=count_of(word),
    )


def read_edit(clause: str, album: Album, has_picture: bool, earlier: Sequence[Wish]) -> Wish | None:
    """A change of a picture, spoken as an order."""
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
    if not earlier and is_addition(rest, album):
        return Wish(kind="edit", text=f"add {clean_subject(rest)}", num_pictures=num_pictures)
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
    if rest and (is_bare or forms.MANNER.fullmatch(rest)):
        return Wish(kind="chat", text=clause)
    if not rest or forms.NOTHING.fullmatch(rest):
        return Wish(kind="ask" if forms.IS_ORDER.match(clause) else "chat", text=clause)
    is_drawn = re.match(
        r"(?:please )?(?:draw|paint|sketch|doodle)\b", clause, re.I
    ) and talk.STRONG_ORDER.match(clause)
    if not is_drawn and (is_abstract(rest) or re.match(r"to \w+", rest)):
        return Wish(kind="chat", text=clause)
    return Wish(kind="generate", text=rest, num_pictures=num_pictures)


def short_wish(clause: str, album: Album, has_picture: bool, earlier: Sequence[Wish]) -> Wish | None:
    """No verb: "a red car" draws, "bigger" and "without the hat" change."""
    rest, num_pictures = take_count(clause)
    rest = re.sub(r"^(?:please\b)?[\s:,.-]+", "", rest)
    named = find_reference(rest)
    text = named.text if named else rest
    detail = re.fullmatch(_IT_BUT, text) if named else None
    change = (short_edit(detail["what"]) if detail else None) or short_edit(text)
    told = detail["what"] if detail else re.sub(r"^it\b ?", "", text) if named else rest
    change = (
        None
        if is_statement(told) and not re.match(r"everything|like |as if |instead of ", rest, re.I)
        else change
    )
    if (
        change
        and re.match(r"no\b", text, re.I)
        and not (is_visible(change) or is_known_part(change[11:], album))
    ):
        change = None
    wanted = forms.WOULD_BE.match(text)
    if wanted and has_picture:
        change = f"add {wanted['what']}"
    if change is None and not earlier and is_known_part(text, album):
        change = f"make it {text}"
    if change is None and not earlier and is_addition(text, album):
        change = f"add {text}"
    if change and (has_picture or forms.CLEAR_CHANGE.match(text)):
        return Wish(
            kind="edit", text=change, reference=named.reference if named else None, num_pictures=num_pictures
        )
    elsewhere = re.fullmatch(
        r"(?!an? |one |two )(?P<thing>\w+(?: \w+)?),? (?:in|at|with|without|as|but) .+", text
    )
    reference = about(f"the {elsewhere['thing']}", album) if elsewhere and not named and not earlier else None
    if reference:
        return Wish(kind="edit", text=f"make it {text}", reference=reference)
    if not rest and num_pictures > 1 and has_picture:
        return Wish(kind="again", num_pictures=num_pictures)
    if named and named.reference.kind not in ("current",) and forms.ONLY_IT.fullmatch(named.text):
        return Wish(kind="go_back", reference=named.reference)
    is_ours = re.match(r"(?:my|our|his|her|their) (?!.*\b(?:as|with|in|on)\b)", rest, re.I)
    if album.context.uploads or is_statement(rest) or is_abstract(rest) or is_ours:
        return None
    if is_nameless(clean_subject(rest)):
        return Wish(kind="ask", text=clause)
    is_part_of_list = bool(earlier) and earlier[-1].kind == "generate" and len(rest.split()) < 6
    if (
        forms.NOUN_PHRASE.match(rest)
        or is_fragment(rest)
        or is_part_of_list
        or forms.SAYS_COUNT.match(clause)
    ):
        return Wish(kind="generate", text=clean_subject(rest), num_pictures=num_pictures)
    return None
