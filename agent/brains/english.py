"""Reads English: a message becomes wishes, by rules and without a model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.brains import english_forms as forms
from agent.brains import english_talk as talk
from agent.brains.english_edits import as_instruction, short_edit
from agent.brains.english_references import find_reference
from agent.brains.lexicon import NUMBERS, TYPOS, content_words, reasoned
from agent.brains.reading import Format, Reading, Wish
from agent.brains.references import Album, Reference
from agent.domain import Shape

__all__ = ["read_english"]


def read_english(message: str, album: Album) -> Reading:
    """The wishes of a message about the pictures in `album`."""
    text, quotes = mask_quotes(correct_typos(message))
    text = reasoned(" ".join(text.split()))
    chat = talk.NOT_A_WISH.search(strip_leads(text))
    if chat:
        return Reading(wishes=(Wish(kind="chat", text=message),))
    text, picture_format = take_format(text)
    wishes: list[Wish] = []
    for clause in split_clauses(text):
        wish = read_clause(clause, album, wishes)
        if wish:
            wishes.append(wish)
    if not wishes and picture_format != Format():
        wishes = [Wish(kind="again")]
    wishes = drop_small_talk(wishes) or [Wish(kind="chat", text=message)]
    return Reading(wishes=tuple(unmask(wish, quotes) for wish in wishes), format=picture_format)


def drop_small_talk(wishes: Sequence[Wish]) -> list[Wish]:
    """Chat around a wish is not a wish."""
    return [wish for wish in wishes if wish.kind != "chat"] or list(wishes[:1])


def correct_typos(message: str) -> str:
    message = message.replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    return re.sub(r"[A-Za-z']+", lambda found: TYPOS.get(found[0].lower(), found[0]), message)


def mask_quotes(text: str) -> tuple[str, list[str]]:
    """Quoted words are data: they steer nothing and come back untouched."""
    quotes: list[str] = []

    def mask(found: re.Match[str]) -> str:
        quotes.append(found[0])
        return f"QUOTE{len(quotes) - 1}"

    return re.sub(
        r"\"[^\"]+\"|«[^»]+»|(?<!\w)'[^']{2,}'(?!\w)|\b[\w-]+\.(?:png|jpe?g|webp|gif)\b", mask, text
    ), quotes


def unmask(wish: Wish, quotes: Sequence[str]) -> Wish:
    text = re.sub(r"QUOTE(\d+)", lambda found: quotes[int(found[1])], wish.text)
    return Wish(kind=wish.kind, text=text, reference=wish.reference, num_pictures=wish.num_pictures)


def take_format(text: str) -> tuple[str, Format]:
    """Shape or pixels asked for, and the text without them."""
    pixels = re.search(
        r"[, ]*\b(?:(?:at|in|of|sized?|as) )?(?:a )?(?:size (?:of )?)?(\d{2,5}) ?(?:x|×|by"
        r"|\*) ?(\d{2,5})(?: ?px| pixels)?\b(?: (?:pixels|px|size))?",
        text,
        re.I,
    )
    if pixels and int(pixels[1]) >= 32 and int(pixels[2]) >= 32:
        rest = (text[: pixels.start()] + " " + text[pixels.end() :]).strip()
        return rest, Format(width=int(pixels[1]), height=int(pixels[2]))
    for shape, pattern in forms.SHAPES:
        found = re.search(pattern, text, re.I)
        if found:
            rest = (text[: found.start()] + " " + text[found.end() :]).strip(" ,")
            return re.sub(r"\s+", " ", rest), Format(shape=Shape(shape))
    return text, Format()


def split_clauses(text: str) -> list[str]:
    """One clause a wish, as far as punctuation, "then" and verbs tell."""
    return [part for part in (piece.strip(" ,.;!") for piece in forms.SPLIT.split(text)) if part]


def strip_leads(clause: str) -> str:
    """Without greetings, politeness and fillers at both ends."""
    before = None
    while before != clause:
        before = clause
        clause = forms.LEAD.sub("", clause).strip(" ,")
        clause = forms.TAIL.sub("", clause).strip(" ,")
    return clause


def read_clause(raw: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """One clause's wish; `earlier` are those of the same message."""
    clause = strip_leads(raw)
    has_picture = album.current is not None or any(wish.kind == "generate" for wish in earlier)
    if not clause or talk.SMALL_TALK.fullmatch(clause.rstrip("?!. ")):
        return Wish(kind="chat", text=raw)
    if talk.TALK.search(clause) or talk.FIGURATIVE.search(clause):
        return Wish(kind="chat", text=raw)
    back = read_go_back(clause, album)
    if back:
        return back
    if is_question(clause, raw, album):
        return question(clause, album)
    if talk.OF_THE_WORLD.match(clause):
        return Wish(kind="chat", text=raw)
    clause = clause.rstrip("?!. ")
    correction = talk.CORRECTION.match(clause)
    if correction and has_picture:
        clause = correction["what"]
        return short_wish(clause, album, has_picture, earlier) or Wish(kind="edit", text=f"make it {clause}")
    if talk.VAGUE.fullmatch(clause):
        return Wish(kind="ask", text=clause)
    return (
        read_again(clause, album)
        or read_edit(clause, album, has_picture, earlier)
        or read_generate(clause, album, earlier)
        or short_wish(clause, album, has_picture, earlier)
        or Wish(kind="chat", text=raw)
    )


