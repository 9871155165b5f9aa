"""Lists that ask for a picture of each, and versions with one change each."""

from __future__ import annotations

import pytest

from agent.brains.english_lists import changes, is_nameless, separate_subjects


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("two pictures: a sheep and a goat", ("a sheep", "a goat")),
        ("a cat, a dog and a fish - one picture each", ("a cat", "a dog", "a fish")),
        ("a dragon, in green and in gold, separately", ("a dragon in green", "a dragon in gold")),
        ("a cat and a dog", ()),
        ("two pictures of a sheep and a goat", ()),
    ],
)
def test_only_a_list_that_says_so_asks_for_a_picture_of_each(text: str, subjects: tuple[str, ...]) -> None:
    assert separate_subjects(text) == subjects


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        (
            "three versions of it: one red, one blue and one green",
            ("make it red", "make it blue", "make it green"),
        ),
        ("two versions please: one in winter and one at night", ("make it winter", "make it night")),
        (
            "show me the chair in red, in green and in white",
            ("make it red", "make it green", "make it white"),
        ),
        ("put it in a garden in spring", ()),
        ("make it red and bigger", ()),
    ],
)
def test_each_version_is_a_change_of_its_own(text: str, orders: tuple[str, ...]) -> None:
    assert changes(text) == orders


def test_ones_without_a_name_name_nothing() -> None:
    assert is_nameless("a red one and a blue one")
    assert not is_nameless("a red car and a blue one")
