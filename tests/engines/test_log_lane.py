"""What the engines' process logs is logged here: in our form, with its turn, and quoting nobody."""

from __future__ import annotations

import io
import json
import logging
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from PIL import Image

from agent.logs import TURN_ID, set_up_logs
from engines.apart import apart
from engines.api import Box, GenerateRequest, OnProgress, Sample, Seen
from engines.errors import EngineError, WorkerDied
from engines.fake import FakeEngine
from engines.families import Family, fake_family
from engines.log_lane import speaking_through_us
from engines.workshop import Workshop
from tests.log_set_up import logging_as_before

CANARY = "xylophone"
PATIENCE_SECONDS = 30.0
PICTURE = Image.new("RGB", (32, 32), "orange")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    with logging_as_before():
        yield


class Talkative(FakeEngine):
    """Logs and warns, as its libraries do, and breaks where it is asked to."""

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        log = logging.getLogger("engines.talkative")
        log.debug("drawing %s", request.prompt)
        log.info("an info from the engine")
        library = logging.getLogger("talkative_library")
        library.addHandler(logging.StreamHandler())
        library.propagate = False
        library.warning("a warning from %s", "a library")
        warnings.warn("careful", stacklevel=1)
        if "break" in request.prompt:
            raise ValueError(f"bad {request.prompt}")
        return super().generate(request, on_progress)


class BrokenEyes:
    vocabulary: Mapping[str, tuple[str, ...]] = {}

    def look(self, image: Image.Image, question: str = "") -> Seen:
        raise ValueError(f"bad {question}")

    def locate(self, image: Image.Image, words: str) -> tuple[Box, ...]:
        return ()


def talkative_family() -> Family:
    return replace(fake_family(), painters={"full": Talkative()}, eyes=BrokenEyes())


def broken_family(secret: str) -> Family:
    raise ValueError(f"bad {secret}")


def lines(stream: io.StringIO, num_lines: int) -> list[dict[str, Any]]:
    """As soon as there are so many; each is JSON."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while stream.getvalue().count("\n") < num_lines and time.monotonic() < deadline:
        time.sleep(0.01)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def draw(family: Family, prompt: str) -> Sample:
    return family.painters["full"].generate(GenerateRequest(prompt=prompt, seed=7), lambda _: None)


def test_records_cross_over_with_their_turn(capfd: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    set_up_logs("json", stream=stream)
    with closing(Workshop(talkative_family, label=TURN_ID.get)) as shop:
        family = apart(talkative_family(), shop)
        for turn in ("one", "two"):
            TURN_ID.set(turn)
            draw(family, CANARY)
        found = lines(stream, 5)
    assert [each["turn"] for each in found] == ["one"] * 3 + ["two"] * 2, "Python warns once"
    assert [each["message"] for each in found[:2]] == ["an info from the engine", "a warning from a library"]
    assert [each["logger"] for each in found[:3]] == ["engines.talkative", "talkative_library", "py.warnings"]
    assert CANARY not in stream.getvalue()
    assert capfd.readouterr().err == "", "nothing is printed there"


def test_a_bug_there_is_told_by_class_and_frames(capfd: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    set_up_logs("json", stream=stream)
    with closing(Workshop(talkative_family, label=TURN_ID.get)) as shop:
        family = apart(talkative_family(), shop)
        assert family.eyes is not None
        TURN_ID.set("look")
        with pytest.raises(EngineError, match="broke"):
            family.eyes.look(PICTURE, CANARY)
        TURN_ID.set("draw")
        with pytest.raises(WorkerDied, match="exit code 1"):
            draw(family, f"break {CANARY}")
        found = [each for each in lines(stream, 5) if "error" in each]
    assert [(each["turn"], each["message"]) for each in found] == [
        ("look", "Look broke"),
        ("draw", "the engine's process broke and ends"),
    ]
    for each in found:
        assert each["error"].startswith("ValueError at engines/serving.py:")
        assert "tests/engines/test_log_lane.py" in each["error"]
    assert CANARY not in stream.getvalue() + capfd.readouterr().err


def test_on_request_errors_there_are_quoted() -> None:
    stream = io.StringIO()
    set_up_logs("json", "debug", stream=stream)
    with closing(Workshop(talkative_family)) as shop:
        with pytest.raises(WorkerDied):
            draw(apart(talkative_family(), shop), f"break {CANARY}")
        found = lines(stream, 5)
    assert found[0]["message"] == f"drawing break {CANARY}"
    assert any(f"ValueError: bad break {CANARY}" in each.get("error", "") for each in found)


def test_a_family_that_cannot_be_built_is_told_of(capfd: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    set_up_logs("json", stream=stream)
    with closing(Workshop(partial(broken_family, CANARY))) as shop:
        with pytest.raises(EngineError, match="broke"):
            _ = apart(talkative_family(), shop).painters["full"].info
        (found,) = lines(stream, 1)
    assert found["message"] == "Inform broke"
    assert CANARY not in stream.getvalue() + capfd.readouterr().err


def test_a_library_that_would_print_is_heard_by_the_root(caplog: pytest.LogCaptureFixture) -> None:
    printed = io.StringIO()
    with speaking_through_us():
        library = logging.getLogger("tests.printing_library")
    assert type(logging.getLogger("tests.another")) is logging.Logger
    library.addHandler(logging.StreamHandler(printed))
    library.propagate = False
    library.warning("heard")
    assert caplog.messages == ["heard"]
    assert printed.getvalue() == ""
