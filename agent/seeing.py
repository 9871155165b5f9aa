"""Answers to questions about a picture, from what the eyes see and from the picture's record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.asked import Asked, AskedThing, RelationName, asked_of
from agent.brains.chinese_words import translate
from agent.domain import Value
from agent.eyes import COLORLESS, looks, stands
from agent.naming import OWN_COLORS, Naming
from engines.api import Seen, SeenThing

__all__ = ["Record", "answer", "described"]

Vocabulary = Mapping[str, Sequence[str]]

_HOW_MANY = re.compile(r"\bhow many\b|\bnumber of\b|\bcount\b|几|多少", re.I)
_WHAT_COLOR = re.compile(r"\b(?:what|which) colou?r|\bcolou?r of\b|什么颜色|啥颜色|哪种颜色", re.I)
_BACKGROUND = re.compile(
    r"\bbackground\b|\b(?:what|which) (?:place|setting|scene)\b|\bwhere (?:is|was|does) (?:it|this|that)\b"
    r"|背景|在哪里?拍|什么地方",
    re.I,
)
_STYLE = re.compile(r"\bstyle\b|风格|画风", re.I)
_WHERE = re.compile(r"\bwhere(?:'s| is| are)\b|在哪|哪里|什么位置", re.I)
_YES_OR_NO = re.compile(
    r"^(?:so |and |but )?(?:is|are|was|were|do|does|can|has|have|any)\b|\b(?:is|are) there\b"
    r"|有没有|吗[?？]?\s*$|是不是",
    re.I,
)
_SIDES: tuple[tuple[RelationName, re.Pattern[str]], ...] = (
    ("left of", re.compile(r"\bleft\b|左", re.I)),
    ("right of", re.compile(r"\bright\b|右", re.I)),
    ("above", re.compile(r"\b(?:above|over|on top of|at the top)\b|上面|上方|上边", re.I)),
    ("below", re.compile(r"\b(?:below|under|underneath|beneath|at the bottom)\b|下面|下方|下边", re.I)),
)
_BESIDE = re.compile(r"\b(?:next to|beside|near|by)\b|旁边", re.I)
_WHAT = re.compile(r"\bwhat(?:'s| is| are| stands)?\b|\bwho\b|什么|谁", re.I)
_OVERALL = re.compile(
    r"\bwhat(?:'s| is| are| do you see| can you see)? (?:in|on|shown|visible|this|that|it|you|do|can)\b"
    r"|\bdescribe\b|\bwhat do you see\b|\btell me about\b|描述|看到|看见|图里|画里|画的是|是什么",
    re.I,
)


class Record(Value):
    """What is known of a picture without looking: its name ("#3"), its words, and the changes since."""

    name: str
    is_upload: bool = False
    prompt: str = ""
    changes: tuple[str, ...] = ()


def answer(question: str, seen: Seen, record: Record, vocabulary: Vocabulary, language: str = "en") -> str:
    """One or two sentences. `vocabulary` is the eyes' own; eyes that speak freely have answered already."""
    naming = Naming(language)
    if seen.description:
        return seen.description
    if not seen.is_known:
        return f"{cannot_see(naming)}{history(record, naming)}"
    said = translate(question).lower()
    asked = asked_of(said, vocabulary)
    told = pointed(question, asked, colors_in(said, vocabulary), seen, naming)
    if told:
        return told
    if _OVERALL.search(question):
        return f"{described(seen, naming)}{history(record, naming)}"
    return f"{described(seen, naming)}{more_not(naming)}"


def pointed(question: str, asked: Asked, colors: Sequence[str], seen: Seen, naming: Naming) -> str:
    """The answer to a question about one thing in the picture; empty where it is no such question."""
    side = next((name for name, pattern in _SIDES if pattern.search(question)), None)
    first = asked.things[0] if asked.things else None
    is_yes_or_no = bool(_YES_OR_NO.search(question))
    if _HOW_MANY.search(question):
        return how_many(first, seen, naming)
    if _WHAT_COLOR.search(question) and first is not None:
        return what_color(first, seen, naming)
    if len(asked.things) > 1 and side and is_yes_or_no:
        return whether_so(asked.things[0], side, asked.things[1], seen, naming)
    if first is not None and (side or _BESIDE.search(question)) and _WHAT.search(question):
        return what_stands(side, first, seen, naming)
    if first is None and side and _WHAT.search(question):
        return on_side(side, seen, naming)
    if first is not None and is_yes_or_no:
        color = first.color or next(iter(colors), None)
        return whether(first.model_copy(update={"color": color}), seen, naming)
    if first is not None and _WHERE.search(question):
        return where(first, seen, naming)
    if _STYLE.search(question):
        style = naming.style(seen.style) if seen.style else naming.say("plain stickers", "普通贴纸")
        return naming.say(f"The style is {style}.", f"风格是{style}。")
    if _BACKGROUND.search(question):
        return in_place(seen, naming)
    return ""


