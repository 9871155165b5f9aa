"""A record is a line that names its turn and quotes nobody."""

from __future__ import annotations

import io
import json
import logging
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.errors import BrainUnavailable
from agent.logs import TURN_ID, adopt_server_logs, set_up_logs
from agent.meter import Meter
from engines.fake import FakeEngine
from tests.doubles import ScriptedBrain, build_agent
from tests.log_set_up import logging_as_before

CANARY = "xylophone"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    with logging_as_before():
        yield


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class BrokenBrain(ScriptedBrain):
    """Breaks in a way that nobody expects, and quotes the message."""

    def decide(self, context: Any) -> Any:
        raise RuntimeError(f"I cannot parse {context.message}")


class LoggingEngine(FakeEngine):
    """Says something on the device's own thread."""

    def generate(self, request: Any, on_progress: Any) -> Any:
        logging.getLogger("engines.test").info("on thread %s", threading.current_thread().name)
        return super().generate(request, on_progress)


def test_every_record_of_a_turn_names_it_on_all_its_threads(tmp_path: Path) -> None:
    stream = io.StringIO()
    set_up_logs("json", stream=stream)
    agent = build_agent(tmp_path, engine=LoggingEngine())
    agent.coordinator.watch = Meter(queue_length=int, engine_restarts=int).watch
    session = agent.sessions.create("ann")
    turns = [[*agent.coordinator.run(session.id, "ann", f"draw {CANARY}")][-1].turn_id for _ in range(2)]
    agent.close()
    found = lines(stream)
    assert [each["turn"] for each in found] == [turns[0]] * 2 + [turns[1]] * 2
    assert found[0]["message"] == "on thread device"
    assert found[1]["message"].startswith("turn ended: done, generate, ")
    assert {*found[0]} == {"time", "level", "logger", "message", "turn"}
    assert TURN_ID.get() == "", "this thread works for no turn"
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_turn_that_breaks_says_where_and_not_what_was_typed(tmp_path: Path, form: Any) -> None:
    stream = io.StringIO()
    set_up_logs(form, stream=stream)
    agent = build_agent(tmp_path, brain=BrokenBrain())
    session = agent.sessions.create("ann")
    [*agent.coordinator.run(session.id, "ann", f"draw {CANARY}")]
    agent.coordinator.brain = agent.coordinator.fallback = ScriptedBrain(BrainUnavailable(f"no {CANARY}"))
    [*agent.coordinator.run(session.id, "ann", f"draw {CANARY}")]
    agent.close()
    (line,) = stream.getvalue().splitlines()
    assert "RuntimeError at " in line
    assert "test_logs.py" in line
    assert CANARY not in line


def test_on_request_errors_are_quoted(tmp_path: Path) -> None:
    stream = io.StringIO()
    set_up_logs("json", "debug", stream=stream)
    agent = build_agent(tmp_path, brain=BrokenBrain())
    session = agent.sessions.create("ann")
    [*agent.coordinator.run(session.id, "ann", f"draw {CANARY}")]
    agent.close()
    assert any(f"I cannot parse draw {CANARY}" in each.get("error", "") for each in lines(stream))


def test_a_message_cannot_pass_for_two(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("text")
    logging.getLogger("agent").warning("one\n12:00:00 error agent: \x1b[31mtwo")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(r"warning agent: one\n12:00:00 error agent: \x1b[31mtwo")


def test_warnings_and_broken_threads_are_records() -> None:
    stream = io.StringIO()
    set_up_logs("json", stream=stream)

    def fail() -> None:
        raise ValueError(CANARY)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("careful", stacklevel=1)
    broken, careful = lines(stream)
    assert (broken["level"], broken["message"]) == ("error", "a thread broke")
    assert broken["error"].startswith("ValueError at ")
    assert careful["logger"] == "py.warnings"


def test_the_servers_log_is_ours_and_visits_are_not_logged() -> None:
    stream = io.StringIO()
    set_up_logs("json", stream=stream)
    own = logging.StreamHandler(io.StringIO())
    logging.getLogger("uvicorn.error").addHandler(own)
    access = logging.getLogger("uvicorn.access")
    adopt_server_logs()
    access.setLevel(logging.INFO)
    access.info("GET /pictures/0123 200")
    logging.getLogger("uvicorn.error").error("no port")
    assert [each["message"] for each in lines(stream)] == ["no port"]
    access.disabled = False
