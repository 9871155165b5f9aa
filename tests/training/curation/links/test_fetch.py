"""Rude servers, real sockets: each link ends in bytes or in a reason, and in time."""

from __future__ import annotations

import gc
import gzip
import random
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.training.curation.links.server import HOST, RudeServer, reply, rude_server
from tests.training.curation.raw import a_picture, as_file
from training.data.curation.decode import Reason
from training.data.curation.links.fetch import FetchSettings, fetch_all, seconds_in

PICTURE = as_file(a_picture(1))
MOST_BYTES = 200_000


@pytest.fixture
def server() -> Iterator[RudeServer]:
    with rude_server() as found:
        yield found


def settings(server: RudeServer, **changes: object) -> FetchSettings:
    quick = FetchSettings(
        connect_seconds=1,
        read_seconds=0.5,
        total_seconds=1,
        most_bytes=MOST_BYTES,
        num_retries=2,
        backoff_seconds=0.05,
        host_pause_seconds=0,
        per_host=16,
        heeds_rules=False,
        ports=(server.port,),
        open_networks=(HOST,),
    )
    return replace(quick, **changes)  # type: ignore[arg-type]


def fetch(server: RudeServer, link: str, **changes: object) -> bytes | Reason:
    (found,) = fetch_all([link], settings(server, **changes))
    return found


def fetch_answer(server: RudeServer, answer: object, **changes: object) -> bytes | Reason:
    server.answers["/it"] = answer  # type: ignore[assignment]
    return fetch(server, server.url("/it"), **changes)


def test_a_picture_comes_as_it_is_and_the_request_says_who_asks(server: RudeServer) -> None:
    assert fetch_answer(server, reply(PICTURE, "Content-Type: image/png")) == PICTURE
    (request,) = server.requests
    assert request.startswith("GET /it HTTP/1.1\r\n")
    lines = request.lower().split("\r\n")
    assert f"host: {HOST}:{server.port}" in lines
    assert any(line.startswith("user-agent:") and "reverie-curation" in line for line in lines)
    assert "accept-encoding: identity" in lines
    assert not any(line.startswith(("cookie", "authorization", "referer")) for line in lines)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("404 Not Found", Reason.GONE),
        ("410 Gone", Reason.GONE),
        ("403 Forbidden", Reason.DENIED),
        ("401 Unauthorized", Reason.DENIED),
        ("451 Unavailable For Legal Reasons", Reason.DENIED),
        ("204 No Content", Reason.NOT_FETCHED),
        ("206 Partial Content", Reason.NOT_FETCHED),
        ("418 I'm a teapot", Reason.NOT_FETCHED),
        ("302 Found", Reason.NOT_FETCHED),  # to nowhere
    ],
)
def test_a_status_that_is_no_picture_is_a_reason(server: RudeServer, status: str, reason: Reason) -> None:
    body = b"" if status.startswith("204") else PICTURE
    assert fetch_answer(server, reply(body, status=status)) is reason
    assert server.asked["/it"] == 1


@pytest.mark.parametrize(
    "start", ["<!DOCTYPE html><html>", "  \n<html>", "\ufeff<HTML lang=en>", "<!-- x --><p>"]
)
@pytest.mark.parametrize("long", [False, True])
def test_a_page_served_as_a_picture_is_told(server: RudeServer, start: str, long: bool) -> None:
    body = start.encode() + b"x" * (100_000 if long else 10)
    assert fetch_answer(server, reply(body, "Content-Type: image/jpeg")) is Reason.PAGE


def test_a_picture_served_as_a_page_is_a_picture(server: RudeServer) -> None:
    assert fetch_answer(server, reply(PICTURE, "Content-Type: text/html")) == PICTURE


