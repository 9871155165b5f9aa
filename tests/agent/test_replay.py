"""A recorded session drawn again: the same bytes, or the reason why not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from agent.domain import Artifact, Decision, DecisionStep, PictureOptions, Quality, Route
from agent.exits import Exits
from agent.record import export_session
from agent.replay import Outcome, Replayed, replay
from app import STICKERS, Settings, build_engines
from engines.api import EditRequest, Engine, GenerateRequest, OnProgress, Sample
from engines.errors import EngineError
from engines.fake import FakeEngine, Fault
from tests.doubles import Agent, ScriptedBrain, build_agent, draw, edit

ROOT = Path(__file__).parents[2]
COMPOUND = Decision(
    route=Route.GENERATE,
    steps=(
        DecisionStep(kind="generate", prompt="a red car", num_pictures=2),
        DecisionStep(kind="edit", prompt="make it blue", source="step1"),
    ),
)


class Stage:
    """An agent whose chat is exported after each message."""

    def __init__(self, folder: Path, *script: Decision, **parts: Mapping[Quality, Engine]) -> None:
        self.brain = ScriptedBrain(*script)
        self.agent: Agent = build_agent(folder, brain=self.brain, **parts)  # type: ignore[arg-type]
        self.id = self.agent.sessions.create("ann").id
        self.file = folder / "chat.zip"

    def say(self, text: str, options: PictureOptions = PictureOptions()) -> tuple[Artifact, ...]:
        [*self.agent.coordinator.run(self.id, "ann", text, (), options)]
        pieces = export_session(Exits(self.agent.sessions, self.agent.artifacts), self.id, "ann")
        self.file.write_bytes(b"".join(pieces))
        return self.agent.sessions.turns(self.id, "ann")[-1].artifacts

    def again(self, engine: Engine | None = None, turn: int | None = None) -> list[Replayed]:
        self.agent.close()
        both = {Quality.FULL: engine or FakeEngine()}
        return [*replay(self.file, engines=both, editors=both, turn=turn)]


def test_every_picture_of_a_chat_comes_out_the_same(tmp_path: Path) -> None:
    stage = Stage(tmp_path, COMPOUND)
    made = stage.say("two red cars, then blue")
    stage.brain._script = iter([edit("make it green", made[0].id)])
    stage.say("make it green", PictureOptions(seed=11))
    outcomes = stage.again()
    assert [(each.artifact.handle, each.outcome) for each in outcomes] == (
        [("#1a", Outcome.SAME), ("#1b", Outcome.SAME), ("#2", Outcome.SAME), ("#3", Outcome.SAME)]
    )
    assert {each.reason for each in outcomes} == {""}, "the files too, not only the pixels"


@pytest.mark.parametrize(("engine", "code"), [("fake", 0), ("stickers", 1)])
def test_the_command_says_a_line_a_picture_and_how_it_ended(tmp_path: Path, engine: str, code: int) -> None:
    stage = Stage(tmp_path, COMPOUND)
    stage.say("two red cars, then blue")
    stage.agent.close()
    command = [sys.executable, "app.py", "--replay", str(stage.file), "--engine", engine]
    ended = subprocess.run(
        [*command, "--data-folder", str(tmp_path / "none")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == code, ended.stderr
    lines = ended.stdout.splitlines()
    assert [line.partition(".")[0] for line in lines] == [
        f"{handle}: {'impossible' if code else 'same'}" for handle in ("#1a", "#1b", "#2")
    ]
    assert not (tmp_path / "none").exists(), "a replay keeps nothing"


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 and no more"])
def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "chat.zip"
    if content is not None:
        file.write_bytes(content)
    command = [sys.executable, "app.py", "--replay", str(file), "--engine", "fake"]
    ended = subprocess.run(
        [*command, "--data-folder", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "zip" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_one_turn_alone(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.say("a red car")
    stage.say("a blue house")
    assert [each.artifact.handle for each in stage.again(turn=2)] == ["#2"]


def test_other_weights_are_told_and_not_tried(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.say("a red car")
    other = FakeEngine(preset="other")
    (outcome,) = stage.again(other)
    assert outcome.outcome is Outcome.IMPOSSIBLE
    assert "made with fake of weights" in outcome.reason
    assert "here are other" in outcome.reason
    assert other.num_calls == 0


class Careless(FakeEngine):
    """Says it is the fake engine, and draws a line more."""

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        sample = super().generate(request, on_progress)
        ImageDraw.Draw(sample.image).line((0, 0, 127, 0), fill=(1, 2, 3))
        return sample

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        raise EngineError("This engine edits nothing.")


def test_a_difference_is_measured(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    (car,) = stage.say("a red car")
    stage.brain._script = iter([edit("make it blue", car.id)])
    stage.say("make it blue")
    changed, failed = stage.again(Careless())
    assert changed.outcome is Outcome.DIFFERENT
    assert changed.reason.startswith("0.8% of its pixels differ, by ")
    assert (failed.outcome, failed.reason) == (Outcome.IMPOSSIBLE, "This engine edits nothing.")


def test_a_failing_engine_is_told_for_its_picture_only(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.say("a red car")
    stage.say("a blue house")
    first, second = stage.again(FakeEngine(faults=[Fault.OUT_OF_MEMORY]))
    assert (first.outcome, second.outcome) == (Outcome.IMPOSSIBLE, Outcome.SAME)
    assert "memory" in first.reason


def test_the_embedded_weights_draw_and_change_the_same_again(tmp_path: Path) -> None:
    engines = build_engines(Settings(weights=STICKERS))
    stage = Stage(tmp_path, draw("a red car"), engines=engines.painters, editors=engines.editors)
    (car,) = stage.say("a red car", PictureOptions(quality=Quality.FAST))
    stage.brain._script = iter([edit("make the car blue", car.id)])
    stage.say("make the car blue")
    stage.agent.close()
    outcomes = [*replay(stage.file, engines=engines.painters, editors=engines.editors)]
    engines.close()
    assert [each.outcome for each in outcomes] == [Outcome.SAME] * 2, outcomes


def test_nothing_of_a_replay_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    stage = Stage(tmp_path)
    stage.say("a red car")
    stage.again()
    assert [*scratch.iterdir()] == []
    with Image.open(next(stage.agent.artifacts.folder.rglob("*.png"))) as image:
        assert image.size == (128, 128)
