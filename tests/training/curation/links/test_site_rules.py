"""robots.txt on real sockets: asked once a site, before anything else there, and obeyed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import pytest

from tests.training.curation.links.server import RudeServer, reply, rude_server
from tests.training.curation.links.test_fetch import PICTURE, moved, settings
from training.data.curation.decode import Reason
from training.data.curation.links.fetch import FetchSettings, fetch_all
from training.data.curation.links.flags import add_arguments, fetch_settings
from training.errors import BadRecipe

NOT_THE_ART = """
User-agent: *
Disallow: /

User-agent: Reverie-Curation
Disallow: /art/*.png$
Allow: /art/free/*.png
"""


@pytest.fixture
def server() -> Iterator[RudeServer]:
    with rude_server() as found:
        found.answers |= {
            path: reply(PICTURE) for path in ("/a.png", "/art/b.png", "/art/free/c.png", "/art/d.gif")
        }
        yield found


def rules(server: RudeServer, text: str, *headers: str) -> None:
    server.answers["/robots.txt"] = reply(text.encode(), *headers)


def fetch(server: RudeServer, *paths: str, **changes: object) -> list[bytes | Reason]:
    links = [server.url(path) for path in paths]
    return [*fetch_all(links, settings(server, heeds_rules=True, **changes))]


def test_the_group_that_names_us_counts_and_its_longest_match(server: RudeServer) -> None:
    rules(server, NOT_THE_ART)
    found = fetch(server, "/a.png", "/art/b.png", "/art/free/c.png", "/art/d.gif")
    assert found == [PICTURE, Reason.FORBIDDEN, PICTURE, PICTURE]
    assert server.asked["/art/b.png"] == 0
    assert server.requests[0].startswith("GET /robots.txt HTTP/1.1")
    assert server.asked["/robots.txt"] == 1


@pytest.mark.parametrize(
    ("text", "is_forbidden"),
    [
        ("User-agent: *\nDisallow: /", True),
        ("\ufeffuser-agent: *\r\ndisallow: /a", True),
        ("User-agent: *\nDisallow:", False),
        ("User-agent: Googlebot\nDisallow: /", False),
        ("User-agent: Googlebot\nUser-agent: reverie-curation\nDisallow: /*.png", True),
        ("", False),
        ("nonsense\0\0 everywhere: : :", False),
        ("<!doctype html><title>not found</title>", False),
    ],
)
def test_rules_are_read_as_the_standard_has_them(server: RudeServer, text: str, is_forbidden: bool) -> None:
    rules(server, text)
    assert fetch(server, "/a.png") == [Reason.FORBIDDEN if is_forbidden else PICTURE]


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "401 Unauthorized", "410 Gone"])
def test_a_site_without_the_file_forbids_nothing(server: RudeServer, status: str) -> None:
    server.answers["/robots.txt"] = reply(b"User-agent: *\nDisallow: /", status=status)
    assert fetch(server, "/a.png") == [PICTURE]


def test_a_file_that_cannot_be_had_forbids_all(server: RudeServer) -> None:
    server.answers["/robots.txt"] = reply(b"", status="503 Service Unavailable")
    assert fetch(server, "/a.png", "/art/d.gif") == [Reason.SERVER_BUSY] * 2
    assert server.asked["/robots.txt"] == 3  # tried again, for both together
    server.answers["/robots.txt"] = server.hang
    assert fetch(server, "/a.png") == [Reason.TIMED_OUT]
    server.answers["/robots.txt"] = reply(b"#" * 2_100_000)
    assert fetch(server, "/a.png") == [Reason.TOO_HEAVY]
    assert server.asked["/a.png"] == 0


def test_a_busy_moment_is_not_a_no(server: RudeServer) -> None:
    busy = reply(b"", status="503 Service Unavailable")
    server.answers["/robots.txt"] = [busy, reply(b"User-agent: *\nDisallow: /art")]
    assert fetch(server, "/a.png", "/art/d.gif") == [PICTURE, Reason.FORBIDDEN]


def test_robots_headers_on_the_rules_themselves_are_about_search_results(server: RudeServer) -> None:
    rules(server, "User-agent: *\nDisallow: /art", "X-Robots-Tag: noindex")
    assert fetch(server, "/a.png", "/art/d.gif") == [PICTURE, Reason.FORBIDDEN]


def test_rules_may_have_moved_but_not_into_the_house(server: RudeServer) -> None:
    server.answers["/robots.txt"] = moved("/rules")
    server.answers["/rules"] = reply(b"User-agent: *\nDisallow: /art")
    assert fetch(server, "/a.png", "/art/d.gif") == [PICTURE, Reason.FORBIDDEN]
    server.answers["/robots.txt"] = moved("http://169.254.169.254/robots.txt")
    ports = (80, server.port)
    assert fetch(server, "/a.png", ports=ports) == [Reason.PRIVATE_ADDRESS]


def test_every_site_on_the_way_is_asked(server: RudeServer) -> None:
    """The link's own site allows it, the one that it leads to does not."""
    with rude_server() as other:
        rules(other, "User-agent: *\nDisallow: /")
        other.answers["/a.png"] = reply(PICTURE)
        server.answers["/a.png"] = moved(other.url("/a.png"))
        assert fetch(server, "/a.png", ports=(server.port, other.port)) == [Reason.FORBIDDEN]
        assert (other.asked["/robots.txt"], other.asked["/a.png"]) == (1, 0)


def test_a_pause_that_is_asked_for_is_kept_up_to_a_limit(server: RudeServer) -> None:
    rules(server, "User-agent: *\nCrawl-delay: 0.3")
    assert fetch(server, "/a.png", "/art/b.png", "/art/d.gif") == [PICTURE] * 3
    assert all(later - one > 0.25 for one, later in zip(server.times, server.times[1:], strict=False))
    rules(server, "User-agent: *\nCrawl-delay: 86400")
    begun = time.monotonic()
    assert fetch(server, "/a.png", most_patience_seconds=0.2) == [PICTURE]
    assert time.monotonic() - begun < 3


def flags(*words: str) -> FetchSettings:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return fetch_settings(parser.parse_args(words))


def test_flags_change_what_they_name() -> None:
    assert flags() == FetchSettings()
    assert flags("--links-mb", "1.5", "--links-pause", "0", "--links-retries", "0").most_bytes == 1_500_000
    assert flags("--links-contact", "https://example.org/robot").user_agent.endswith(
        "reverie-curation/1) (https://example.org/robot)"
    )


@pytest.mark.parametrize(
    "words", [("--links-at-once", "0"), ("--links-pause", "-1"), ("--links-contact", "a\r\nCookie: x")]
)
def test_flags_that_cannot_be_are_told(words: tuple[str, ...]) -> None:
    with pytest.raises(BadRecipe, match=r"Links cannot be|--links-contact"):
        flags(*words)
