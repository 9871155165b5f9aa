"""Students by command: where they begin, how their runs are called, and the four of the ablation."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
import torch

from engines.load_engine import STICKERS
from training.adopt import read
from training.checkpoint import checkpoints
from training.commands import main
from training.export import averaged_weights
from training.recipes import find_recipe
from training.stages.pretrain import SHEET_PROMPTS
from training.students import ABLATIONS, Place, student_of

pytestmark = pytest.mark.font
CHANGES = [
    "pretrain.num_scenes=8",
    "pretrain.num_other_scenes=4",
    "fast.batch_size=2",
    "fast.pool_size=4",
    "fast.critic_updates=1",
    "fast.listening_steps=1",
    "matching_loop.optim.num_steps=2",
    "matching_loop.optim.learning_rate=0.01",
    "matching_loop.optim.warmup_steps=1",
]
FLAGS = ["--threads", "1", *(f"--set={each}" for each in CHANGES)]


@pytest.fixture(autouse=True)
def _contact_sheets_of_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.stages.student.SHEET_PROMPTS", SHEET_PROMPTS[:1])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded weights as finished runs."""
    folder = tmp_path_factory.mktemp("runs")
    assert main(["adopt", "--runs", str(folder), "--weights", str(STICKERS)]) == 0
    return folder


def test_matching_goes_on_from_where_regression_left_the_student(runs: Path) -> None:
    recipe = find_recipe("stickers_cpu", CHANGES)
    shipped, teacher = read(STICKERS / "transformer_fast"), read(STICKERS / "transformer")
    said: list[str] = []
    place = Place(recipe=recipe, runs=runs / recipe.name, say=said.append)
    student = student_of("fast", recipe.fast, place, goes_on=True)
    assert all(torch.equal(p, shipped[name].to(p.dtype)) for name, p in student.parameters().items())
    student = student_of("fast", recipe.fast, place)
    assert all(torch.equal(p, teacher[name].to(p.dtype)) for name, p in student.parameters().items())
    assert not [each for each in said if "no run" in each]


def test_without_a_regression_the_student_begins_as_its_teacher(tmp_path: Path) -> None:
    assert main(["adopt", "--runs", str(tmp_path), "--weights", str(STICKERS)]) == 0
    recipe, said = find_recipe("stickers_cpu", CHANGES), list[str]()
    (tmp_path / recipe.name / "fast").rename(tmp_path / "elsewhere")
    place = Place(recipe=recipe, runs=tmp_path / recipe.name, say=said.append)
    student = student_of("fast", recipe.fast, place, goes_on=True)
    teacher = read(STICKERS / "transformer")
    assert all(torch.equal(p, teacher[name].to(p.dtype)) for name, p in student.parameters().items())
    assert "begins as its teacher" in " ".join(said)


def test_four_students_from_one_start_differ_by_their_terms(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ablate", "--runs", str(runs), *FLAGS]) == 0
    printed = capsys.readouterr().out
    folder = runs / "stickers_cpu"
    learnt = {each.suffix: averaged_weights(folder / f"fast-{each.suffix}") for each in ABLATIONS}
    assert list(learnt) == ["both", "no-adversarial", "no-matching", "neither"]
    for one, other in combinations(learnt.values(), 2):
        assert any(not torch.equal(one[name], other[name]) for name in one)
    assert f"--student no-matching={folder / 'fast-no-matching'}" in printed
    assert averaged_weights(folder / "fast").keys() == learnt["both"].keys()


def test_runs_are_called_as_asked_and_faults_are_named(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fast-matching", "--runs", str(runs), *FLAGS, "--as", "mine", "--minutes", "0"]) == 0
    assert checkpoints(runs / "stickers_cpu" / "mine" / "checkpoints")
    for flags, sentence in (
        (["--as", "../mine"], "--as takes a name"),
        (["--set=fast.weights.matching=0", "--set=fast.weights.adversarial=0"], "Both weights are 0"),
    ):
        assert main(["fast-matching", "--runs", str(runs), *FLAGS, *flags]) == 2
        assert sentence in capsys.readouterr().err
