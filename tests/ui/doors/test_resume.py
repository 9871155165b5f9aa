"""Links that drop: whoever comes back with the id of the last event it has read misses and repeats nothing.

Against the running app with the fake engine, over HTTP.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.browser.server import Server
from tests.ui.doors.house import Heard, events_of, heard, without_previews

NUM_TURNS, NUM_PEOPLE = 200, 4
MOST_DROPS = 6
LONGEST_LINK_BYTES = 4_000
SEED = 20261129


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("resume") / "data"
    server = Server(folder, "--engine", "fake", "--fake-step-seconds", "0.004")
    server.start()
    yield server
    server.close()


@contextmanager
def visitor(server: Server) -> Iterator[httpx2.Client]:
    """With a cookie of its own."""
    with httpx2.Client(base_url=server.url.rstrip("/"), timeout=60) as http:
        http.get("/").raise_for_status()
        yield http


def cut_short(http: httpx2.Client, address: str, after: int, num_bytes: int) -> list[Heard]:
    """What could be read whole before the link dropped, after so many bytes."""
    with http.stream("GET", address, headers={"Last-Event-ID": str(after)}) as stream:
        assert stream.status_code in {200, 204}
        return read_whole(stream, num_bytes)


def read_whole(stream: httpx2.Response, num_bytes: int) -> list[Heard]:
    """The events among the first so many bytes."""
    content = b""
    for piece in stream.iter_raw():
        content += piece
        if len(content) >= num_bytes:
            break
    whole, _, _ = content[:num_bytes].rpartition(b"\n\n")
    return [*heard([*whole.decode().split("\n"), ""])]


def last_id(told: list[Heard]) -> int:
    return told[-1].id if told else 0


@dataclass(kw_only=True)
class Tally:
    """Of one person's turns: how many were heard whole, and how many links dropped before the end."""

    whole: int = 0
    drops: int = 0


def listen_over_a_bad_link(
    http: httpx2.Client, address: str, dice: random.Random, tally: Tally
) -> list[Heard]:
    told: list[Heard] = []
    for _ in range(dice.randint(1, MOST_DROPS)):
        told += cut_short(http, address, last_id(told), dice.randrange(LONGEST_LINK_BYTES))
        tally.drops += not told or told[-1].kind != "RUN_FINISHED"
    return told + events_of(http, address, after=last_id(told))


def talk(server: Server, number: int) -> Tally:
    """A person's share of the turns."""
    tally, dice = Tally(), random.Random(SEED + number)
    with visitor(server) as http:
        chat = http.post("/v1/chats").json()["id"]
        for _ in range(NUM_TURNS // NUM_PEOPLE):
            text = dice.choice(("draw a red car", "draw two blue dogs", "hello", "two cats"))
            begun = http.post(f"/v1/chats/{chat}/turns", json={"text": text})
            assert begun.status_code == 202, begun.text
            told = listen_over_a_bad_link(http, begun.json()["events"], dice, tally)
            whole = events_of(http, begun.json()["events"])
            assert (whole[0].kind, whole[-1].kind) == ("RUN_STARTED", "RUN_FINISHED")
            tally.whole += without_previews(told) == whole
    return tally


def test_two_hundred_turns_of_two_hundred_are_heard_whole_over_links_that_drop(server: Server) -> None:
    with ThreadPoolExecutor(NUM_PEOPLE) as people:
        results = [*people.map(lambda number: talk(server, number), range(NUM_PEOPLE))]
    assert sum(each.whole for each in results) == NUM_TURNS
    assert sum(each.drops for each in results) > NUM_TURNS


@pytest.mark.parametrize("num_bytes", [0, 300, 2_500])
def test_a_stream_that_came_as_the_answer_is_taken_up_where_it_broke(server: Server, num_bytes: int) -> None:
    """Its headers have said where."""
    with visitor(server) as http:
        chat = http.post("/v1/chats").json()["id"]
        accept, message = {"Accept": "text/event-stream"}, {"text": "draw two red cars"}
        with http.stream("POST", f"/v1/chats/{chat}/turns", json=message, headers=accept) as stream:
            address, told = stream.headers["location"], read_whole(stream, num_bytes)
        assert not any(each.kind == "RUN_FINISHED" for each in told), "it broke in the midst"
        told += events_of(http, address, after=last_id(told))
        assert without_previews(told) == events_of(http, address)
        assert len(http.get(f"/v1/chats/{chat}").json()["turns"]) == 1


def test_after_a_restart_the_turn_is_told_as_it_was_kept(server: Server) -> None:
    with visitor(server) as http:
        chat = http.post("/v1/chats").json()["id"]
        begun = http.post(f"/v1/chats/{chat}/turns", json={"text": "draw a red car"}).json()
        told = events_of(http, begun["events"])
        server.stop()
        server.start()
        snapshot, end = events_of(http, begun["events"], after=told[4].id)
        assert snapshot.data["snapshot"]["pictures"][0]["id"] == told[-1].data["result"]["pictures"][0]
        assert end.data == told[-1].data
        assert told[-2].id < snapshot.id < end.id == told[-1].id
        assert events_of(http, begun["events"], after=end.id) == []


def test_what_was_cut_off_by_a_restart_ends_once(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--engine", "fake", "--fake-step-seconds", "1")
    server.start()
    try:
        with visitor(server) as http:
            chat = http.post("/v1/chats").json()["id"]
            begun = http.post(f"/v1/chats/{chat}/turns", json={"text": "draw a red car"}).json()
            told = cut_short(http, begun["events"], 0, 1_500)
            server.stop(signal.SIGKILL)
            server.start()
            snapshot, end = events_of(http, begun["events"], after=last_id(told))
            assert last_id(told) < snapshot.id < end.id
            assert end.data["outcome"] == {"type": "cancelled"}
            assert events_of(http, begun["events"], after=end.id) == []
    finally:
        server.close()


def test_the_server_ends_in_time_while_somebody_listens(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--engine", "fake", "--fake-step-seconds", "1")
    server.start()
    try:
        with visitor(server) as http:
            chat = http.post("/v1/chats").json()["id"]
            begun = http.post(f"/v1/chats/{chat}/turns", json={"text": "draw a red car"}).json()
            with http.stream("GET", begun["events"]) as stream:
                lines = stream.iter_lines()
                next(lines)
                assert server.stop() == 0
    finally:
        server.close()
