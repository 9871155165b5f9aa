"""Things, colours, places and styles of the small world in words: English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence

from agent.brains.chinese_glossary import ADJECTIVES, NOUNS

__all__ = ["OWN_COLORS", "Naming"]

OWN_COLORS = {
    "car": "red", "cat": "yellow", "bird": "blue", "fish": "blue", "apple": "red", "banana": "yellow",
    "umbrella": "purple", "clock": "red", "chair": "brown", "tree": "green", "star": "yellow", "heart": "red",
    "robot": "gray", "hat": "black", "bus": "white", "cup": "white", "boat": "orange",
}  # fmt: skip
"""What most people call the colour that such a sticker has of itself, where it is mostly one."""

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ZH_NUMBERS = ("没有", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十")
_ZH_COLORS = {"orange": "橙色", "black": "黑色", "white": "白色"}
_ZH_MEASURES = {
    "car": "辆", "bus": "辆", "boat": "艘", "airplane": "架", "dog": "只", "cat": "只", "bird": "只",
    "fish": "条", "banana": "根", "umbrella": "把", "book": "本", "chair": "把", "tree": "棵", "flower": "朵",
    "house": "座", "star": "颗", "heart": "颗", "hat": "顶", "cake": "块", "pizza": "块",
}  # fmt: skip
_PLACES = {
    "plain": ("on a plain background", "背景是纯色"),
    "sky": ("in the sky", "背景是天空"),
    "grass": ("on grass", "背景是草地"),
    "sand": ("on sand", "背景是沙滩"),
    "night": ("at night", "背景是夜空"),
    "room": ("in a room", "背景是房间"),
    "sea": ("on the sea", "背景是大海"),
    "snow": ("in the snow", "背景是雪地"),
}
_ZH_STYLES = {
    "pixel art": "像素风格", "sepia": "棕褐色调", "pencil sketch": "铅笔素描", "negative": "负片",
    "black and white": "黑白", "watercolor": "水彩", "blueprint": "蓝图", "poster": "海报风格",
}  # fmt: skip
_ZH_RELATIONS = {"left of": "左边", "right of": "右边", "above": "上面", "below": "下面"}


def _first_names(block: str) -> dict[str, str]:
    """The glossary the other way round; of several Chinese words the first."""
    pairs = [entry.split("=") for entry in block.split() if not entry.endswith("=")]
    return {english.replace("_", " "): chinese for chinese, english in reversed(pairs)}


_ZH_NOUNS = _first_names(NOUNS)
_ZH_ADJECTIVES = _first_names(ADJECTIVES)


class Naming:
    """Words of one language; anything but Chinese gets English."""

    def __init__(self, language: str) -> None:
        self.is_chinese = language.lower().startswith("zh")

    def say(self, english: str, chinese: str) -> str:
        return chinese if self.is_chinese else english

    def things(self, kind: str, count: int, color: str | None = None) -> str:
        """ "a red cat", "two cats", "no cats"; 一只红色的猫."""
        if self.is_chinese:
            measure = _ZH_MEASURES.get(kind, "个")
            number = _ZH_NUMBERS[count] if count < len(_ZH_NUMBERS) else str(count)
            return f"{number}{'' if count == 0 else measure}{self.name(kind, color)}"
        words = kind if color is None else f"{color} {kind}"
        if count == 1:
            return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
        number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
        return f"{number} {plural(words)}"

    def name(self, kind: str, color: str | None = None) -> str:
        """ "red cat"; 红色的猫."""
        if not self.is_chinese:
            return kind if color is None else f"{color} {kind}"
        noun = _ZH_NOUNS.get(kind, kind)
        return noun if color is None else f"{self.color(color)}的{noun}"

    def color(self, color: str) -> str:
        return self.say(color, _ZH_COLORS.get(color, _ZH_ADJECTIVES.get(color, color)))

    def place(self, background: str) -> str:
        return self.say(*_PLACES.get(background, (f"on a background of {background}", f"背景是{background}")))

    def background(self, name: str) -> str:
        """ "a night background"; 夜空背景."""
        chinese = self.place(name).removeprefix("背景是") if self.is_chinese else ""
        return self.say(f"a {name} background", f"{chinese}背景")

    def style(self, style: str) -> str:
        return self.say(style, _ZH_STYLES.get(style, style))

    def relation(self, relation: str) -> str:
        return self.say(relation, _ZH_RELATIONS.get(relation, relation))

    def listed(self, phrases: Sequence[str]) -> str:
        """ "a, b and c"; a、b 和 c."""
        if len(phrases) < 2:
            return "".join(phrases)
        joint = self.say(", ", "、").join(phrases[:-1])
        return f"{joint}{self.say(' and ', '和')}{phrases[-1]}"


def plural(words: str) -> str:
    if words.endswith(("fish", "sheep", "scissors", "skis")):
        return words
    return words + ("es" if words.endswith(("s", "x", "ch", "sh")) else "s")
