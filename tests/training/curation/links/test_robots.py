"""What servers say to robots, in every form of the header."""

from __future__ import annotations

import pytest

from training.data.curation.links.robots import forbids


@pytest.mark.parametrize(
    ("value", "is_forbidden"),
    [
        ("noai", True),
        ("NoImageAI", True),
        ("nofollow, noindex", True),
        ("noimageindex", True),
        ("none", True),
        ("all", False),
        ("nofollow", False),
        ("", False),
        ("googlebot: noindex", False),
        ("googlebot: nofollow, noindex", False),
        ("reverie-curation: noai", True),
        ("Reverie-Curation: nofollow, noindex", True),
        ("*: noai", True),
        ("unavailable_after: 25 Jun 2010 15:00:00 PST", False),
        ("max-image-preview: large, noai", True),
        ("googlebot: noindex, reverie-curation: noai", True),
        ("noarchive, googlebot: noindex", False),
        ("notnoai", False),
    ],
)
def test_directives_are_read_as_they_are_meant(value: str, is_forbidden: bool) -> None:
    assert forbids([(b"x-robots-tag", value.encode())]) is is_forbidden
    assert forbids([(b"Content-Type", b"image/png"), (b"X-Robots-Tag", value.encode())]) is is_forbidden


def test_any_of_many_headers_forbids() -> None:
    assert forbids([(b"X-Robots-Tag", b"nofollow"), (b"X-Robots-Tag", b"noai")])
    assert not forbids([(b"X-Robots", b"noai")])


@pytest.mark.parametrize(("value", "is_forbidden"), [("1", True), (" 1 ", True), ("0", False), ("x", False)])
def test_a_reservation_of_mining_rights_forbids(value: str, is_forbidden: bool) -> None:
    assert forbids([(b"TDM-Reservation", value.encode())]) is is_forbidden
