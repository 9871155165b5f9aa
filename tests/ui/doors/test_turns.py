"""Chats and turns for programs, over a real port."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ag_ui.core
import httpx2
import pytest
from PIL import Image
from pydantic import TypeAdapter

from agent.domain import Decision, Route, Turn, TurnStatus
from agent.jobs import JobLimits
from agent.limits import Limits, Rates
from engines.fake import FakeEngine, Fault
from tests.doubles import ScriptedBrain, build_agent, draw
from tests.ui.callers import OTHER_TOKEN, OWNER_OF_TOKEN
from tests.ui.doors.house import Heard, House, events_of, heard, opened_house, without_previews
from ui.doors import streams

Begin = Callable[..., House]
EVENT: TypeAdapter[Any] = TypeAdapter(ag_ui.core.Event)
DRAWN = [
    "RUN_STARTED",
    "CUSTOM decision",
    "CUSTOM plan",
    "STEP_STARTED",
    "CUSTOM picture",
    "STEP_FINISHED",
    "TEXT_MESSAGE_START",
    "TEXT_MESSAGE_CONTENT",
    "TEXT_MESSAGE_END",
    "RUN_FINISHED",
]
NUM_LISTENERS, MOST_POOL_THREADS = 150, 40
ON_THE_WAY = {"CUSTOM queued", "CUSTOM progress"}


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Opens a house with this engine and brain, and closes it."""
    open_ones: list[Any] = []

    def begin(engine: FakeEngine | None = None, brain: ScriptedBrain | None = None) -> House:
        context = opened_house(build_agent(tmp_path, engine=engine, brain=brain))
        open_ones.append(context)
        return context.__enter__()

    yield begin
    for context in open_ones:
        context.__exit__(None, None, None)


def a_chat(http: httpx2.Client) -> str:
    made = http.post("/v1/chats")
    assert made.status_code == 201
    return str(made.json()["id"])


def sent(http: httpx2.Client, chat: str, text: str, **more: Any) -> dict[str, str]:
    """What the door says to a message that becomes a turn."""
    begun = http.post(f"/v1/chats/{chat}/turns", json={"text": text, **more})
    assert begun.status_code == 202, begun.text
    told: dict[str, str] = begun.json()
    assert begun.headers["location"] == told["events"]
    return told


