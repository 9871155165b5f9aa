"""The comparison of students with their teacher, with tiny random weights in a world of 64 px pictures."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from engines.load_engine import STICKERS
from engines.presets import PRESETS
from engines.sizes import Size
from tests.engines.tiny import build_folder
from training.adopt import read
from training.checkpoint import save_checkpoint
from training.commands import main
from training.evaluation.compare import setups

pytestmark = pytest.mark.font
PRESET_NAMES = ("stickers-full", "stickers-dev", "stickers-fast")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_folder(tmp_path_factory.mktemp("weights"))


@pytest.fixture(autouse=True)
def _tiny_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PRESET_NAMES:
        tiny = dataclasses.replace(PRESETS[name], sizes=(Size(256, 256),), num_steps=2)
        monkeypatch.setitem(PRESETS, name, tiny)


def test_rows_are_full_the_teacher_at_the_students_steps_and_the_students(folder: Path) -> None:
    rows = {setup.name: setup for setup in setups(folder, {"without": folder})}
    assert next(iter(rows)) == "full 50, guided"
    assert list(rows)[-4:] == ["dev 28", "fast 16", "fast 14", "without"]
    teacher = rows["teacher 14 lcm, no guidance"].preset
    student = rows["fast 14"].preset
    assert (teacher.transformer, student.transformer) == ("transformer", "transformer_fast")
    assert (teacher.num_steps, teacher.sampler, teacher.shift, teacher.guidance) == (14, "lcm", 3.0, 0.0)
    assert rows["teacher 28 lcm, guided"].preset.shift == rows["dev 28"].preset.shift
    assert rows["teacher 16 unipc, guided"].preset.guidance == PRESETS["stickers-full"].guidance
    assert len(rows) == 1 + 3 * 4 + 3 + 1
    more = {setup.name: setup for setup in setups(folder, {}, {"mine": folder}, (28, 14))}
    assert (more["mine 28"].preset.shift, more["mine 14"].preset.shift) == (6.0, 3.0)
    assert [more[name].preset.num_steps for name in ("mine 28", "mine 14")] == [28, 14]


def test_students_that_are_not_there_have_no_row(tmp_path: Path) -> None:
    names = [setup.name for setup in setups(tmp_path, {})]
    assert not [name for name in names if name.startswith(("dev", "fast"))]


def test_a_row_for_each_setup_and_one_for_the_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = dataclasses.replace(PRESETS["stickers-fast"], transformer="transformer")
    monkeypatch.setitem(PRESETS, "stickers-fast", fast)
    small = ["--prompts", "1", "--seeds", "1", "--only", "full", "also"]
    files = ["--json", str(tmp_path / "a.json"), "--sheet", str(tmp_path / "a.png")]
    assert main(["compare", *small, "--also", f"also={STICKERS}", *files]) == 0
    table = json.loads((tmp_path / "a.json").read_text("utf-8"))["tables"][0]
    full, also, truth = table["rows"]
    assert [row["name"] for row in table["rows"]] == ["full 50, guided", "also", "true renders, decoded"]
    assert truth["cells"]["score"]["mean"] == 1
    assert truth["cells"]["fidelity dB"]["mean"] > full["cells"]["fidelity dB"]["mean"]
    assert truth["cells"]["distance"]["mean"] == pytest.approx(0, abs=1e-6)
    assert also["cells"]["seconds"]["mean"] > 0
    assert "sharpness" in truth["cells"]
    assert truth["cells"]["sharpness"]["mean"] == pytest.approx(1, abs=0.02)
    assert "OVERALL" not in capsys.readouterr().out


def test_a_runs_student_draws_as_the_same_weights_in_a_folder_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's averaged weights stand in the teacher's place, with nothing else changed."""
    fast = dataclasses.replace(PRESETS["stickers-fast"], sizes=(Size(256, 256),), num_steps=2)
    monkeypatch.setitem(PRESETS, "stickers-fast", fast)
    student = {f"ema/{name}": each for name, each in read(STICKERS / "transformer_fast").items()}
    save_checkpoint(tmp_path / "run" / "checkpoints", 1, student)
    flags = ["--also", f"folder={STICKERS}", "--student", f"run={tmp_path / 'run'}", "--student-steps", "2"]
    small = ["--prompts", "1", "--seeds", "1", "--only", "folder", "run", "--json", str(tmp_path / "a.json")]
    assert main(["compare", *small, *flags]) == 0
    folder, run, _ = json.loads((tmp_path / "a.json").read_text("utf-8"))["tables"][0]["rows"]
    assert (folder["name"], run["name"]) == ("folder", "run 2")
    for column in ("score", "fidelity dB", "distance"):
        assert run["cells"][column]["mean"] == pytest.approx(folder["cells"][column]["mean"], abs=1e-6)


def test_what_cannot_be_compared_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flags, sentence in (
        (["--only", "nobody"], "No row is called so: nobody"),
        (["--also", "nowhere"], "--also takes NAME=FOLDER"),
        (["--student", "x=nowhere"], "--student takes NAME=FOLDER"),
        (["--only", "y", "--student", f"y={folder}"], "no checkpoint"),
        (["--seeds", "0"], "at least 1"),
    ):
        assert main(["compare", "--weights", str(folder), *flags]) == 2
        assert sentence in capsys.readouterr().err