def read_go_back(clause: str, album: Album) -> Wish | None:
    """Undo, go back, keep, show again: no paint."""
    undo = forms.UNDO.search(clause)
    named = find_reference(clause)
    if undo and not forms.EDIT_AFTER_UNDO.search(clause):
        return Wish(kind="go_back", reference=undone(clause, undo, named.reference if named else None))
    if named and forms.GO_BACK_TO.search(named.text):
        return Wish(kind="go_back", reference=named.reference)
    what = forms.GO_BACK_WHAT.search(clause)
    if what and not named and album.context.pictures:
        words = content_words(what["what"])
        known = frozenset[str]().union(*(album.words(each) for each in album.context.pictures))
        if words & known:
            return Wish(kind="go_back", reference=Reference(kind="described", words=words & known))
    if forms.REDO.fullmatch(clause) and album.find(Reference(kind="redo")):
        return Wish(kind="go_back", reference=Reference(kind="redo"))
    return None


def undone(clause: str, undo: re.Match[str], named: Reference | None) -> Reference:
    """The version that undoing leads to."""
    if re.search(
        r"\b(?:everything|all (?:of it|changes|the changes|edits|the edits|of that|my changes))\b",
        clause,
        re.I,
    ):
        return Reference(kind="original")
    if named and named.kind not in ("current", "all"):
        return named
    many = re.search(
        r"\b(two|three|four|\d|2|twice)(?: (?:steps?|versions?|times|edits|changes))?\b", clause, re.I
    )
    if many:
        word = many[1].lower()
        return Reference(
            kind="back", index=2 if word == "twice" else int(word) if word.isdecimal() else NUMBERS[word]
        )
    what = re.search(
        r"\b(?:undo|revert) (?:adding )?(?:the|that|this) (?P<w>(?!last|change|edit|previous"
        r"|one|step)[\w ]+)",
        clause,
        re.I,
    )
    words = content_words(what["w"]) if what else frozenset[str]()
    return Reference(kind="before", words=words) if words else Reference(kind="back")


def is_question(clause: str, raw: str, album: Album) -> bool:
    """A question about a picture, not about the world or about us."""
    if not (
        talk.QUESTION.match(clause) or (raw.rstrip().endswith("?") and talk.QUESTION_ANYWHERE.search(clause))
    ):
        return False
    if talk.GENERAL_QUESTION.search(clause):
        return False
    if talk.PICTURE_WORD.search(clause) or album.context.uploads:
        return True
    if album.current is None:
        return False
    if find_reference(clause) or talk.POINTING.search(clause):
        return True
    known = frozenset[str]().union(*(album.words(each) for each in album.context.pictures))
    definite = re.search(r"\b(?:the|there|his|her|its|any)\b", clause, re.I)
    return bool(
        definite and (content_words(clause) & known or re.search(r"\bthere\b|\bbackground\b", clause, re.I))
    )


def question(clause: str, album: Album) -> Wish:
    named = find_reference(clause)
    return Wish(kind="question", text=clause, reference=named.reference if named else about(clause, album))


def about(text: str, album: Album) -> Reference | None:
    """ "the cat" when only another picture than the current one has a cat."""
    found = re.search(r"\b(?:the|that)((?: [\w-]+){1,3})", text, re.I)
    if not found or album.current is None:
        return None
    words = content_words(found[1]) & frozenset[str]().union(
        *(album.words(each) for each in album.context.pictures)
    )
    if not words or words & album.words(album.current) or album.context.uploads:
        return None
    return Reference(kind="described", words=words)


