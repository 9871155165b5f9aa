"""A whole message read as one wish of a kind that is known from elsewhere."""

from __future__ import annotations

import re
from typing import Literal

from agent.brains import chinese, chinese_forms
from agent.brains import english_clauses as english
from agent.brains import english_forms as forms
from agent.brains.chinese_orders import instruction
from agent.brains.chinese_references import find_reference as find_chinese_reference
from agent.brains.english_edits import as_instruction
from agent.brains.english_formats import take_format
from agent.brains.english_quotes import mask_quotes, plain_quotes, unmasked
from agent.brains.english_references import find_reference
from agent.brains.intent.features import COUNTED
from agent.brains.lexicon import reasoned
from agent.brains.reading import Reading, Wish
from agent.brains.rules import Ruled
from agent.brains.things import VISIBLE, is_visible, nouns
from agent.domain import Route

__all__ = ["read_as"]

_MORE = re.compile(r"\b(?:more|again|another|fresh|same|once|anew|re-?do|from scratch)\b", re.I)
_NAMES_ONE = re.compile(r"\b(?:an?|some|one|two|three|four|five)(?: [\w'-]+){1,4}", re.I)
_COUNT = re.compile(rf"\b(?:{'|'.join(sorted(COUNTED))}|\d)\b", re.I)


def read_as(route: Route, ruled: Ruled) -> Reading | None:
    """The whole message as one wish of that kind."""
    message = ruled.album.context.message
    match route:
        case Route.CHAT:
            return Reading(wishes=(Wish(kind="chat", text=message),))
        case Route.ASK:
            return Reading(wishes=(Wish(kind="ask", text=message),))
        case Route.UNDERSTAND:
            return Reading(wishes=(Wish(kind="question", text=message),))
        case Route.GO_BACK:
            return Reading(wishes=(Wish(kind="go_back", text=message),))
        case Route.EDIT | Route.GENERATE:
            return chinese_order(route, ruled) if ruled.language == "zh" else english_order(route, ruled)


def english_order(route: Route, ruled: Ruled) -> Reading | None:
    """None where no words are left to paint."""
    text, quotes = mask_quotes(plain_quotes(ruled.album.context.message))
    text, wanted = take_format(reasoned(text))
    text, num_pictures = english.take_count(english.strip_leads(text))
    if route is Route.EDIT:
        named = find_reference(text)
        text = as_instruction(named.text if named else text)
    else:
        order = forms.GENERATE.match(text)
        text = from_first_thing(text[order.end() :] if order else text)
        text = english.described(english.clean_subject(text))
    kind: Literal["edit", "generate"] = "edit" if route is Route.EDIT else "generate"
    if kind == "generate" and is_more_of_same(text, ruled):
        count = _COUNT.search(text)
        num_pictures = english.count_of(count[0]) if count else num_pictures
        return Reading(wishes=(Wish(kind="again", num_pictures=num_pictures),), format=wanted)
    wish = Wish(kind=kind, text=unmasked(text, quotes), num_pictures=num_pictures)
    return Reading(wishes=(wish,), format=wanted) if text else None


def from_first_thing(text: str) -> str:
    """ "My niece would go crazy for a red car next to a dog" wants the car and the dog."""
    for found in _NAMES_ONE.finditer(text):
        before = text[: found.start()]
        if is_visible(before):
            break
        if is_visible(found[0]):
            return text[found.start() :] if len(before.split()) > 2 else text
    return text


def is_more_of_same(text: str, ruled: Ruled) -> bool:
    """ "Four more of those foxes", "another pls": no thing is named that the picture does not show."""
    current = ruled.album.current
    if current is None or not _MORE.search(text):
        return False
    return not (VISIBLE & set(nouns(text))) - ruled.album.words(current)


def chinese_order(route: Route, ruled: Ruled) -> Reading | None:
    """None where no words are left to paint."""
    text, quotes = chinese.mask_quotes(ruled.album.context.message.strip())
    text, wanted = chinese.take_format(text)
    text, num_pictures = chinese.take_count(chinese.bare(text))
    kind: Literal["edit", "generate"] = "edit" if route is Route.EDIT else "generate"
    if kind == "edit":
        text = instruction(find_chinese_reference(text, ruled.album)[1] or text)
    else:
        order = chinese_forms.GENERATE.match(text)
        text = chinese.subject_of(text[order.end() :] if order else text)
    wish = Wish(kind=kind, text=unmasked(text, quotes), num_pictures=num_pictures)
    return Reading(wishes=(wish,), format=wanted) if text else None
