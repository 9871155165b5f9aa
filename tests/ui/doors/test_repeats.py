"""Messages that are sent twice, over a real port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from agent.domain import TurnStatus
from agent.limits import Limits, Rates
from agent.pipe import EventPipe
from engines.fake import FakeEngine
from tests.doubles import build_agent
from tests.ui.callers import OTHER_TOKEN, OWNER_OF_TOKEN
from tests.ui.doors.house import House, events_of, heard, opened_house
from ui.doors.repeats import Repeats


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened_house(build_agent(tmp_path, engine=FakeEngine(step_seconds=0.02))) as house:
        yield house


def a_chat(http: httpx2.Client) -> str:
    return str(http.post("/v1/chats").json()["id"])


def send(http: httpx2.Client, chat: str, key: str, text: str = "a red car") -> httpx2.Response:
    return http.post(f"/v1/chats/{chat}/turns", json={"text": text}, headers={"Idempotency-Key": key})


def test_the_same_key_is_the_same_turn_while_it_runs_and_after(house: House) -> None:
    http = house.person()
    chat = a_chat(http)
    first, again = send(http, chat, "k1"), send(http, chat, "k1")
    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
    told = events_of(http, first.json()["events"])
    assert send(http, chat, "k1").json() == first.json()
    house.agent.coordinator.pipes.forget(chat)
    late = send(http, chat, "k1")
    assert (late.json(), late.headers["location"]) == (first.json(), first.headers["location"])
    headers = {"Idempotency-Key": "k1", "Accept": "text/event-stream"}
    with http.stream(
        "POST", f"/v1/chats/{chat}/turns", json={"text": "a red car"}, headers=headers
    ) as stream:
        assert [*heard(stream.iter_lines())][-1] == told[-1]
    (turn,) = house.agent.sessions.turns(chat, OWNER_OF_TOKEN)
    assert turn.status is TurnStatus.DONE


def test_another_key_another_person_or_none_is_another_turn(house: House) -> None:
    http, other = house.person(), house.person(OTHER_TOKEN)
    chat, theirs = a_chat(http), a_chat(other)
    begun = [send(http, chat, "k1"), send(other, theirs, "k1")]
    events_of(http, begun[0].json()["events"])
    begun.append(send(http, chat, "k2"))
    events_of(http, begun[-1].json()["events"])
    begun += [http.post(f"/v1/chats/{chat}/turns", json={"text": "a red car"})]
    assert [each.status_code for each in begun] == [202] * 4
    assert len({each.json()["turn"] for each in begun}) == 4


def test_a_key_is_of_one_message(house: House) -> None:
    http = house.person()
    chat = a_chat(http)
    events_of(http, send(http, chat, "k1").json()["events"])
    for another in (send(http, chat, "k1", "a dog"), send(http, a_chat(http), "k1")):
        assert (another.status_code, "another message" in another.json()["error"]) == (422, True)
    for bad in ("", "x" * 201, "a b"):
        assert send(http, chat, bad).status_code == 400
    assert len(house.agent.sessions.turns(chat, OWNER_OF_TOKEN)) == 1


def test_what_was_refused_may_be_sent_again(house: House) -> None:
    http = house.person()
    chat, rates = a_chat(http), house.agent.coordinator.rates
    house.agent.coordinator.rates = Rates(Limits(messages_an_hour=0))
    assert [send(http, chat, "k1").status_code for _ in range(2)] == [429, 429]
    house.agent.coordinator.rates = rates
    assert send(http, chat, "k1").status_code == 202


def test_they_are_kept_for_a_while_and_not_too_many() -> None:
    now = [0.0]
    repeats = Repeats(kept_seconds=10, most_kept=3, now=lambda: now[0])

    def is_kept(number: int) -> bool:
        return repeats.find("ann", str(number), "d") is not None

    for number in range(5):
        pipe = EventPipe()
        pipe.begin(f"t{number}")
        repeats.keep("ann", str(number), "d", pipe)
        pipe.close()
        now[0] += 1
    assert [is_kept(number) for number in range(5)] == [False, False, True, True, True]
    found = repeats.find("ann", "4", "d")
    assert found is not None
    assert (found.pipe, found.turn_id) == (None, "t4"), "its events are not kept"
    now[0] = 13.5
    assert [is_kept(number) for number in range(2, 5)] == [False, False, True]
