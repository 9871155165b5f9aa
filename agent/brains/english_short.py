"""English wishes without a verb: "a red car" draws, "bigger" and "fog for picture 2" change."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.brains import english_forms as forms
from agent.brains.english_clauses import clean_subject, count_of, take_count
from agent.brains.english_combine import about
from agent.brains.english_edits import short_edit
from agent.brains.english_evidence import is_part
from agent.brains.english_lists import is_nameless
from agent.brains.english_references import find_reference
from agent.brains.english_shape import (
    is_addition,
    is_fragment,
    is_known_part,
    is_naming,
    is_order_on_it,
    is_statement,
)
from agent.brains.lexicon import content_words
from agent.brains.reading import Wish
from agent.brains.references import Album
from agent.brains.things import is_abstract, is_visible

__all__ = ["short_wish"]

_IT_BUT = re.compile(
    r"(?:i(?:'d|'ll)? (?:like|love|want|prefer|take|choose|pick) |take |use |with )?it(?: most| best| "
    r"better| more| (?:is|looks) (?:good|nice|great|fine|ok|okay|best|better|perfect|cool"
    r"|almost \w+))?\b[ ,:-]*(?:but |and |now |just "
    r"|only )*(?P<what>\S.*)",
    re.I,
)
_FOR_IT = re.compile(
    r"(?P<what>(?!(?:with|without|same|like|as|only|just|but)\b)[\w' -]{2,40}?) (?:for|on|in|to|onto) it",
    re.I,
)
""" "fog for picture 2", "hats for both"."""
_VERSIONS_WITH = re.compile(
    r"(?P<n>two|three|four|a couple of|a few|several|\d) (?:more |different |other )?(?:versions?"
    r"|variants?|variations?|options?) "
    r"(?P<change>(?:with|without|in|at|as) .+)",
    re.I,
)
_MORE_OF = re.compile(r"(?P<n>one|two|three|four|\d|a few|some) more (?P<thing>\w+)(?: .+)?", re.I)
_NO_STATEMENT = re.compile(
    r"everything|like |as if |instead of |i(?:'d| would) (?:rather|prefer|like)\b"
    r"|(?:it|this|that) (?:in|at|as|with) (?:(?!(?:is|are|was|were|looks?|looked|has|had|makes?"
    r"|would)\b)[\w-]+ ?){1,4}$",
    re.I,
)
""" "it in black and white" is what is left of "can I see it in black and white?"."""


def short_wish(clause: str, album: Album, has_picture: bool, earlier: Sequence[Wish]) -> Wish | None:
    """No verb: "a red car" draws, "bigger" and "without the hat" change."""
    counted = more_of_shown(clause, album, earlier) or versions_with(clause, has_picture)
    if counted:
        return counted
    rest, num_pictures = take_count(clause)
    rest = re.sub(r"^(?:please\b)?[\s:,.-]+", "", rest)
    named = find_reference(rest)
    text = named.text if named else rest
    given = _FOR_IT.fullmatch(text) if named and named.reference.kind != "current" else None
    if given and is_visible(given["what"]):
        return Wish(kind="edit", text=f"add {given['what']}", reference=named.reference if named else None)
    detail = re.fullmatch(_IT_BUT, text) if named else None
    change = (short_edit(detail["what"]) if detail else None) or short_edit(text)
    told = detail["what"] if detail else re.sub(r"^it\b ?", "", text) if named else rest
    change = None if is_statement(told) and not _NO_STATEMENT.match(rest) else change
    if (
        change
        and re.match(r"no\b", text, re.I)
        and not (is_visible(change) or is_known_part(change[11:], album))
    ):
        change = None
    other = (
        about(f"the {rest}", album) if change and re.search(r"\binstead of\b", rest) and not named else None
    )
    if change and other:
        return Wish(kind="edit", text=change, reference=other)
    wanted = forms.WOULD_BE.match(text)
    if wanted and has_picture:
        change = f"add {wanted['what']}"
    if change is None and not earlier and is_known_part(text, album):
        change = f"make it {text}"
    if change is None and not earlier and is_addition(text, album) and not forms.ANOTHER_BUT.match(text):
        change = f"add {text}"
    if change and (has_picture or forms.CLEAR_CHANGE.match(text)):
        return Wish(
            kind="edit", text=change, reference=named.reference if named else None, num_pictures=num_pictures
        )
    elsewhere = re.fullmatch(
        r"(?!an? |one |two )(?P<thing>\w+(?: \w+)?),? (?:in|on|at|with|without|as|but) .+", text
    )
    reference = about(f"the {elsewhere['thing']}", album) if elsewhere and not named and not earlier else None
    if reference:
        return Wish(kind="edit", text=f"make it {text}", reference=reference)
    if not rest and num_pictures > 1 and has_picture:
        return Wish(kind="again", num_pictures=num_pictures)
    if named and named.reference.kind not in ("current",) and forms.ONLY_IT.fullmatch(named.text):
        return Wish(kind="go_back", reference=named.reference)
    if has_picture and not earlier and is_part(rest):
        return Wish(kind="edit", text=f"add {rest}")
    if album.context.uploads:
        return None
    return new_picture(clause, rest, num_pictures, earlier)


def more_of_shown(clause: str, album: Album, earlier: Sequence[Wish]) -> Wish | None:
    """ "one more dog" where there is a dog, "four more bridges" where another picture has one."""
    more = _MORE_OF.fullmatch(clause)
    if more and album.current and content_words(more["thing"]) & album.words(album.current):
        return Wish(kind="edit", text=f"add {clause}")
    other = about(f"the {more['thing']}", album) if more else None
    if more and other:
        return Wish(kind="again", num_pictures=count_of(more["n"]), reference=other)
    bare = about(f"the {clause}", album) if re.fullmatch(r"[a-z]+", clause, re.I) and not earlier else None
    return Wish(kind="go_back", reference=bare) if bare else None


def versions_with(clause: str, has_picture: bool) -> Wish | None:
    """ "two versions with a hat" of the picture there is."""
    versions = _VERSIONS_WITH.fullmatch(clause) if has_picture else None
    each = short_edit(versions["change"]) if versions else None
    return Wish(kind="edit", text=each, num_pictures=count_of(versions["n"])) if versions and each else None


def new_picture(clause: str, rest: str, num_pictures: int, earlier: Sequence[Wish]) -> Wish | None:
    """Only a name of something to see; `rest` is the clause without counts."""
    is_ours = re.match(r"(?:my|our|his|her|their) (?!.*\b(?:as|with|in|on)\b)", rest, re.I)
    if is_statement(rest) or is_abstract(rest) or is_ours:
        return None
    if is_nameless(clean_subject(rest)):
        return Wish(kind="ask", text=clause)
    is_part_of_list = (
        bool(earlier)
        and earlier[-1].kind == "generate"
        and len(rest.split()) < 6
        and not is_order_on_it(rest)
    )
    if (
        (forms.NOUN_PHRASE.match(rest) and is_naming(rest))
        or is_fragment(rest)
        or is_part_of_list
        or forms.SAYS_COUNT.match(clause)
    ):
        return Wish(kind="generate", text=clean_subject(rest), num_pictures=num_pictures)
    return None
