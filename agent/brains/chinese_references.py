"""Finds the words that name a picture in a Chinese message."""

from __future__ import annotations

import re

from agent.brains.chinese_words import CHINESE_NUMBERS, NOUN, translate
from agent.brains.lexicon import content_words
from agent.brains.references import Album, Reference

__all__ = ["NUMBER", "about", "find_reference", "value"]

NUMBER = r"[一两二俩三四五六七八九十几]|\d+"
"""A count as Chinese writes it."""
_PICTURE = r"(?:张|幅|个|版本|版|候选)?(?:图片|图像|照片|图|画|版本|的|个)?"

_SHOWN = r"(?:图片|照片|图|画|版本)"


def value(word: str) -> int:
    """The number that a digit or a Chinese numeral writes."""
    return int(word) if word.isdecimal() else CHINESE_NUMBERS.get(word, 1)


def find_reference(clause: str, album: Album) -> tuple[Reference | None, str]:
    """The picture named, and the clause in which it is no more named."""
    for pattern, read in _REFERENCES:
        found = re.search(pattern, clause)
        if found:
            reference = read(found)
            if reference is not None:
                rest = (
                    clause[: found.start()].removesuffix("在")
                    + ("它" if found.start() else "")
                    + clause[found.end() :]
                )
                rest = (
                    re.sub(r"^(?:回到|返回|用|选|从|基于)?它?(?:[，,]|的基础上)?", "", rest)
                    if rest.startswith(("回到", "用", "从", "基于"))
                    else rest
                )
                rest = re.sub(r"^在?它?(?:的)?上面?(?=[再加放写画添挂])", "", rest)
                return reference, rest.strip("，, ")
    return None, clause


def _ordinal(found: re.Match[str]) -> Reference:
    word = found["n"]
    return Reference(kind="ordinal", index=value(word))


def _several(found: re.Match[str]) -> Reference:
    count = value(found["n"])
    return Reference(kind="several", index=count if found["side"].startswith("前") else -count)


def _number(found: re.Match[str]) -> Reference:
    word = found["n"] or found["k"] or found["j"] or found["m"]
    letter = (found["a"] or found["b"] or found["c"] or "").lower()
    return Reference(kind="number", index=value(word), letter=letter)


def _described(found: re.Match[str]) -> Reference | None:
    words = content_words(translate(found["w"]))
    return Reference(kind="described", words=words) if words else None


def _before(found: re.Match[str]) -> Reference | None:
    words = content_words(translate(found["w"]))
    return Reference(kind="before", words=words) if words else None


