"""Why a picture was taken to be the one meant, in the user's words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "Reason",
    "after",
    "all_shown",
    "before",
    "current",
    "just_sent",
    "likely",
    "number",
    "only_one",
    "original",
    "place_in_group",
    "place_of_all",
    "redone",
    "shows",
    "steps_back",
    "upload",
]

_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_COUNTS = ("", "", "two", "three", "four", "five", "six", "seven", "eight")
_LONGEST = 40


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason in both languages."""

    english: str
    chinese: str

    def told(self, language: str) -> str:
        return self.chinese if language.startswith("zh") else self.english


current = Reason(english="the picture you look at", chinese="你正在看的这张")
only_one = Reason(english="the only picture here", chinese="这里唯一的一张")
just_sent = Reason(english="the picture you just sent", chinese="你刚发来的图")
all_shown = Reason(english="all the pictures shown last", chinese="刚才显示的全部图片")
number = Reason(english="the number you gave", chinese="你说的编号")
upload = Reason(english="the picture you uploaded", chinese="你上传的图")
original = Reason(english="the original of this picture", chinese="这张图的原图")
likely = Reason(english="the likeliest from what you say", chinese="从你的话看最像是这张")
redone = Reason(english="the version you went back from", chinese="你刚才退回之前的版本")


def steps_back(steps: int) -> Reason:
    if steps == 1:
        return Reason(english="the version before this one", chinese="上一个版本")
    return Reason(english=f"the version {steps} steps back", chinese=f"往回{steps}步的版本")


def place_in_group(index: int, num_pictures: int) -> Reason:
    """The place among pictures shown side by side."""
    total = _COUNTS[num_pictures] if num_pictures < len(_COUNTS) else str(num_pictures)
    return Reason(
        english=f"the {_place(index)} of the {total} shown last".replace("the  shown", "those shown"),
        chinese=f"刚才{num_pictures}张里的{_chinese_place(index)}",
    )


def place_of_all(index: int, num_pictures: int) -> Reason:
    """The place among all pictures of the conversation."""
    return Reason(
        english=f"the {_place(index)} picture of this conversation",
        chinese=f"这段对话里的{_chinese_place(index)}",
    )


def before(change: str) -> Reason:
    return Reason(
        english=f'the one before "{_shortened(change)}"', chinese=f"“{_shortened(change)}”之前的那张"
    )


def after(change: str) -> Reason:
    return Reason(
        english=f'the one after "{_shortened(change)}"', chinese=f"“{_shortened(change)}”之后的那张"
    )


def shows(words: frozenset[str], without: frozenset[str], *, is_only: bool) -> Reason:
    """What the picture shows or lacks."""
    name = " ".join(sorted(words))
    lack = " ".join(sorted(without))
    rank = ("only", "唯一") if is_only else ("latest", "最近")
    told = " and ".join(filter(None, [f"with: {name}" if name else "", f"without: {lack}" if lack else ""]))
    return Reason(english=f"the {rank[0]} one {told}", chinese=f"{rank[1]}一张符合“{name or lack}”的")


def _place(index: int) -> str:
    if index < 0:
        return "last" if index == -1 else f"{_place(-index)} from the end"
    return _PLACES[index - 1] if index <= len(_PLACES) else f"{index}th"


def _chinese_place(index: int) -> str:
    if index < 0:
        return "最后一张" if index == -1 else f"倒数第{-index}张"
    return f"第{index}张"


def _shortened(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST].rstrip()}…"
