"""What a server says about robots in its reply: X-Robots-Tag, and the reservation of text and data mining."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["AGENT", "forbids"]

AGENT = "reverie-curation"
FORBIDDING = frozenset("noai noimageai noindex noimageindex none".split())
WITH_VALUES = frozenset("unavailable_after max-snippet max-image-preview max-video-preview".split())
"""Directives whose colon does not end the name of a robot."""


def forbids(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """True where pictures are not to be used for training, or not to be kept.

    `agent: directive, directive` is for that robot alone. `tdm-reservation: 1` reserves the rights of
    mining (the W3C community's TDMRep).
    """
    for name, value in headers:
        text = value.decode("latin-1").lower()
        match name.lower():
            case b"x-robots-tag" if is_forbidden(text):
                return True
            case b"tdm-reservation" if text.strip() == "1":
                return True
    return False


def is_forbidden(tag: str) -> bool:
    is_ours = True
    for part in tag.split(","):
        agent, colon, rest = part.partition(":")
        directive = part
        if colon and agent.strip() not in WITH_VALUES:
            is_ours, directive = agent.strip() in ("*", AGENT), rest
        if is_ours and directive.strip() in FORBIDDING:
            return True
    return False
