"""Chinese core vocabulary put into English for the engines, whose text encoders read mostly English."""

from __future__ import annotations

import re

from agent.brains.chinese_glossary import ADJECTIVES, NOUNS, OTHER

__all__ = ["CHINESE_NUMBERS", "NOUN", "is_chinese", "translate", "untranslated"]

_CHINESE = re.compile(r"[\u3400-\u9fff]")

CHINESE_NUMBERS = {"一": 1, "两": 2, "二": 2, "俩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8,
                   "九": 9, "十": 10, "几": 3}  # fmt: skip
_NUMBER_NAMES = ("", "a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MEASURES = "只个辆条朵棵本座把架艘颗匹头杯块片幢栋间顶件双支台部张幅位名群束串根盏轮份碗盘瓶壶篮袋箱"


def _entries(block: str) -> dict[str, str]:
    pairs = (entry.split("=") for entry in block.split())
    return {chinese: english.replace("_", " ") for chinese, english in pairs}


def is_chinese(text: str) -> bool:
    """Whether a good part of the text is written in Chinese characters."""
    return len(_CHINESE.findall(text)) * 4 > len(re.findall(r"\w", text))


_GLOSSARY = _entries(OTHER) | _entries(ADJECTIVES) | _entries(NOUNS)
NOUN = "|".join(sorted(_entries(NOUNS), key=len, reverse=True))
_COUNT = re.compile(rf"([一两二三四五六七八九十]|\d+)(?:[{_MEASURES}])")
_TOKEN = re.compile("|".join(sorted(map(re.escape, _GLOSSARY), key=len, reverse=True)))
_SIDE = "旁边|左边|右边|上面|上方|下面|下方|前面|后面|里面"
_POSTURES = {
    "坐": "sitting",
    "站": "standing",
    "躺": "lying",
    "睡": "sleeping",
    "停": "parked",
    "趴": "lying",
    "挂": "hanging",
}
_PREPOSITIONS = {"里": "in", "上": "on", "中": "in", "下": "under", "里面": "in", "边": "beside"}


def translate(text: str) -> str:
    """English for what the glossary knows; other characters stay as they are. English passes through."""
    if not _CHINESE.search(text):
        return text
    text = re.sub(r"[。！!,，、；;？?：:“”\"「」]+", " , ", text)
    text = re.sub(rf"(?:在)?(.+?)的?({_SIDE})有(.+)", r"\3 \2 \1", text)
    text = re.sub(rf"({'|'.join(_POSTURES)})在(.+?)的?(里面|里|上|中|下)的(.+)", _posed_behind, text)
    text = re.sub(r"在(.+?)的?(里面|里|上|中|下)的(.+)", _moved_behind, text)
    text = re.sub(r"^([^ ，,]{2,4}?)(里|上|中|下)的(.+)", _placed_behind, text)
    text = re.sub(rf"(.+?)在(.+?)的?({_SIDE})", r"\1 \3 \2", text)
    text = re.sub(rf"在(.+?)的?({_SIDE})", r" \2 \1", text)
    text = re.sub(
        rf"(戴着?|穿着?|拿着|骑着?|带着?|弹着?|吃着?|坐在|飞在|站在)(.+?)的({NOUN})", r"\3 \1 \2", text
    )
    text = re.sub(r"(?:坐|站|躺|睡|飞)?在(.+?)(里|上|中|下)(?!面|边|色)", _with_preposition, text)
    text = re.sub(rf"(.+?)的({_SIDE})", r"\1 \2", text)
    text = _COUNT.sub(_counted, text)
    english = _TOKEN.sub(lambda found: f" {_GLOSSARY[found[0]]} ", text)
    return _tidy(english)


def untranslated(english: str) -> str:
    """The characters that the glossary did not know."""
    return " ".join(re.findall(r"[\u3400-\u9fff]+", english))


def _posed_behind(found: re.Match[str]) -> str:
    return f"{found[4]} {_POSTURES[found[1]]} {_PREPOSITIONS[found[3]]} the {found[2]}"


def _moved_behind(found: re.Match[str]) -> str:
    return f"{found[3]} {_PREPOSITIONS[found[2]]} the {found[1]}"


def _with_preposition(found: re.Match[str]) -> str:
    place = found[1]
    article = "" if place in ("晚上", "夜晚", "太空", "夜里") else "the "
    preposition = {"草地": "on", "沙滩": "on", "海滩": "on"}.get(place, _PREPOSITIONS[found[2]])
    return f" {preposition} {article}{place} "


def _placed_behind(found: re.Match[str]) -> str:
    return f"{found[3]} {_PREPOSITIONS[found[2]]} the {found[1]}"


def _counted(found: re.Match[str]) -> str:
    value = int(found[1]) if found[1].isdecimal() else CHINESE_NUMBERS[found[1]]
    name = _NUMBER_NAMES[value] if value < len(_NUMBER_NAMES) else str(value)
    return f" {name}# " if value > 1 else f" {name} "


def _tidy(english: str) -> str:
    """Plurals after numbers, a or an, blanks and commas."""
    words = english.split()
    plural_due = False
    for index, word in enumerate(words):
        if word.endswith("#"):
            words[index], plural_due = word[:-1], True
        elif plural_due and word in _PLAIN_NOUNS:
            words[index], plural_due = _plural(word), False
    text = re.sub(r"\b(in|on) night\b", "at night", " ".join(words))
    text = re.sub(r"\bin (in|on|next to|under|behind)\b", r"\1", text)
    text = re.sub(r"\b(a|the) (?:a|the)\b", r"\1", text)
    text = re.sub(r"\ba (?=[aeiou])", "an ", text)
    text = re.sub(r"\b(?:a|the) (?=(?:his|her|its)\b)", "", text)
    return re.sub(r"\s*,(?:\s*,)*\s*", ", ", text).strip(" ,")


_PLAIN_NOUNS = frozenset(_entries(NOUNS).values())


def _plural(noun: str) -> str:
    if noun in ("fish", "sheep"):
        return noun
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
