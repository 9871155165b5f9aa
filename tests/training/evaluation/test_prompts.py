"""Records: GenEval's file and our own, and their true scenes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.training.evaluation.oracle import read
from training.errors import BadRecipe
from training.evaluation.editing import own_edits
from training.evaluation.geneval import judge
from training.evaluation.prompts import EXTRA_TASKS, TASKS, Wanted, own_prompts, read_geneval
from training.evaluation.truth import true_scene
from training.seeds import rng_for
from training.stickers.catalogue import World
from training.stickers.words import build_tokenizer

LINES = [
    {"tag": "single_object", "include": [{"class": "dog", "count": 1}], "prompt": "a photo of a dog"},
    {"tag": "single_object", "include": [{"class": "okapi", "count": 1}], "prompt": "a photo of an okapi"},
    {
        "tag": "counting",
        "include": [{"class": "cup", "count": 3}],
        "exclude": [{"class": "cup", "count": 4}],
        "prompt": "a photo of three cups",
    },
    {"tag": "colors", "include": [{"class": "cat", "count": 1, "color": "beige"}], "prompt": "a beige cat"},
    {
        "tag": "position",
        "include": [{"class": "car", "count": 1}, {"class": "dog", "count": 1, "position": ["left of", 0]}],
        "prompt": "a photo of a dog left of a car",
    },
]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_geneval_records_that_fit_the_world_are_read(tmp_path: Path) -> None:
    prompts = read_geneval(write(tmp_path / "records.jsonl", [json.dumps(line) for line in LINES]))
    assert [prompt.prompt for prompt in prompts] == [
        "a photo of a dog",
        "a photo of three cups",
        "a photo of a dog left of a car",
    ]
    assert prompts[1].exclude == (Wanted(kind="cup", count=4),)
    assert prompts[2].include[1] == Wanted(kind="dog", relation="left of", anchor=0)


@pytest.mark.parametrize("line", ["not json", "{}", '{"tag": 1, "prompt": "x", "include": [{}]}', "[1]"])
def test_another_file_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadRecipe, match="line 1"):
        read_geneval(write(tmp_path / "records.jsonl", [line]))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="cannot be read"):
        read_geneval(tmp_path / "none.jsonl")


def test_own_prompts_depend_on_the_seed_alone_and_do_not_repeat() -> None:
    prompts = own_prompts(10, seed=3)
    assert prompts == own_prompts(10, seed=3)
    assert prompts != own_prompts(10, seed=4)
    assert len(prompts) == 10 * len(TASKS + EXTRA_TASKS)
    assert len({(prompt.tag, prompt.prompt) for prompt in prompts}) == len(prompts)


def test_held_out_prompts_are_flagged() -> None:
    flags = {prompt.tag: prompt.is_held_out for prompt in own_prompts(5, seed=0)}
    assert flags["held_out"]
    assert not flags["single_object"]


@pytest.mark.parametrize("prompt", own_prompts(6, seed=1), ids=lambda prompt: prompt.prompt)
def test_a_true_scene_is_judged_right(prompt) -> None:  # type: ignore[no-untyped-def]
    scene = true_scene(prompt, rng_for("test-truth", 0, 0))
    assert judge(prompt, read(scene)).reason == ""


def test_true_scenes_of_other_prompts_are_judged_wrong() -> None:
    for task in TASKS:
        prompts = own_prompts(8, seed=2, tasks=(task,))
        scenes = [true_scene(prompt, rng_for("test-truth", 0, 0)) for prompt in prompts]
        wrong = [judge(prompt, read(scene)) for prompt, scene in zip(prompts[1:], scenes, strict=False)]
        assert sum(verdict.is_correct for verdict in wrong) <= 1


def test_the_engines_know_every_word_they_are_asked() -> None:
    """Or a score would measure the vocabulary."""
    tokenizer = build_tokenizer()
    asked = [prompt.prompt for prompt in own_prompts(40, seed=0)]
    asked += [edit.instruction for edit in own_edits(20, seed=0)]
    unknown = [words for words in asked if tokenizer.unk_token_id in tokenizer(words).input_ids]
    assert unknown == []


def test_a_small_part_of_the_world_is_asked_what_it_holds() -> None:
    dogs = World(
        classes=("dog",), colors=("red",), backgrounds=("plain",), styles=(), signs=(), shapes=("square",)
    )
    assert {prompt.tag for prompt in own_prompts(3, seed=0, world=dogs)} <= {
        "single_object",
        "counting",
        "colors",
        "held_out",
    }