def read_again(clause: str, album: Album) -> Wish | None:
    """More of the same: "another one", "two more", "three versions of it"."""
    found = forms.AGAIN.fullmatch(clause)
    if not found:
        return None
    named = find_reference(clause)
    groups = found.groupdict()
    word = (groups["n1"] or groups["n2"] or groups["n3"] or "one").lower()
    return Wish(
        kind="again",
        text=(groups["change"] or "").strip(),
        reference=named.reference if named and named.reference.kind != "current" else None,
        num_pictures=count_of(word),
    )


def count_of(word: str) -> int:
    word = word.lower().strip()
    if word == "twice":
        return 2
    return int(word) if word.isdecimal() else NUMBERS.get(word, 1)


def take_count(text: str) -> tuple[str, int]:
    """How many pictures ("three versions of"), and the text without it; "two cats" is one picture."""
    for pattern in forms.COUNTS:
        found = re.search(pattern, text, re.I)
        if found:
            rest = f"{text[: found.start()]} {text[found.end() :]}"
            return re.sub(r"\s+", " ", rest).strip(" ,"), count_of(found["n"])
    return text, 1


def read_edit(clause: str, album: Album, has_picture: bool, earlier: Sequence[Wish]) -> Wish | None:
    """A change of a picture, spoken as an order."""
    named = find_reference(clause)
    if named is None or named.reference.kind != "all":
        rest, num_pictures = take_count(clause)
        named = find_reference(rest)
    else:
        rest, num_pictures = clause, 1
    text = named.text if named else rest
    reference = named.reference if named else None
    draws_on = forms.DRAW_ON.match(text)
    is_change = forms.EDIT.match(text) or forms.EDIT_STATE.search(text) or (draws_on and has_picture)
    if not is_change or (forms.MAKE_NEW.match(text) and not draws_on):
        return None
    if reference is None and not any(wish.kind in ("generate", "edit", "go_back") for wish in earlier):
        reference = about(text, album) if not forms.ADDS.match(text) else None
    return Wish(kind="edit", text=as_instruction(text), reference=reference, num_pictures=num_pictures)


def read_generate(clause: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """A new picture, spoken as an order."""
    found = forms.GENERATE.match(clause)
    if not found:
        return None
    rest, num_pictures = take_count(clause[found.end() :])
    rest = clean_subject(rest)
    if not rest or forms.NOTHING.fullmatch(rest):
        return Wish(kind="ask" if forms.IS_ORDER.match(clause) else "chat", text=clause)
    return Wish(kind="generate", text=rest, num_pictures=num_pictures)


def clean_subject(text: str) -> str:
    """What is to be seen: without "a picture of", politeness and empty words."""
    before = None
    while before != text:
        before = text
        text = forms.SUBJECT_LEAD.sub("", text).strip(" ,.:;!?")
        text = forms.TAIL.sub("", text).strip(" ,.:;!?")
    return text


def short_wish(clause: str, album: Album, has_picture: bool, earlier: Sequence[Wish]) -> Wish | None:
    """No verb: "a red car" draws, "bigger" and "without the hat" change."""
    rest, num_pictures = take_count(clause)
    rest = re.sub(r"^(?:please\b)?[\s:,.-]+", "", rest)
    named = find_reference(rest)
    text = named.text if named else rest
    detail = re.fullmatch(r"it,? (?:but |and )?(?P<what>with(?:out)? .+)", text, re.I) if named else None
    change = short_edit(detail["what"] if detail else text)
    if change and (has_picture or forms.CLEAR_CHANGE.match(text)):
        return Wish(
            kind="edit", text=change, reference=named.reference if named else None, num_pictures=num_pictures
        )
    if not rest and num_pictures > 1 and has_picture:
        return Wish(kind="again", num_pictures=num_pictures)
    if named and named.reference.kind not in ("current",) and forms.ONLY_IT.fullmatch(named.text):
        return Wish(kind="go_back", reference=named.reference)
    if forms.NOUN_PHRASE.match(rest) or (
        earlier and earlier[-1].kind == "generate" and len(rest.split()) < 6
    ):
        return Wish(kind="generate", text=clean_subject(rest), num_pictures=num_pictures)
    return None
