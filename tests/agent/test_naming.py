"""Names and numbers of things in both languages."""

from __future__ import annotations

import pytest

from agent.naming import Naming

ENGLISH, CHINESE = Naming("en"), Naming("zh-CN")


@pytest.mark.parametrize(
    ("kind", "count", "color", "english", "chinese"),
    [
        ("cat", 1, "red", "a red cat", "一只红色的猫"),
        ("apple", 1, None, "an apple", "一个苹果"),
        ("bus", 2, "orange", "two orange buses", "两辆橙色的公交车"),
        ("fish", 3, None, "three fish", "三条鱼"),
        ("dog", 0, None, "no dogs", "没有狗"),
        ("star", 12, None, "12 stars", "12颗星星"),
    ],
)
def test_things(kind: str, count: int, color: str | None, english: str, chinese: str) -> None:
    assert ENGLISH.things(kind, count, color) == english
    assert CHINESE.things(kind, count, color) == chinese


def test_lists_places_and_unknown_words() -> None:
    assert ENGLISH.listed(["a", "b", "c"]) == "a, b and c"
    assert CHINESE.listed(["甲", "乙"]) == "甲和乙"
    assert ENGLISH.listed([]) == ""
    assert (ENGLISH.background("night"), CHINESE.background("night")) == ("a night background", "夜空背景")
    assert CHINESE.name("zorb") == "zorb"
    assert ENGLISH.place("moon") == "on a background of moon"
