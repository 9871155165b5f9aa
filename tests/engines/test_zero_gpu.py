"""Engines on a lent card: with a stand-in for `spaces` that forks and pickles as ZeroGPU does, and with the
package itself in a process of its own (zero_gpu_space.py)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from PIL import Image

from engines.api import EditRequest, Engine, GenerateRequest, Progress, Sample
from engines.errors import Cancelled, DeviceOutOfMemory, EngineError
from engines.fake import FakeEngine, Fault
from engines.families import fake_family
from engines.sizes import Size
from engines.zero_gpu import MOST_SECONDS, ZeroGpuEngine, is_zero_gpu, lent, seconds_for
from tests.browser.server import free_port
from tests.engines.lent_cards import LentCards


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> LentCards:
    cards = LentCards()
    monkeypatch.setitem(sys.modules, "spaces", cards)
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    return cards


REQUEST = GenerateRequest(prompt="a red disc", seed=7, size=Size(160, 96))


def ignore(progress: Progress) -> None:
    pass


def test_a_space_says_that_cards_are_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_zero_gpu()
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert is_zero_gpu()
    monkeypatch.setitem(sys.modules, "spaces", None)
    with pytest.raises(EngineError, match="add `spaces`"):
        lent(fake_family)


def test_a_call_runs_in_a_forked_process_and_tells_every_step(cards: LentCards) -> None:
    engine = FakeEngine(num_steps=6)
    on_card = ZeroGpuEngine(engine, 0.5)
    heard: list[Progress] = []
    sample = on_card.generate(REQUEST, heard.append)
    assert [each.step for each in heard] == [0, 1, 2, 3, 4, 5, 6]
    assert any(each.preview is not None for each in heard)
    assert engine.num_calls == 0, "nothing was drawn here"
    assert os.getpid() not in cards.pids
    here = engine.generate(REQUEST, ignore)
    assert sample.image.tobytes() == here.image.tobytes()
    assert on_card.info == engine.info


def test_an_edit_crosses_over_with_its_picture(cards: LentCards) -> None:
    engine = FakeEngine()
    request = EditRequest(image=Image.new("RGB", (64, 48), "white"), instruction="make it blue", seed=3)
    there = ZeroGpuEngine(engine, 0.1).edit(request, ignore)
    assert there.image.tobytes() == engine.edit(request, ignore).image.tobytes()


def test_stop_reaches_the_forked_process_within_a_step(cards: LentCards) -> None:
    on_card: Engine = ZeroGpuEngine(FakeEngine(num_steps=200, step_seconds=0.02), 0.1)
    steps: list[int] = []

    def stop_at_three(progress: Progress) -> None:
        steps.append(progress.step)
        if progress.step == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        on_card.generate(REQUEST, stop_at_three)
    assert steps == [0, 1, 2, 3]
    assert isinstance(on_card.generate(GenerateRequest(prompt="x", seed=1, num_steps=2), ignore), Sample)


def test_errors_come_back_as_themselves(cards: LentCards) -> None:
    with pytest.raises(DeviceOutOfMemory, match="smaller size"):
        ZeroGpuEngine(FakeEngine(faults=[Fault.OUT_OF_MEMORY]), 0.1).generate(REQUEST, ignore)


def test_a_card_taken_back_is_told_as_a_sentence(cards: LentCards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "forked", lambda *_: iter([Progress(step=0, num_steps=8)]))
    with pytest.raises(Exception, match="taken back"):
        ZeroGpuEngine(FakeEngine(), 0.1).generate(REQUEST, ignore)


def test_time_is_asked_for_by_steps_and_pictures(cards: LentCards) -> None:
    on_card = ZeroGpuEngine(FakeEngine(), 0.5)
    for num_steps, num_pictures in ((4, 1), (4, 2), (8, 1)):
        on_card.generate(
            GenerateRequest(prompt="a", seed=1, num_steps=num_steps, num_pictures=num_pictures), ignore
        )
    assert cards.asked_seconds == [12, 14, 14]
    assert seconds_for(GenerateRequest(prompt="a", seed=1), 28, 1.0) == 38
    assert seconds_for(GenerateRequest(prompt="a", seed=1, num_steps=5_000), 28, 1.0) == MOST_SECONDS


SPACE_SECONDS = 600.0
InASpace: TypeAlias = Callable[[str], dict[str, Any]]
SPACE = [sys.executable, "-m", "tests.engines.zero_gpu_space"]


@pytest.fixture(scope="module")
def spaces() -> Iterator[subprocess.Popen[str]]:
    """Takes orders: see zero_gpu_space.py."""
    with subprocess.Popen(SPACE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield program
        finally:
            program.kill()


@pytest.fixture
def in_a_space(spaces: subprocess.Popen[str], tmp_path: Path) -> InASpace:
    """What zero_gpu_space.py found there; what it said is at "said"."""
    order, answer = spaces.stdin, spaces.stdout
    assert order is not None
    assert answer is not None

    def run(what: str) -> dict[str, Any]:
        print(json.dumps([what, str(tmp_path), free_port()]), file=order, flush=True)
        space = int(answer.readline())
        patience = threading.Timer(SPACE_SECONDS, os.killpg, (space, signal.SIGKILL))
        patience.start()
        code = answer.readline()
        patience.cancel()
        with suppress(ProcessLookupError):
            os.killpg(space, signal.SIGKILL)  # the package's forks outlive it
        said = (tmp_path / "said.txt").read_text()
        assert code == "0\n", said[-3000:]
        found: dict[str, Any] = json.loads((tmp_path / "found.json").read_text())
        return found | {"said": said}

    return run


def test_the_package_takes_our_weights_for_those_of_a_card(in_a_space: InASpace) -> None:
    found = in_a_space("weights")
    assert found["devices"] == ["cuda:0"]
    assert found["packed_bytes"] > 4 * found["numbers"] > 0, "float32, and what else stands on the card"
    assert found["left_out"]


def test_the_package_carries_calls_stops_errors_and_quotas(in_a_space: InASpace) -> None:
    found = in_a_space("calls")
    assert found["same"]
    assert found["steps"] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert found["asked"] == ["/schedule", "/allow", "/release"]
    assert found["seconds"] == 60
    assert found["stopped"]
    assert found["error"].startswith("DeviceOutOfMemory")
    assert found["used_up"].startswith("EngineError: ZeroGPU quota exceeded: You have exceeded")
    assert found["payers"] == [None, None, ["of.a.visitor"], ["of.a.visitor"]]


def test_a_lender_that_fails_is_told_as_a_sentence_and_a_bug_quotes_nobody(in_a_space: InASpace) -> None:
    found = in_a_space("failures")
    borrowed = "EngineError: No graphics card could be borrowed ("
    assert found["fails"].startswith(f"{borrowed}ZeroGPU API /schedule error: 500")
    assert found["breaks off"].startswith(borrowed)
    assert found["bug"].startswith("EngineError: Something inside the engine broke.")
    records = [json.loads(line) for line in found["said"].splitlines() if line.startswith('{"time"')]
    (bug,) = [each for each in records if each["logger"] == "engines.zero_gpu"]
    assert (bug["turn"], bug["error"].split(" at ")[0]) == ("a-turn", "ValueError")
    assert any(each["logger"].startswith("diffusers") for each in records), "libraries do not print"
    assert "xylophone" not in found["said"]


def test_who_waits_for_a_card_keeps_nobody_and_hears_stop(in_a_space: InASpace) -> None:
    found = in_a_space("waiting")
    assert found["other"] == "none"
    assert found["told"] == found["told_at_the_end"] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert found["still_waits"]
    assert found["stopped"] == ["Cancelled: Stopped."]
    assert found["asked"] == [], "no card was used for it"


def test_the_visitors_of_programs_pay_for_themselves(in_a_space: InASpace) -> None:
    found = in_a_space("doors")
    assert found["answers"] == [200, 200, 200, 200]
    assert found["payers"] == [["of.images"], None, ["of.mcp"], ["of.turns"]]


def test_a_space_that_is_told_to_end_while_it_loads_ends(tmp_path: Path) -> None:
    with subprocess.Popen([*SPACE, "ends", str(tmp_path)], stdout=subprocess.PIPE, text=True) as space:
        assert space.stdout is not None
        assert "loading\n" in iter(space.stdout.readline, "")
        space.send_signal(signal.SIGTERM)
        try:
            assert space.wait(30) == 0
        finally:
            space.kill()
