"""How people name a picture and what they want of it, for simulated conversations."""

from __future__ import annotations

from random import Random

__all__ = ["IT", "REQUESTS", "UNDO", "asked", "named", "polite"]

REQUESTS = {
    "en": (
        ("edit", "make {ref} blue"), ("edit", "{ref} but at night"), ("edit", "add a candle to {ref}"),
        ("edit", "take {ref} and put it in the snow"), ("edit", "can you turn {ref} into a watercolor"),
        ("edit", "i want {ref} in black and white"), ("edit", "use {ref}, remove the background"),
        ("edit", "blur the background of {ref}"), ("edit", "please make {ref} a bit brighter"),
        ("edit", "{ref}: put a bench next to it"), ("edit", "with {ref}, change the sky to pink"),
        ("edit", "could you flip {ref}"), ("edit", "i like {ref} most. add some fog"),
        ("back", "go back to {ref}"), ("back", "show me {ref} again"), ("back", "let's continue with {ref}"),
        ("back", "can we return to {ref}?"), ("back", "i prefer {ref}"), ("back", "take me back to {ref} "
            "please"),
        ("back", "bring back {ref}"), ("back", "let me see {ref} once more"), ("back", "ok i'll take {ref}"),
        ("ask", "what is in the background of {ref}?"), ("ask", "how many windows are there in {ref}?"),
        ("ask", "describe {ref}"), ("ask", "what colours are used in {ref}?"),
    ),
    "zh": (
        ("edit", "把{ref}变成蓝色"), ("edit", "在{ref}上加一根蜡烛"), ("edit", "{ref}换成夜晚"),
        ("edit", "把{ref}改成水彩风格"), ("edit", "用{ref}，背景换成雪地"), ("edit", "{ref}调亮一点"),
        ("back", "回到{ref}"), ("back", "再给我看看{ref}"), ("back", "我喜欢{ref}"), ("back",
        "还是用{ref}吧"),
        ("ask", "{ref}里有什么？"), ("ask", "描述一下{ref}"),
    ),
}  # fmt: skip
"""What is wanted, and the sentence."""

IT = {
    "en": (
        "make it blue", "add a candle", "put it in the snow", "a bit brighter "
            "please", "now at night", "remove the background",
        "can you give it a wooden frame?", "turn it into a pencil sketch", "it should be bigger", "mirror it",
        "what is it standing on?", "same but as an oil painting",
    ),
    "zh": ("把它变成蓝色", "加一根蜡烛", "换成夜晚", "调亮一点", "变成水彩画", "背景换成雪地",
    "它是什么颜色的？"),
}  # fmt: skip
"""Said of the picture looked at."""

UNDO = {
    "en": (
        "undo", "undo that", "no, undo the last "
            "change", "take that back", "hm, revert that please", "one step back",
        "go back one step", "it was better before", "undo it please",
    ),
    "zh": ("撤销", "撤销上一步", "回到上一步", "退回去吧", "取消刚才的修改"),
}  # fmt: skip

_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "handle": {"en": ("#{n}", "number {n}", "picture {n}", "image #{n}", "no. {n}"), "zh": ("#{n}",
    "{n}号", "图{n}", "编号{n}")},
    "bare_handle": {"en": ("{n}", "#{n}"), "zh": ("{n}", "#{n}")},
    "place": {
        "en": ("the {o} one", "the {o} picture", "the {o} of those", "the {o} version", "the {o} option",
        "candidate {d}"),
        "zh": ("第{d}张", "第{z}张", "第{z}个"),
    },
    "side": {"en": ("the one on the {s}", "the {s} one", "the picture on the "
        "{s}"), "zh": ("{s}边那张", "{s}边的那张")},
    "last_of_group": {"en": ("the last one", "the last of them", "the final one"), "zh": ("最后一张",)},
    "original": {
        "en": ("the original", "the original version", "the very first version of "
            "it", "the unedited one", "how it was at the start"),
        "zh": ("原图", "最初的版本", "原来那张"),
    },
    "before": {
        "en": ("the one before the {w}", "the version before you added the "
            "{w}", "the picture before the {w} was added",
               "the one just before the {w}"),
        "zh": ("加{w}之前的那张", "加{w}之前的版本"),
    },
    "with": {
        "en": ("the one with the {w}", "the picture with the {w}", "the version that has the "
            "{w}", "the one where there is a {w}"),
        "zh": ("有{w}的那张",),
    },
    "subject": {
        "en": ("the {w}", "the {w} picture", "the picture of the {w}", "the one with the {w}", "that {w}"),
        "zh": ("{w}那张", "{w}的那张图"),
    },
    "upload": {
        "en": ("my photo", "the photo i "
            "uploaded", "the picture i sent", "my upload", "the uploaded picture", "my own picture"),
        "zh": ("我上传的图", "我的照片", "我发的那张照片"),
    },
    "first_of_all": {"en": ("the very first picture", "the first picture of "
        "all"), "zh": ("最开始的第一张图",)},
    "previous": {"en": ("the previous one", "the previous "
        "version", "the one before this"), "zh": ("上一张", "前一张")},
}  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth")
_CHINESE_NUMBERS = "一二三四"


def named(kind: str, language: str, rng: Random, *, word: str = "", place: int = 1) -> str:
    """One of the ways to name a picture. `word`: a number, a thing or a side."""
    pattern = rng.choice(_NAMES[kind][language])
    index = max(place, 1) - 1
    return pattern.format(n=word, w=word, s=word, d=place, o=_ORDINALS[index], z=_CHINESE_NUMBERS[index])


def asked(language: str, rng: Random) -> tuple[str, str]:
    """What is wanted (edit, back or ask) and its sentence."""
    return rng.choice(REQUESTS[language])


def polite(message: str, language: str, rng: Random) -> str:
    """With or without a word around it, as people write."""
    if language == "zh":
        return rng.choice(("", "", "请", "嗯，")) + message
    lead = rng.choice(("", "", "", "hm, ", "ok ", "hey, ", "nice! ", "wait, ", "please "))
    tail = rng.choice(("", "", "", " please", " thanks", "!")) if message[-1].isalpha() else ""
    return lead + message + tail
