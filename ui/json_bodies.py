"""How much JSON is read at all: what is short but has very many parts fills the memory once it is parsed."""

from __future__ import annotations

__all__ = ["MOST_PARTS", "has_too_many_parts"]

MOST_PARTS = 100_000
"""A message of the page has some hundreds; a mask is one long text and counts as one."""
BEGINNINGS = (b"[", b"{", b",")


def has_too_many_parts(content: bytes | bytearray) -> bool:
    """Lists, objects and values, counted without parsing; those that stand in texts count as well."""
    return sum(content.count(each) for each in BEGINNINGS) > MOST_PARTS
