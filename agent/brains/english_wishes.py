"""The wishes of one English message put together: what belongs to what, and what is taken back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.brains import english_forms as forms
from agent.brains import english_talk as talk
from agent.brains.english_again import AGAIN
from agent.brains.english_clauses import clean_subject, strip_leads
from agent.brains.english_quotes import unmasked
from agent.brains.english_scenes import is_order_for_it, scene
from agent.brains.english_shape import antecedent, is_fragment, is_look, is_statement
from agent.brains.reading import Wish
from agent.brains.references import Reference
from agent.brains.things import is_visible

__all__ = [
    "drop_small_talk",
    "is_more_of_scene",
    "is_told_to_draw",
    "named_before",
    "told_scene",
    "undone_at_last",
    "unmask",
    "with_absence_last",
    "with_fault_inside",
    "with_look_inside",
    "with_what_is_left_out",
    "without_praise",
]


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


def drop_small_talk(wishes: Sequence[Wish]) -> list[Wish]:
    """Chat around a wish is not a wish, and a vague word after a clear one adds nothing to it."""
    working = [wish for wish in wishes if wish.kind != "chat"]
    if any(wish.kind in ("generate", "edit", "go_back") for wish in working):
        working = [wish for wish in working if wish.kind != "ask"]
    return working or sorted(wishes, key=lambda wish: not wish.is_guess)[:1]


def told_scene(clause: str, before: str, wishes: Sequence[Wish]) -> Wish | None:
    """What was told of before "could you draw that?"; None when there is a wish already."""
    is_new = all(wish.kind in ("chat", "ask", "question") for wish in wishes)
    if not before or not is_new or not is_order_for_it(strip_leads(clause)):
        return None
    subject = scene(before)
    return Wish(kind="generate", text=clean_subject(subject)) if subject else None


def is_told_to_draw(clause: str, before: str, wishes: Sequence[Wish]) -> bool:
    """The end of "imagine a garden on the moon, then draw it for me": one picture, not a change of it."""
    return (
        bool(wishes)
        and wishes[-1].kind == "generate"
        and re.match(
            r"(?:imagine|picture|envision|visuali[sz]e|think of)\b", strip_leads(before.strip()), re.I
        )
        is not None
        and is_order_for_it(strip_leads(clause))
    )


def is_more_of_scene(clause: str, wishes: Sequence[Wish]) -> bool:
    """Only a manner or a mood after a new picture: "oil on canvas, thick brush strokes"."""
    if not wishes or wishes[-1].kind != "generate" or is_statement(clause) or talk.is_talk(clause):
        return False
    is_order = forms.GENERATE.match(clause) or forms.EDIT.match(clause) or AGAIN.fullmatch(clause)
    is_thing = re.match(r"(?:an?|the|one|two|three|four|some|another|and|then|now)\b", clause, re.I)
    is_fragment_on = len(clause.split()) <= 3 and is_fragment(wishes[-1].text) and is_name_only(clause)
    return not is_order and not is_thing and (is_look(clause) or is_fragment_on)


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
        if first and is_new and not AGAIN.fullmatch(first["what"])
        else text
    )


def with_absence_last(text: str) -> str:
    """ "no people, just a bird in a cage": "a bird in a cage without people"."""
    return re.sub(
        r"^(?:no|without(?: any)?) (?P<what>[\w ]{2,30}), (?:just|only) (?P<thing>(?:an?|the|one|two"
        r"|three|some) .+?)[.!]*$",
        r"\g<thing> without \g<what>",
        text,
        flags=re.I,
    )


def without_praise(text: str) -> str:
    """ "it looks nice, but the sofa should be green": what follows is the wish."""
    return re.sub(
        r"^(?:it|this|that)(?:'s| is| looks) (?:really |very |so |quite )?(?:good|nice|great|fine|ok"
        r"|okay|cool|lovely"
        r"|perfect|beautiful|almost \w+),? (?:but|just|only) (?=\w)",
        "",
        text,
        flags=re.I,
    )


def with_fault_inside(text: str) -> str:
    """ "its tail looks weird, fix it" is one order: "fix its tail"."""
    return re.sub(
        r"^(?P<thing>(?:its|the|his|her|their) [\w-]+(?: [\w-]+)?) (?:looks?|is|are|seems?) "
        r"(?:(?:a bit|a little|so|really|kind of|very|quite) )?(?:weird|wrong|odd|off|strange|broken"
        r"|deformed|funny"
        r"|ugly|messed up|bad|distorted|boring|dull|plain|distracting|empty|fake)[,;.]? (?:and "
        r"|so )?(?:please |can you "
        r"|could you )?(?P<verb>fix|correct|repair|redo|improve|replace|change|swap|remove|delete|erase"
        r"|turn|make) "
        r"(?:it|that|them|this)\b",
        r"\g<verb> \g<thing>",
        text,
        flags=re.I,
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