def a_png(color: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(file, "PNG")
    return file.getvalue()


def require_sound(events: list[Heard]) -> None:
    """In AG-UI's words, in the order of their ids."""
    for each in events:
        EVENT.validate_python(each.data)
    ids = [each.id for each in events]
    assert ids == sorted(set(ids))


def test_a_picture_is_told_from_first_to_last(begin: Begin) -> None:
    house = begin()
    http = house.person()
    chat = a_chat(http)
    turn = sent(http, chat, "a red car", options={"seed": 7})
    events = events_of(http, turn["events"])
    require_sound(events)
    assert [each.kind for each in events if each.kind not in ON_THE_WAY] == DRAWN
    progress = [each.data["value"] for each in events if each.kind == "CUSTOM progress"]
    assert [each["step"] for each in progress] == list(range(9))
    picture = next(each.data["value"] for each in events if each.kind == "CUSTOM picture")
    assert picture["seed"] == 7
    with Image.open(io.BytesIO(http.get(picture["address"]).content)) as image:
        assert image.size == (picture["width"], picture["height"])
    assert events[0].data["threadId"] == events[-1].data["threadId"] == chat
    assert events[0].data["runId"] == events[-1].data["runId"] == turn["turn"]
    words = "".join(each.data["delta"] for each in events if each.kind == "TEXT_MESSAGE_CONTENT")
    assert events[-1].data["result"] == {"reply": words, "pictures": [picture["id"]]}
    stored = http.get(f"/v1/turns/{turn['turn']}").json()
    assert (stored["status"], stored["pictures"], stored["reply"]) == ("done", [picture], words)
    shown = http.get(f"/v1/chats/{chat}").json()
    assert (shown["title"], shown["turns"], shown["running"]) == ("a red car", [stored], None)
    assert "owner" not in shown
    assert [each["id"] for each in http.get("/v1/chats").json()["chats"]] == [chat]


def test_the_events_may_come_as_the_answer(begin: Begin) -> None:
    http = begin(brain=ScriptedBrain(Decision(route=Route.CHAT), replies=("Hel", "", "lo."))).person()
    chat, accept = a_chat(http), {"Accept": "text/event-stream"}
    with http.stream("POST", f"/v1/chats/{chat}/turns", json={"text": "hi"}, headers=accept) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        address, events = stream.headers["location"], [*heard(stream.iter_lines())]
    require_sound(events)
    assert [each.data["delta"] for each in events if "delta" in each.data] == ["Hel", "lo."]
    assert events == events_of(http, address)


def test_a_plan_waits_for_a_word(begin: Begin) -> None:
    http = begin().person()
    chat = a_chat(http)
    turn = sent(http, chat, "a red car", options={"asks_first": True})
    asked = events_of(http, turn["events"])
    require_sound(asked)
    outcome = asked[-1].data["outcome"]
    assert (outcome["type"], outcome["interrupts"][0]["id"]) == ("interrupt", turn["turn"])
    approved = http.post(f"/v1/turns/{turn['turn']}/approve", json={"prompts": ["a blue car"]})
    assert (approved.status_code, approved.json()) == (202, turn)
    events = events_of(http, turn["events"], after=asked[-1].id)
    require_sound([*asked, *events])
    assert [each.kind for each in events if each.kind not in ON_THE_WAY] == DRAWN
    stored = http.get(f"/v1/turns/{turn['turn']}").json()
    assert stored["plan"]["steps"][0]["prompt"] == "a blue car"
    assert http.post(f"/v1/turns/{turn['turn']}/approve").status_code == 404


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_who_comes_while_a_turn_is_taken_up_again_hears_all_of_it(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, is_forgotten: bool
) -> None:
    """The store is slow to say that it runs again, and is asked by then."""
    house, is_asked = begin(), threading.Event()
    http, sessions = house.person(), house.agent.sessions
    turn = sent(http, a_chat(http), "a red car", options={"asks_first": True})
    asked = events_of(http, turn["events"])
    if is_forgotten:
        house.agent.coordinator.pipes.forget(turn["chat"])
    find, reopen = sessions.turn, sessions.reopen_turn

    def find_and_say(turn_id: str, owner: str) -> Turn:
        found = find(turn_id, owner)
        if found.status is TurnStatus.RUNNING:
            is_asked.set()
        return found

    def reopen_late(turn_id: str, owner: str) -> Turn:
        assert is_asked.wait(10)
        time.sleep(0.2)
        return reopen(turn_id, owner)

    with ThreadPoolExecutor(1) as other:
        monkeypatch.setattr(sessions, "reopen_turn", reopen_late)
        approved = other.submit(http.post, f"/v1/turns/{turn['turn']}/approve")
        while find(turn["turn"], OWNER_OF_TOKEN).status is not TurnStatus.RUNNING:
            time.sleep(0.01)
        monkeypatch.setattr(sessions, "turn", find_and_say)
        events = events_of(http, turn["events"], after=asked[-1].id)
        assert approved.result().status_code == 202
    assert [each.kind for each in events if each.kind not in ON_THE_WAY] == DRAWN


def test_a_declined_plan_is_told_as_it_was_left(begin: Begin) -> None:
    http = begin().person()
    turn = sent(http, a_chat(http), "a red car", options={"asks_first": True})
    asked = events_of(http, turn["events"])
    assert http.post(f"/v1/turns/{turn['turn']}/decline").json()["status"] == "stopped"
    snapshot, end = events_of(http, turn["events"], after=asked[-1].id)
    require_sound([*asked, snapshot, end])
    assert (snapshot.data["snapshot"]["status"], end.data["outcome"]["type"]) == ("stopped", "cancelled")
    assert http.get(turn["events"], params={"after": str(end.id)}).status_code == 204


def test_who_comes_late_hears_the_same(begin: Begin) -> None:
    http = begin(FakeEngine(step_seconds=0.02)).person()
    turn = sent(http, a_chat(http), "two red cars")
    at_once = events_of(http, turn["events"])
    late = events_of(http, turn["events"])
    assert late == without_previews(at_once)
    assert any("preview" in each.data.get("value", {}) for each in at_once)
    for place, each in enumerate(late[:-1]):
        assert events_of(http, turn["events"], after=each.id) == late[place + 1 :]
    assert http.get(turn["events"], params={"after": str(late[-1].id)}).status_code == 204


def test_when_the_events_are_gone_the_store_tells_how_it_ended(begin: Begin) -> None:
    house = begin()
    http = house.person()
    turn = sent(http, a_chat(http), "a red car")
    told = events_of(http, turn["events"])
    house.agent.coordinator.pipes.forget(turn["chat"])
    time.sleep(0.1)
    started, snapshot, end = events_of(http, turn["events"])
    require_sound([started, snapshot, end])
    assert started.data == told[0].data
    assert snapshot.data["snapshot"] == http.get(f"/v1/turns/{turn['turn']}").json()
    assert end.data == told[-1].data
    again = events_of(http, turn["events"], after=told[5].id)
    assert [each.kind for each in again] == ["STATE_SNAPSHOT", "RUN_FINISHED"]
    require_sound([told[5], *again])
    assert [snapshot, end] == again, "with the same ids"
    assert events_of(http, turn["events"], after=snapshot.id) == [end]
    for heard_all in (told[-1].id, end.id):
        assert http.get(turn["events"], params={"after": str(heard_all)}).status_code == 204


@pytest.mark.parametrize("words", ["a red car", "hello"])
@pytest.mark.parametrize("faults", [0, 9])
def test_an_end_that_was_heard_is_not_told_again_by_the_store(begin: Begin, words: str, faults: int) -> None:
    script = () if words == "a red car" else (Decision(route=Route.CHAT),)
    house = begin(FakeEngine(faults=[Fault.OUT_OF_MEMORY] * faults), ScriptedBrain(*script))
    http = house.person()
    turn = sent(http, a_chat(http), words)
    told = events_of(http, turn["events"])
    house.agent.coordinator.pipes.forget(turn["chat"])
    assert http.get(turn["events"], params={"after": str(told[-1].id)}).status_code == 204
    missed = events_of(http, turn["events"], after=told[-2].id)
    assert [each.data["type"] for each in missed] == ["STATE_SNAPSHOT", told[-1].kind]


def test_a_turn_taken_up_again_tells_above_what_it_told(begin: Begin) -> None:
    house = begin()
    http = house.person()
    turn = sent(http, a_chat(http), "a red car", options={"asks_first": True})
    asked = events_of(http, turn["events"])
    house.agent.coordinator.pipes.forget(turn["chat"])
    assert http.get(turn["events"], params={"after": str(asked[-1].id)}).status_code == 204
    assert http.post(f"/v1/turns/{turn['turn']}/approve").status_code == 202
    events = events_of(http, turn["events"], after=asked[-1].id)
    require_sound([*asked, *events])
    house.agent.coordinator.pipes.forget(turn["chat"])
    assert http.get(turn["events"], params={"after": str(events[-1].id)}).status_code == 204
    snapshot, end = events_of(http, turn["events"], after=asked[-1].id)
    require_sound([*asked, snapshot, end])
    assert end.data == events[-1].data


@pytest.mark.parametrize(
    "forged", ["", "-1", "+1", "1.5", "1e3", "x", "٣", " 1", "9" * 16, "1" * 400, "5000", "NaN", "0x10"]
)
@pytest.mark.parametrize("is_gone", [False, True])
def test_an_event_id_that_nobody_told_is_refused(begin: Begin, forged: str, is_gone: bool) -> None:
    house = begin()
    http = house.person()
    turn = sent(http, a_chat(http), "a red car")
    events_of(http, turn["events"])
    if is_gone:
        house.agent.coordinator.pipes.forget(turn["chat"])
        forged = forged.replace("5000", str(10**12))
    answers = [http.get(turn["events"], params={"after": forged})]
    if forged.isascii() and forged.strip() == forged:
        answers.append(http.get(turn["events"], headers={"Last-Event-ID": forged}))
    for answer in answers:
        assert answer.status_code == 400
        assert answer.json()["error"].endswith(".")


def test_cancelling_is_asked_for_and_then_told(begin: Begin) -> None:
    engine = FakeEngine(step_seconds=0.2)
    http = begin(engine).person()
    turn = sent(http, a_chat(http), "a red car")
    with http.stream("GET", turn["events"]) as stream:
        events = heard(stream.iter_lines())
        told = [next(each for each in events if each.kind == "CUSTOM progress")]
        begun = time.monotonic()
        answer = http.post(f"/v1/turns/{turn['turn']}/cancel")
        assert time.monotonic() - begun < 1.0
        assert (answer.status_code, answer.json()["is_running"]) == (202, True)
        told += events
    assert told[-1].data["outcome"] == {"type": "cancelled"}
    assert engine.num_steps_done < 8
    again = http.post(f"/v1/turns/{turn['turn']}/cancel")
    assert (again.status_code, again.json()["is_running"]) == (202, False)
    assert http.get(f"/v1/turns/{turn['turn']}").json()["status"] == "stopped"


def test_a_failure_is_the_end_and_says_why(begin: Begin) -> None:
    http = begin(FakeEngine(faults=[Fault.OUT_OF_MEMORY] * 9)).person()
    turn = sent(http, a_chat(http), "a red car")
    events = events_of(http, turn["events"])
    require_sound(events)
    assert events[-1].kind == "RUN_ERROR"
    assert "memory" in events[-1].data["message"]


def test_another_message_is_refused_while_one_is_at_work(begin: Begin) -> None:
    http = begin(FakeEngine(step_seconds=0.2)).person()
    chat = a_chat(http)
    turn = sent(http, chat, "a red car")
    assert http.get(f"/v1/chats/{chat}").json()["running"] == turn["turn"]
    refused = http.post(f"/v1/chats/{chat}/turns", json={"text": "and a dog"})
    assert (refused.status_code, "busy" in refused.json()["error"]) == (409, True)
    http.post(f"/v1/turns/{turn['turn']}/cancel")


def test_beyond_the_limits_a_message_is_refused_with_a_wait(begin: Begin) -> None:
    script = draw("a red car"), draw("a dog"), Decision(route=Route.CHAT)
    house = begin(FakeEngine(step_seconds=0.2), ScriptedBrain(*script))
    house.agent.jobs.limits = JobLimits(of_owner=1)
    http = house.person()
    turn = sent(http, a_chat(http), "a red car")
    chat = a_chat(http)
    refused = http.post(f"/v1/chats/{chat}/turns", json={"text": "a dog"})
    assert (refused.status_code, "as many as one may have" in refused.json()["error"]) == (429, True)
    assert int(refused.headers["retry-after"]) >= 1
    assert [each["status"] for each in http.get(f"/v1/chats/{chat}").json()["turns"]] == ["failed"]
    talk = sent(http, chat, "hello")
    assert events_of(http, talk["events"])[-1].kind == "RUN_FINISHED", "words need no room in the line"
    http.post(f"/v1/turns/{turn['turn']}/cancel")
    house.agent.coordinator.rates = Rates(Limits(messages_an_hour=0))
    refused = http.post(f"/v1/chats/{a_chat(http)}/turns", json={"text": "hello"})
    assert (refused.status_code, "messages within an hour" in refused.json()["error"]) == (429, True)
    assert int(refused.headers["retry-after"]) >= 1


def test_nobody_else_hears_that_there_is_such_a_chat_or_turn(begin: Begin) -> None:
    house = begin()
    mine = house.person()
    chat = a_chat(mine)
    turn = sent(mine, chat, "a secret car", options={"asks_first": True})
    events_of(mine, turn["events"])
    there = [
        ("GET", f"/v1/chats/{chat}"),
        ("DELETE", f"/v1/chats/{chat}"),
        ("POST", f"/v1/chats/{chat}/turns"),
        ("GET", f"/v1/turns/{turn['turn']}"),
        ("GET", turn["events"]),
        *(("POST", f"/v1/turns/{turn['turn']}/{act}") for act in ("cancel", "approve", "decline")),
    ]
    for method, address in there:
        nowhere = address.replace(chat, "0" * 32).replace(turn["turn"], "0" * 32)
        told = house.person(OTHER_TOKEN).request(method, address)
        assert (told.status_code, told.text) == (404, mine.request(method, nowhere).text)
        assert house.person(None).request(method, address).status_code == 401
        for bad in ("x", "..", "%00", "%2e%2e%2f", "0" * 31, "G" * 32):
            address_of_bad = address.replace(chat, bad).replace(turn["turn"], bad)
            assert mine.request(method, address_of_bad).status_code in {307, 404, 405}
    assert house.person(OTHER_TOKEN).get("/v1/chats").json() == {"chats": []}
    assert mine.get(f"/v1/turns/{turn['turn']}").json()["status"] == "waiting"


def test_a_deleted_chat_ends_its_listeners_and_is_gone(begin: Begin) -> None:
    house = begin(FakeEngine(step_seconds=0.1))
    http = house.person()
    chat = a_chat(http)
    turn = sent(http, chat, "a red car")
    with http.stream("GET", turn["events"]) as stream:
        events = heard(stream.iter_lines())
        last = next(events).id
        assert http.delete(f"/v1/chats/{chat}").status_code == 204
        assert [*events][-1].kind == "RUN_FINISHED"
    for address in (f"/v1/chats/{chat}", f"/v1/turns/{turn['turn']}", turn["events"]):
        assert http.get(address, headers={"Last-Event-ID": str(last)}).status_code == 404
    assert house.agent.coordinator.pipes.find(turn["turn"]) is None


def test_pictures_come_along_or_are_named(begin: Begin) -> None:
    house = begin()
    http = house.person()
    chat = a_chat(http)
    form = {"text": "look at this", "options": '{"shape": "portrait"}'}
    begun = http.post(f"/v1/chats/{chat}/turns", data=form, files={"files": ("a.png", a_png())})
    assert begun.status_code == 202, begun.text
    events_of(http, begun.json()["events"])
    first = http.get(f"/v1/turns/{begun.json()['turn']}").json()
    assert [each["width"] for each in first["uploads"]] == [64]
    named = [each["id"] for each in (*first["uploads"], *first["pictures"])]
    second = sent(http, chat, "and at these", pictures=named)
    events_of(http, second["events"])
    assert len(http.get(f"/v1/turns/{second['turn']}").json()["uploads"]) == len(named)
    other = house.person(OTHER_TOKEN)
    foreign = other.post(f"/v1/chats/{a_chat(other)}/turns", json={"text": "mine now", "pictures": named})
    assert foreign.status_code == 404


@pytest.mark.parametrize(
    ("body", "status_code"),
    [
        ({"json": {"text": ""}}, 422),
        ({"json": {"text": "x" * 5_000}}, 422),
        ({"json": {"text": 5}}, 422),
        ({"json": {"text": "hi", "history": []}}, 422),
        ({"json": {"text": "hi", "pictures": ["../../etc/passwd"]}}, 422),
        ({"json": {"text": "hi", "pictures": ["0" * 32]}}, 404),
        ({"json": {"text": "hi", "pictures": ["0" * 32] * 5}}, 422),
        ({"json": {"text": "hi", "options": {"num_steps": 10**6}}}, 422),
        ({"json": {"text": "hi", "options": {"seed": -1}}}, 422),
        ({"json": {"text": "hi", "options": {"seed": 10**30}}}, 422),
        ({"json": []}, 422),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 422),
        ({"content": b"[" * 100_000, "headers": {"Content-Type": "application/json"}}, 422),
        ({"content": b'{"text": "\\ud800"}', "headers": {"Content-Type": "application/json"}}, 422),
        ({"content": b"text=hi", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 415),
        ({"content": b" " * 300_000, "headers": {"Content-Type": "application/json"}}, 413),
        ({"content": iter([b"{}"]), "headers": {"Content-Type": "application/json"}}, 411),
        ({"content": b"--x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 422),
        ({"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"data": {"text": "hi", "options": "[" * 100_000}, "files": {"files": a_png()}}, 422),
        ({"data": {"text": "hi", "path": "/etc/passwd"}, "files": {"files": a_png()}}, 422),
        ({"data": {"text": "hi"}, "files": [("files", a_png())] * 5}, 400),
        ({"data": {"text": "hi"}, "files": {"files": b"no picture"}}, 422),
        ({"data": {"text": "hi"}, "files": {"text": b"no text"}}, 422),
    ],
)
def test_what_cannot_be_a_message_gets_a_sentence(
    begin: Begin, body: dict[str, Any], status_code: int
) -> None:
    house = begin()
    http = house.person()
    chat = a_chat(http)
    answer = http.post(f"/v1/chats/{chat}/turns", **body)
    assert answer.status_code == status_code, answer.text
    assert answer.json()["error"].endswith(".")
    assert house.agent.sessions.turns(chat, OWNER_OF_TOKEN) == []


def test_the_link_is_kept_alive_while_nothing_happens(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    engine = FakeEngine(faults=[Fault.HANG])
    http = begin(engine).person()
    turn = sent(http, a_chat(http), "a red car")
    with http.stream("GET", turn["events"]) as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith(":")) == ": still at work"
        engine.release()
        assert "RUN_FINISHED" in [*heard(lines)][-1].kind


def test_many_listeners_take_no_threads_and_hold_nobody_up(begin: Begin) -> None:
    """The picture hangs until somebody else was answered."""
    engine = FakeEngine(faults=[Fault.HANG])
    house = begin(engine)
    http = house.person()
    turn = sent(http, a_chat(http), "a red car")
    pipe = house.agent.coordinator.pipes.find(turn["turn"])
    assert pipe is not None
    before = threading.active_count()

    async def listen(client: httpx2.AsyncClient) -> list[Heard]:
        async with client.stream("GET", turn["events"]) as stream:
            lines = [line async for line in stream.aiter_lines()]
        return [*heard(lines)]

    async def ask(client: httpx2.AsyncClient) -> int:
        while len(pipe._callbacks) < NUM_LISTENERS:
            await asyncio.sleep(0.05)
        assert (await client.get("/v1/chats")).status_code == 200
        engine.release()
        return threading.active_count()

    async def everybody() -> list[Any]:
        limits = httpx2.Limits(max_connections=None)
        async with httpx2.AsyncClient(
            base_url=house.url, cookies=dict(http.cookies), limits=limits, timeout=60
        ) as client:
            return await asyncio.gather(ask(client), *(listen(client) for _ in range(NUM_LISTENERS)))

    num_threads, *all_told = asyncio.run(everybody())
    assert num_threads - before <= MOST_POOL_THREADS
    assert all_told[0][-1].kind == "RUN_FINISHED"
    assert all(without_previews(told) == without_previews(all_told[0]) for told in all_told)