def colors_in(said: str, vocabulary: Vocabulary) -> list[str]:
    return [word for word in re.findall(r"[a-z]+", said) if word in vocabulary.get("colors", ())]


def described(seen: Seen, naming: Naming) -> str:
    """Everything that is seen: "I see a red cat and two dogs, on grass, in pixel art."."""
    place = naming.place(seen.background) if seen.background else ""
    style = naming.say(f"in {naming.style(seen.style)}", naming.style(seen.style)) if seen.style else ""
    rest = naming.say(", ", "，").join(filter(None, [place, style]))
    things = listed(seen.things, seen, naming) or naming.say("nothing that I know", "没有我认识的东西")
    if seen.num_strangers:
        count = seen.num_strangers
        strange = naming.say(
            f"and {'something' if count == 1 else f'{count} things'} that I do not recognise",
            f"另有{count}个我认不出的东西",
        )
        things = f"{things}{naming.say(' ', '，')}{strange}"
    comma = naming.say(", ", "，") if rest else ""
    return naming.say(f"I see {things}{comma}{rest}.", f"我看到{things}{comma}{rest}。")


def listed(things: Sequence[SeenThing], seen: Seen, naming: Naming) -> str:
    """Looks with their numbers, from left to right; an own colour is named beside other colours."""
    colored = {each.kind for each in things if each.color is not None}
    counts: dict[tuple[str, str | None], int] = {}
    for thing in sorted(things, key=lambda each: each.centre):
        color = looks(thing) if thing.kind in colored else None
        look = (thing.kind, None if seen.style in COLORLESS else color)
        counts[look] = counts.get(look, 0) + 1
    return naming.listed([naming.things(kind, count, color) for (kind, color), count in counts.items()])


def how_many(wanted: AskedThing | None, seen: Seen, naming: Naming) -> str:
    if wanted is None:
        things, count = listed(seen.things, seen, naming), len(seen.things)
        return (
            naming.say(f"I see {count} things: {things}.", f"我看到{count}样东西：{things}。")
            if count > 1
            else described(seen, naming)
        )
    found = of_look(wanted, seen)
    words = naming.things(wanted.kind, len(found), wanted.color)
    return naming.say(f"I see {words}.", f"我看到{words}。")


def what_color(wanted: AskedThing, seen: Seen, naming: Naming) -> str:
    found = of_look(wanted, seen)
    if not found:
        return none_of(wanted, seen, naming)
    if seen.style in COLORLESS:
        style = naming.style(seen.style or "")
        return naming.say(
            f"The picture is in {style}, which shows no colours.", f"画面是{style}，看不出颜色。"
        )
    parts = []
    for thing in sorted(found, key=lambda each: each.centre):
        color = looks(thing)
        parts.append(naming.color(color) if color else naming.say("of several colours", "几种颜色的"))
    name = naming.name(wanted.kind)
    if len(set(parts)) == 1:
        own = thing_own(found, naming)
        subject = f"The {name} is" if len(found) == 1 else f"The {naming.things(wanted.kind, len(found))} are"
        return naming.say(f"{subject} {parts[0]}{own}.", f"{name}是{parts[0]}{own}。")
    return naming.say(
        f"From left to right the {naming.things(wanted.kind, len(found))} are {naming.listed(parts)}.",
        f"从左到右，{name}的颜色是{naming.listed(parts)}。",
    )


def thing_own(found: Sequence[SeenThing], naming: Naming) -> str:
    """Says that a colour is the thing's own, which is what it has when no other was asked for."""
    is_own = all(each.color is None and each.kind in OWN_COLORS for each in found)
    return naming.say(", the colour it has of itself", "（本来的颜色）") if is_own else ""


def whether(wanted: AskedThing, seen: Seen, naming: Naming) -> str:
    """Yes or no, and what is there in its place."""
    found = of_look(wanted, seen)
    number = wanted.count if wanted.is_counted else 1
    if len(found) >= number and not (wanted.is_counted and len(found) != number):
        words = naming.things(wanted.kind, len(found), wanted.color)
        return naming.say(f"Yes, I see {words}.", f"是的，我看到{words}。")
    of_kind = [each for each in seen.things if each.kind == wanted.kind]
    if of_kind:
        words = listed(of_kind, seen, naming)
        return naming.say(f"No, I see {words}.", f"不，我看到的是{words}。")
    return none_of(wanted, seen, naming)


def none_of(wanted: AskedThing, seen: Seen, naming: Naming) -> str:
    words = naming.things(wanted.kind, 0, wanted.color)
    there = listed(seen.things, seen, naming)
    but = naming.say(f", but {there}", f"，只看到{there}") if there else ""
    return naming.say(f"I see {words}{but}.", f"我没看到{naming.name(wanted.kind, wanted.color)}{but}。")


