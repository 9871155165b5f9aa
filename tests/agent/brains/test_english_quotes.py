"""Quotes, names and capitals are put aside and come back."""

from __future__ import annotations

import pytest

from agent.brains.english_quotes import mask_quotes, unmasked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('a sign saying "go back"', "a sign saying QUOTE0"),
        ("a cafe called Remove This at night", "a cafe called QUOTE0 at night"),
        ("her name is Undo, she's orange", "her name is QUOTE0, she's orange"),
        ("change the sign to SALE", "change the sign to QUOTE0"),
        ("DRAW A CAT", "DRAW A CAT"),
        ("a TV on a table", "a TV on a table"),
        ("open delete_me.png", "open QUOTE0"),
    ],
)
def test_what_steers_nothing_is_put_aside(text: str, masked: str) -> None:
    got, quotes = mask_quotes(text)
    assert got == masked
    assert unmasked(got, quotes) == text
