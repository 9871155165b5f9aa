"""Weights are judged by a detector that knows what they know."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engines.load_engine import STICKERS
from training.errors import BadRecipe
from training.evaluation import judge
from training.evaluation.geneval import judge as judged_right
from training.evaluation.judge import judge_of
from training.evaluation.prompts import own_prompts
from training.evaluation.truth import true_scene
from training.seeds import rng_for
from training.stickers.catalogue import STARTER, WHOLE, World, vocabulary_of
from training.stickers.detector import Detector, DetectorNetwork, Thresholds
from training.stickers.render import render


def write_judge(folder: Path, world: World) -> None:
    Detector(DetectorNetwork(world), Thresholds(confidence=0.5)).save(folder)
    (folder / "report.json").write_text(json.dumps({"held_out": {"clean": folder.name}}), "utf-8")


def weights_that_know(folder: Path, world: World) -> Path:
    folder.mkdir()
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary_of(world)), "utf-8")
    return folder


@pytest.fixture
def judges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_judge(tmp_path / "judges" / "starter", STARTER)
    write_judge(tmp_path / "judges" / "whole", WHOLE)
    monkeypatch.setattr(judge, "JUDGES", tmp_path / "judges")
    return tmp_path / "judges"


def test_the_smallest_judge_that_knows_enough_is_taken(judges: Path, tmp_path: Path) -> None:
    few = replace(STARTER, classes=("dog", "cat"))
    more = replace(STARTER, classes=("dog", "giraffe"))
    assert judge_of(weights_that_know(tmp_path / "few", few)).error == {"clean": "starter"}
    chosen = judge_of(weights_that_know(tmp_path / "more", more))
    assert (chosen.error, chosen.world.classes) == ({"clean": "whole"}, ("dog", "giraffe"))


def test_a_judge_that_knows_too_little_is_refused(judges: Path, tmp_path: Path) -> None:
    weights = weights_that_know(tmp_path / "more", replace(STARTER, classes=("dog", "giraffe")))
    with pytest.raises(BadRecipe, match="knows no giraffe"):
        judge_of(weights, judges / "starter")
    assert judge_of(weights, judges / "whole").detector.knows(WHOLE)


def test_what_is_not_there_is_said(judges: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRecipe, match="not a folder of weights"):
        judge_of(tmp_path / "none")
    monkeypatch.setattr(judge, "JUDGES", tmp_path / "empty")
    with pytest.raises(BadRecipe, match="no judge"):
        judge_of(weights_that_know(tmp_path / "few", STARTER))


def test_the_shipped_weights_have_a_shipped_judge() -> None:
    assert judge_of(STICKERS).detector.knows(judge_of(STICKERS).world)


@pytest.mark.font
def test_the_judge_of_the_whole_world_reads_true_renders_right() -> None:
    detector = Detector.from_pretrained(judge.JUDGES / "whole")
    prompts = own_prompts(8, seed=11)
    truth = [
        render(true_scene(prompt, rng_for("test-whole-judge", 0, i))) for i, prompt in enumerate(prompts)
    ]
    verdicts = zip(prompts, detector.read(truth), strict=True)
    right = [judged_right(prompt, reading).is_correct for prompt, reading in verdicts]
    assert sum(right) / len(right) > 0.9