def what_stands(side: RelationName | None, anchor: AskedThing, seen: Seen, naming: Naming) -> str:
    """What stands on that side of the thing, or beside it."""
    anchors = of_look(anchor, seen)
    if not anchors:
        return none_of(anchor, seen, naming)
    place: Sequence[RelationName] = (side,) if side else ("left of", "right of")
    there = [
        each
        for each in seen.things
        if each not in anchors and any(name in stands(each, anchors[0]) for name in place)
    ]
    name = naming.name(anchor.kind, anchor.color)
    where_words = (
        naming.say(f"{side} the {name}", f"{name}的{naming.relation(side)}")
        if side
        else naming.say(f"next to the {name}", f"{name}旁边")
    )
    if not there:
        return naming.say(f"I see nothing {where_words}.", f"{where_words}没有我认识的东西。")
    words = listed(there, seen, naming)
    return naming.say(f"I see {words} {where_words}.", f"{where_words}是{words}。")


def on_side(side: RelationName, seen: Seen, naming: Naming) -> str:
    """What stands in that third of the picture."""
    axis = 0 if side in ("left of", "right of") else 1
    is_first = side in ("left of", "above")
    third = seen.size[axis] / 3
    there = [
        each
        for each in seen.things
        if (each.centre[axis] < third if is_first else each.centre[axis] > 2 * third)
    ]
    words = listed(there, seen, naming) or naming.say("nothing that I know", "没有我认识的东西")
    place = {
        "left of": "on the left",
        "right of": "on the right",
        "above": "at the top",
        "below": "at the bottom",
    }
    return naming.say(f"I see {words} {place[side]}.", f"画面{naming.relation(side)}：{words}。")


def whether_so(first: AskedThing, side: RelationName, second: AskedThing, seen: Seen, naming: Naming) -> str:
    """Whether one thing stands on that side of another."""
    firsts, seconds = of_look(first, seen), of_look(second, seen)
    for wanted, found in ((first, firsts), (second, seconds)):
        if not found:
            return none_of(wanted, seen, naming)
    one, other = naming.name(first.kind, first.color), naming.name(second.kind, second.color)
    if side in stands(firsts[0], seconds[0]):
        return naming.say(
            f"Yes, the {one} is {side} the {other}.", f"是的，{one}在{other}的{naming.relation(side)}。"
        )
    actual = ", ".join(sorted(stands(firsts[0], seconds[0])))
    return naming.say(
        f"No, the {one} is {actual or 'on the same spot as'} the {other}.",
        f"不是，{one}在{other}的{naming.relation(actual) or '同一处'}。",
    )


def where(wanted: AskedThing, seen: Seen, naming: Naming) -> str:
    """Thirds of the picture."""
    found = of_look(wanted, seen)
    if not found:
        return none_of(wanted, seen, naming)
    x, y = found[0].centre
    column, row = int(3 * x / seen.size[0]), int(3 * y / seen.size[1])
    across = ("on the left", "in the middle", "on the right")[min(2, column)]
    down = ("at the top", "", "at the bottom")[min(2, row)]
    zh_across, zh_down = ("左", "中间", "右")[min(2, column)], ("上", "", "下")[min(2, row)]
    name = naming.name(wanted.kind, wanted.color)
    zh = {"中间": "中间" if not zh_down else f"{zh_down}方"}.get(zh_across, f"{zh_across}{zh_down or '边'}")
    return naming.say(f"The {name} is {' '.join(filter(None, [across, down]))}.", f"{name}在{zh}。")


def in_place(seen: Seen, naming: Naming) -> str:
    name = seen.background or "plain"
    return naming.say(f"It has {naming.background(name)}.", f"{naming.place(name)}。")


def of_look(wanted: AskedThing, seen: Seen) -> list[SeenThing]:
    is_blind = seen.style in COLORLESS
    return [
        each
        for each in seen.things
        if each.kind == wanted.kind and (is_blind or wanted.color in (None, each.color, looks(each)))
    ]


def history(record: Record, naming: Naming) -> str:
    """How the picture came to be, as its record says."""
    if record.is_upload:
        start = naming.say(f" {record.name} is your own picture", f"{record.name} 是你上传的图")
        if record.prompt:
            start += naming.say(f"; its description says: {record.prompt}", f"，它的说明是：{record.prompt}")
    elif record.prompt:
        start = naming.say(
            f' {record.name} was drawn from the words "{record.prompt}"',
            f"{record.name} 是按“{record.prompt}”画的",
        )
    else:
        return ""
    changes = naming.say("; ", "；").join(record.changes)
    changed = naming.say(f", then changed: {changes}", f"，然后修改：{changes}") if changes else ""
    return f"{start}{changed}{naming.say('.', '。')}"


def cannot_see(naming: Naming) -> str:
    return naming.say(
        "I cannot see what is in this picture: offline my eyes know only stickers as I draw them, no photos. "
        "A language model that sees pictures could tell.",
        "我看不出这张图里有什么：离线时我只认得自己画的贴纸，看不了照片。接上能看图的模型就可以。",
    )


def more_not(naming: Naming) -> str:
    return naming.say(
        " More than things, colours and places I cannot tell.", "除了东西、颜色和位置，别的我看不出来。"
    )