def test_a_link_that_hangs_ends(server: RudeServer) -> None:
    begun = time.monotonic()
    assert fetch_answer(server, server.hang) is Reason.TIMED_OUT
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("what", ["head", "body"])
def test_a_reply_that_drips_ends_in_time(server: RudeServer, what: str) -> None:
    """Each read is within its own limit; all of them together are not."""
    slow = reply(PICTURE, *(f"X-Header-{number}: slow" for number in range(20)))
    if what == "body":
        head, _, body = slow.partition(b"\r\n\r\n")
        dripping = server.drip(body)

        def answer(connection: socket.socket) -> None:
            connection.sendall(head + b"\r\n\r\n")
            dripping(connection)

        server.answers["/it"] = answer
    else:
        server.answers["/it"] = server.drip(slow)
    begun = time.monotonic()
    assert fetch(server, server.url("/it")) is Reason.TIMED_OUT
    assert time.monotonic() - begun < 3


def test_a_connection_that_nobody_takes_ends(server: RudeServer) -> None:
    """Its queue is full, so that connecting itself hangs."""
    with socket.socket() as deaf:
        deaf.bind((HOST, 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for each in fillers:
            each.setblocking(False)
            each.connect_ex((HOST, port))
        begun = time.monotonic()
        link = f"http://{HOST}:{port}/"
        assert fetch(server, link, ports=(port,), connect_seconds=0.5) is Reason.TIMED_OUT
        assert time.monotonic() - begun < 3
        for each in fillers:
            each.close()


def test_nobody_there_is_unreachable(server: RudeServer) -> None:
    with socket.socket() as closed:
        closed.bind((HOST, 0))
        port = closed.getsockname()[1]
        assert fetch(server, f"http://{HOST}:{port}/", ports=(port,)) is Reason.UNREACHABLE
    assert fetch(server, f"http://no-such-name.invalid:{server.port}/") is Reason.UNREACHABLE


@pytest.mark.parametrize(
    "answer",
    [
        reply(PICTURE[:100], length=len(PICTURE)),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + PICTURE[:16] + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"",
        b"220 mail.example.org ESMTP\r\n",
        reply(gzip.compress(PICTURE)[:-20], "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 300_000 + b"\r\n\r\n",
    ],
)
def test_a_reply_that_is_no_whole_one_is_cut_short(server: RudeServer, answer: bytes) -> None:
    assert fetch_answer(server, answer) is Reason.CUT_SHORT


def test_a_reply_cut_short_once_is_asked_for_again(server: RudeServer) -> None:
    answers = [reply(PICTURE[:100], length=len(PICTURE)), reply(PICTURE)]
    assert fetch_answer(server, answers) == PICTURE


def test_too_much_is_not_read(server: RudeServer) -> None:
    sent = list[int]()

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(2_000):
            connection.sendall(b"\xff" * 10_000)
            sent.append(10_000)

    assert fetch_answer(server, endless, total_seconds=10) is Reason.TOO_HEAVY
    assert sum(sent) < 15_000_000  # what the sockets hold, and not all of it
    assert fetch_answer(server, reply(b"x", length=MOST_BYTES + 1)) is Reason.TOO_HEAVY
    assert fetch_answer(server, reply(b"\xff" * MOST_BYTES)) == b"\xff" * MOST_BYTES


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_packed_replies_are_unpacked_and_bombs_are_not(server: RudeServer, packing: str) -> None:
    pack = gzip.compress if packing == "gzip" else zlib.compress
    encoding = f"Content-Encoding: {packing}"
    assert fetch_answer(server, reply(pack(PICTURE), encoding)) == PICTURE
    bomb = pack(b"\0" * 200_000_000)
    assert len(bomb) < MOST_BYTES * 1.1
    begun = time.monotonic()
    assert fetch_answer(server, reply(bomb[:MOST_BYTES], encoding)) is Reason.TOO_HEAVY
    assert time.monotonic() - begun < 1
    assert fetch_answer(server, reply(b"not packed", encoding)) is Reason.DAMAGED
    assert fetch_answer(server, reply(PICTURE, "Content-Encoding: br")) is Reason.NOT_FETCHED


def test_a_redirect_is_followed_and_endless_ones_are_not(server: RudeServer) -> None:
    server.answers["/there"] = reply(PICTURE)
    for place in ("/there", "there", server.url("/there"), f"//{HOST}:{server.port}/there#part"):
        assert fetch_answer(server, moved(place)) == PICTURE
    for number in range(8):
        server.answers[f"/hop{number}"] = moved(f"/hop{number + 1}")
    server.answers["/hop8"] = reply(PICTURE)
    assert fetch(server, server.url("/hop3")) == PICTURE
    assert fetch(server, server.url("/hop2")) is Reason.TOO_MANY_REDIRECTS
    assert fetch_answer(server, moved("/it")) is Reason.TOO_MANY_REDIRECTS


def moved(place: str) -> bytes:
    return reply(b"", f"Location: {place}", status="302 Found")


INNER = ("127.0.0.1", "[::1]", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0")
METADATA = ("169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "2852039166", "10.0.0.1")


@pytest.mark.parametrize("host", [*INNER, *METADATA])
def test_inner_addresses_are_refused_at_once_and_after_a_redirect(server: RudeServer, host: str) -> None:
    """Something listens there, and is never reached; octal is no host at all to a strict parser."""
    refused = Reason.BAD_LINK if host.startswith("0177") else Reason.PRIVATE_ADDRESS
    link = f"http://{host}:{server.port}/latest/meta-data/"
    with socket.create_server(("127.0.0.1", server.port)) as trap:
        trap.setblocking(False)
        assert fetch(server, link) is refused
        assert fetch_answer(server, moved(link)) is refused
        with pytest.raises(BlockingIOError):
            trap.accept()


@pytest.mark.parametrize(
    "link",
    [
        "",
        "picture.png",
        "ftp://example.org/a.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "http://",
        "http:///a.png",
        "http://user:secret@example.org/a.png",
        "http://example.org:22/a.png",
        "http://example.org:99999/",
        "http://[::1/",
        "http://exa mple.org/",
        "http://\x00/",
        "https://" + "a" * 9_000 + ".org/",
        "http://example.org/" + "a" * 9_000,
        "http://" + "a." * 200 + "org/",
    ],
)
def test_what_is_no_link_to_the_web_is_told(server: RudeServer, link: str) -> None:
    web = settings(server, ports=(80, 443, server.port))
    (found,) = fetch_all([link], web)
    assert found in (Reason.BAD_LINK, Reason.UNREACHABLE)
    server.answers["/it"] = moved(link.replace("\x00", "")) if link.isprintable() else b""
    (found,) = fetch_all([server.url("/it")], web)
    assert isinstance(found, Reason)


def test_only_the_webs_own_ports_are_asked() -> None:
    (found,) = fetch_all(["http://127.0.0.2:8080/"], FetchSettings())
    assert found is Reason.BAD_LINK
    assert FetchSettings().open_networks == ()
    assert [*fetch_all(["http://127.0.0.2/", "https://localhost/"], FetchSettings())] == [
        Reason.PRIVATE_ADDRESS
    ] * 2


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable", "500 Oops"])
def test_a_busy_server_is_asked_again_and_then_left_alone(server: RudeServer, status: str) -> None:
    answers = [reply(b"", status=status), reply(PICTURE)]
    assert fetch_answer(server, answers) == PICTURE
    assert server.asked["/it"] == 2
    assert fetch_answer(server, reply(b"", status=status)) is Reason.SERVER_BUSY
    assert server.asked["/it"] == 2 + 3


def test_patience_that_is_asked_for_is_had_up_to_a_limit(server: RudeServer) -> None:
    busy = reply(b"", "Retry-After: 1", status="429 Too Many Requests")
    begun = time.monotonic()
    assert fetch_answer(server, [busy, reply(PICTURE)]) == PICTURE
    assert 1 <= time.monotonic() - begun < 3
    never = reply(b"", "Retry-After: 86400", status="503 Service Unavailable")
    begun = time.monotonic()
    assert fetch_answer(server, [never, reply(PICTURE)]) is Reason.SERVER_BUSY
    assert time.monotonic() - begun < 1


def test_retry_after_may_be_a_date_or_nonsense() -> None:
    assert seconds_in("7") == 7
    later = datetime.now(UTC) + timedelta(seconds=60)
    assert 55 < seconds_in(format_datetime(later, usegmt=True)) <= 60
    assert [seconds_in(each) for each in ("", "soon", "-5", "9" * 30, "Mon, 01 Jan 1990 00:00:00 GMT")] == [
        0
    ] * 5


@pytest.mark.parametrize("tag", ["X-Robots-Tag: noai", "X-Robots-Tag: noindex", "TDM-Reservation: 1"])
def test_a_site_that_forbids_is_obeyed_even_on_the_way(server: RudeServer, tag: str) -> None:
    assert fetch_answer(server, reply(PICTURE, tag)) is Reason.FORBIDDEN
    server.answers["/there"] = reply(PICTURE)
    answer = reply(b"", tag, "Location: /there", status="302 Found")
    assert fetch_answer(server, answer) is Reason.FORBIDDEN
    assert server.asked["/there"] == 0


def test_one_host_gets_few_requests_at_a_time_and_a_pause(server: RudeServer) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def slowly(connection: socket.socket) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        with lock:
            at_once -= 1
        connection.sendall(reply(PICTURE))

    links = [server.url(f"/{number}") for number in range(12)]
    server.answers = {f"/{number}": slowly for number in range(12)}
    assert [*fetch_all(links, settings(server, per_host=2))] == [PICTURE] * 12
    assert most == 2
    server.times.clear()
    assert [*fetch_all(links[:5], settings(server, host_pause_seconds=0.1))] == [PICTURE] * 5
    assert all(later - one > 0.07 for one, later in zip(server.times, server.times[1:], strict=False))


def test_waiting_for_a_turn_is_no_timeout(server: RudeServer) -> None:
    """Thirty links of one host, one at a time, take longer together than one may."""

    def slowly(connection: socket.socket) -> None:
        time.sleep(0.1)
        connection.sendall(reply(PICTURE))

    server.answers = {f"/{number}": slowly for number in range(15)}
    links = [server.url(f"/{number}") for number in range(15)]
    assert [*fetch_all(links, settings(server, per_host=1))] == [PICTURE] * 15


def test_many_links_are_fetched_at_once_and_come_in_order(server: RudeServer) -> None:
    """A slow one holds up nobody but the order."""
    rng = random.Random(3)
    pictures = {f"/{number}": as_file(a_picture(number)) for number in range(40)}
    for path, content in pictures.items():
        wait = rng.random() * 0.2

        def slowly(connection: socket.socket, content: bytes = content, wait: float = wait) -> None:
            time.sleep(wait)
            connection.sendall(reply(content))

        server.answers[path] = slowly
    begun = time.monotonic()
    links = [server.url(path) for path in pictures]
    assert [*fetch_all(links, settings(server, at_once=8))] == [*pictures.values()]
    assert time.monotonic() - begun < 3
    assert server.most_at_once > 3


def test_a_consumer_that_goes_ends_all_at_once(server: RudeServer) -> None:
    server.answers = {"/0": reply(PICTURE), **{f"/{number}": server.hang for number in range(1, 10)}}
    links = [server.url(f"/{number}") for number in range(10)]
    found = fetch_all(links, settings(server, at_once=4, total_seconds=60, read_seconds=60))
    assert next(found) == PICTURE
    begun = time.monotonic()
    found.close()
    assert time.monotonic() - begun < 3
    gc.collect()  # a connection left open would be a warning, and that an error


def test_no_reply_escapes(server: RudeServer) -> None:
    """Damaged replies of all kinds give bytes or a reason, and never an exception."""
    rng = random.Random(11)
    whole = reply(gzip.compress(PICTURE), "Content-Encoding: gzip", "X-Robots-Tag: all", "Location: /it")
    for number in range(150):
        damaged = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            damaged[rng.randrange(min(len(damaged), 200))] = rng.randrange(256)
        server.answers[f"/{number}"] = bytes(damaged)
    links = [server.url(f"/{number}") for number in range(150)]
    found = [*fetch_all(links, settings(server, num_retries=0))]
    assert len(found) == 150
    assert len({each for each in found if isinstance(each, Reason)}) >= 2
