"""The terminal's way to a server, over lines good and bad."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from agent.keys import Keys
from agent.terminal.link import Link, NotThere, Refused
from engines.fake import FakeEngine
from tests.agent.terminal.bad_line import BadLine
from tests.browser.server import free_port
from tests.doubles import build_agent
from tests.ui.doors.house import House, opened_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    agent = build_agent(tmp_path, engine=FakeEngine(step_seconds=0.02))
    with opened_house(agent, Keys(agent.sessions)) as house:
        yield house


@pytest.fixture
def link(house: House) -> Iterator[Link]:
    link = Link(house.url, house.key("ann"))
    yield link
    link.close()


def test_a_message_is_followed_to_its_picture(link: Link) -> None:
    assert link.last_chat() is None
    chat = link.new_chat()
    assert link.last_chat() == chat
    told = [*link.events(link.send(chat, "a red car", (), {"seed": 3}))]
    assert (told[0].type, told[-1].type) == ("RUN_STARTED", "RUN_FINISHED")
    (picture,) = told[-1].data["result"]["pictures"]
    assert link.picture(picture).startswith(b"\x89PNG")


def test_files_go_along(link: Link, tmp_path: Path) -> None:
    chat, file = link.new_chat(), tmp_path / "notes.png"
    file.write_bytes(b"no picture")
    with pytest.raises(Refused, match="not a picture"):
        link.send(chat, "make it blue", [file], {})
    with pytest.raises(Refused, match=r"gone\.png cannot be read"):
        link.send(chat, "make it blue", [tmp_path / "gone.png"], {})


@pytest.fixture
def line(house: House, request: pytest.FixtureRequest) -> Iterator[BadLine]:
    """By a seed, if the test gives one."""
    line = BadLine(int(house.url.rpartition(":")[2]), getattr(request, "param", 1))
    yield line
    line.close()


@pytest.fixture
def bad(house: House, line: BadLine) -> Iterator[Link]:
    """Over that line."""
    bad = Link(f"http://127.0.0.1:{line.port}", house.key("ann"), first_pause_seconds=0.01)
    yield bad
    bad.close()


@pytest.mark.parametrize("line", range(8), indirect=True)
def test_a_line_that_drops_is_taken_up_again(line: BadLine, bad: Link, link: Link) -> None:
    turn = link.send(link.new_chat(), "two red cars", (), {})
    told = [*bad.events(turn)]
    whole = [*link.events(turn)]
    assert [each.id for each in told] == [each.id for each in whole]
    assert [each.type for each in told] == [each.type for each in whole]
    assert line.num_drops > 0


@pytest.mark.parametrize("status", [502, 503, 504, 429])
def test_a_server_that_is_not_there_yet_is_asked_again(
    line: BadLine, bad: Link, link: Link, status: int
) -> None:
    turn = link.send(link.new_chat(), "two red cars", (), {})
    events = bad.events(turn)
    first = next(events)
    line.statuses = [status, status]
    told = [first, *events]
    assert [each.id for each in told] == [each.id for each in link.events(turn)]
    assert (line.statuses, line.num_drops > 0) == ([], True)


@pytest.mark.parametrize("has_file", [False, True])
def test_a_message_whose_answer_is_lost_begins_one_turn(
    house: House, line: BadLine, bad: Link, link: Link, tmp_path: Path, has_file: bool
) -> None:
    file = tmp_path / "mine.png"
    Image.new("RGB", (64, 64), "red").save(file)
    chat, line.num_swallowed = link.new_chat(), 2
    turn = bad.send(chat, "two red cars", [file] if has_file else [], {})
    assert (line.num_swallowed, line.num_drops) == (0, 2)
    assert [*link.events(turn)][-1].type == "RUN_FINISHED"
    assert [each.id for each in house.agent.sessions.turns(chat, "ann")] == [turn]


def test_a_server_that_never_has_time_is_given_up_with_a_sentence(
    line: BadLine, bad: Link, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.terminal.link.MOST_PAUSES", 3)
    turn = link.send(link.new_chat(), "two red cars", (), {})
    line.statuses = [502] * 5
    with pytest.raises(NotThere, match="drops again and again"):
        list(bad.events(turn))
    assert line.statuses == [502]


def test_a_line_that_stays_down_is_given_up_with_a_sentence(
    line: BadLine, bad: Link, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.terminal.link.MOST_PAUSES", 3)
    turn = link.send(link.new_chat(), "two red cars", (), {})
    events = bad.events(turn)
    assert next(events).type == "RUN_STARTED"
    line.is_down = True
    with pytest.raises(NotThere, match="drops again and again"):
        list(events)


def test_cancelling_ends_the_turn(link: Link) -> None:
    turn = link.send(link.new_chat(), "two red cars", (), {})
    events = link.events(turn)
    next(events)
    begun = time.monotonic()
    link.cancel(turn)
    assert time.monotonic() - begun < 1
    assert [*events][-1].data["outcome"] == {"type": "cancelled"}


def test_what_cannot_be_is_a_sentence(house: House, link: Link) -> None:
    nowhere = Link(f"http://127.0.0.1:{free_port()}", "")
    with pytest.raises(NotThere, match=r"python app\.py"):
        nowhere.new_chat()
    nobody = Link(house.url, "rv-wrong")
    with pytest.raises(Refused, match="REVERIE_KEY"):
        nobody.new_chat()
    with pytest.raises(Refused, match="does not exist any more"):
        link.send("0" * 32, "hi", (), {})
    with pytest.raises(Refused, match="no such message"):
        [*link.events("0" * 32)]
    with pytest.raises(NotThere):
        Link("ftp://example.test", "").new_chat()
    for each in (nowhere, nobody):
        each.close()