_REFERENCES = (
    (
        rf"第(?P<a>{NUMBER})[张幅个版]?{_SHOWN}?(?:和|与|跟|及|、)第(?P<b>{NUMBER})[张幅个版]{_SHOWN}?",
        lambda found: Reference(kind="several", places=(value(found["a"]), value(found["b"]))),
    ),
    (rf"(?P<side>前面?|最?后面?)的?(?P<n>[两二俩三]|[23])[张幅个]{_SHOWN}?", _several),
    (
        r"(?:还?没有?)?(?:加上?|戴上?|放上?|变|改|换)(?:成)?(?P<w>[^，,]{1,5}?)(?:之前|以前"
        r"|前)(?:的)?(?:那|这)?(?:一)?"
        r"(?:张|个|幅|版本|版)?(?:图|样子)?",
        _before,
    ),
    (
        r"(?:最)?(?P<side>左|右|中)(?:边|侧|间)的?(?:那|这)(?:一)?(?:张|个|幅|只|辆|条|朵|棵|座|匹|头|把|位)(?:图片|照片|图)?"
        r"|(?:最)?(?P<side2>左|右|中)(?:边|侧|间)的?(?:张|个|幅)(?:图片|照片|图)?"
        r"|^(?:给|把|让|将)?(?:最)?(?P<side3>左|右|中)(?:边|侧|间)的(?=[变改换加戴放涂])",
        lambda found: Reference(
            kind="ordinal",
            index={"左": 1, "右": -1, "中": 2}[found["side"] or found["side2"] or found["side3"]],
        ),
    ),
    (
        rf"(?:#|图|编号|号码)\s?(?P<n>\d+)\s?(?P<a>[a-dA-D])?(?:号|张)?(?:那张|图)?|(?P<k>\d+)\s?号?\s?的?(?P<b>[a-dA-D])(?![a-zA-Z])"
        rf"|(?P<j>\d+)号(?:图)?|第(?P<m>{NUMBER})[张个幅号组]的?\s?(?P<c>[a-dA-D])(?![a-zA-Z])",
        _number,
    ),
    (
        r"(?:最开始|最初|最早|一开始|这次对话|对话)(?:里|中)?的?第一[张个幅](?:图片|图|照片|画)?",
        lambda found: Reference(kind="ordinal", index=1, is_in_group=False),
    ),
    (r"最早的?那?(?:张|个)(?:图)?", lambda found: Reference(kind="original")),
    (
        (
            rf"(?:最初|最开始)的?第?(?:{NUMBER})?{_PICTURE}|原图|原来(?:的|那)(?:张|一张)?(?:图|样子"
            rf"|版本|照片)?|原始(?:的)?(?:图|版本|图片)?|一开始的?(?:那张)?(?:图|样子|版本)?"
        ),
        lambda found: Reference(kind="original"),
    ),
    (rf"^(?:就|我)?(?:要|选|用)第(?P<n>{NUMBER})(?:张|幅|个|版)?$", _ordinal),
    (rf"第(?P<n>{NUMBER})(?:张|幅|个|版|次)(?:图片|照片|图|画|版本|的)?", _ordinal),
    (rf"第(?P<n>{NUMBER})[只头匹辆条朵棵座把](?:{NOUN})?", _ordinal),
    (
        r"(?:没有|没|不带|无)(?:加|戴|放)?(?P<w>[^，,的]{1,5})的?(?:那|这)?(?:一)?(?:张|个|版|幅)(?:图|版本)?",
        lambda found: Reference(kind="described", without=content_words(translate(found["w"]))),
    ),
    (
        r"还是没有?(?P<w>[^，,的]{1,5}?)的?(?:那张)?(?:更|比较)?好(?:看)?$",
        lambda found: Reference(kind="described", without=content_words(translate(found["w"]))),
    ),
    (
        r"(?:有|带有?|带着|加了|戴了|戴着)(?P<w>[^，,的有]{1,5})的(?:那|这)?(?:一)?(?:张|个|版|幅)(?:图片|图|版本)?",
        _described,
    ),
    (r"还是(?P<w>[^，,那]{1,6}?)的?(?:那[张个]?)?(?:更|比较)?好(?:看)?$", _described),
    (
        r"最后(?:一)?(?:张|个|幅)(?:图片|照片|图)?|最新的?(?:那)?(?:张|个)?图?",
        lambda found: Reference(kind="ordinal", index=-1),
    ),
    (
        (
            r"(?:我)?(?:刚才|刚刚|之前)?上传(?:给你)?的?(?:那张|这张)?(?:图片|照片|图)?"
            r"|我(?:刚才|刚刚|之前)?(?:传|发)(?:给你)?的?(?:那张|这张)?(?:图片|照片|图)?"
            r"|我的(?:照片|图片|图)"
        ),
        lambda found: Reference(kind="upload", index=-1),
    ),
    (
        r"(?:之前|刚才|前面)(?:的)?(?:那|这)(?:一)?(?:张|幅|个|只|辆|棵|朵|条|座|匹)(?P<w>[^，,的]{1,5})",
        _described,
    ),
    (
        (
            r"(?:上|前)一(?:张|个|幅|版)(?:图片|照片|图|版本)?|之前(?:的)?(?:那)?(?:张|个"
            r"|版本)?(?:图片|照片|图)?(?!加)"
        ),
        lambda found: Reference(kind="back"),
    ),
    (
        (
            r"(?:那|这)?(?:张|个|只"
            r"|辆)?(?P<w>[^，,把将让给回到用选我更还是喜欢那这看要之前]{1,6}?)的?(?:那|这)(?:一)?(?:张|幅"
            r"|个|版|只|辆|棵|朵|条|座|匹)(?:图片|照片|图|画)?"
        ),
        _described,
    ),
    (r"(?:那|这)(?:张|幅|个)?(?P<w>[红蓝绿黄紫粉黑白橙灰]色?)的(?:那张|图|车|猫|狗)?", _described),
    (
        r"^(?:给)?(?:它们|他们|她们|这些|这几张|这几个|这[两三四]张|[两三四]张|所有|全部|每张|每个)?(?:都|全都?)(?=[戴穿加变改换画涂放])"
        r"|(?:它们|这些|两张|所有)都|所有(?:的)?(?:图片|图|照片)|全部",
        lambda found: Reference(kind="all"),
    ),
    (r"(?:这|那)(?:张|幅)(?:图片|照片|图|画)?", lambda found: Reference(kind="current")),
)


def about(text: str, album: Album) -> Reference | None:
    """A thing that only another picture than the current one shows."""
    if album.current is None or album.context.uploads:
        return None
    part = re.split(r"变成|改成|换成|加|变|改|涂|换|戴", text)[0]
    known = frozenset[str]().union(*(album.words(each) for each in album.context.pictures))
    words = content_words(translate(part)) & known
    if not words or words <= album.words(album.current):
        return None
    is_shown_elsewhere = any(words <= album.words(each) for each in album.pictures)
    if words & album.words(album.current) and not is_shown_elsewhere:
        return None
    return Reference(kind="described", words=words)
