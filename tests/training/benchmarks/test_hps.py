from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.benchmarks.benchmark import Verdict
from training.benchmarks.errors import BadPrompts
from training.benchmarks.figures import Mark
from training.benchmarks.hps import HPS, STYLES, StylePrompt, read_styles


class Lengths:
    """The longer the words the better."""

    name, version = "lengths", "1"

    def score(self, picture: Image.Image, words: str) -> float:
        return float(len(words))


def prompts(count: int) -> list[StylePrompt]:
    return [StylePrompt(style=s, index=i, words="x" * (i + 1)) for s in STYLES for i in range(count)]


def test_folders_and_names_of_the_original() -> None:
    files = [order.file for order in HPS(prompts(2), None).orders]
    assert files[:3] == ["anime/00000.jpg", "anime/00001.jpg", "concept-art/00000.jpg"]
    assert HPS(prompts(1), None, suffix=".png").orders[0].file == "anime/00000.png"
    assert len({order.seeds for order in HPS(prompts(800), None).orders}) == 3200


def test_a_style_is_a_mean_of_ten_groups_of_eighty_with_their_deviation() -> None:
    benchmark = HPS(prompts(800), Lengths())
    picture = Image.new("RGB", (4, 4))
    figures = {f.name: f for f in benchmark.figures([benchmark.judge(o, picture) for o in benchmark.orders])}
    assert figures["overall"].mean == 400.5
    assert figures["overall"].num_values == 3200
    deviation = np.std([80 * group + 40.5 for group in range(10)])
    assert figures["photo"].note == f"10 groups of 80: 400.50, deviation {deviation:.4f}"


def test_fewer_than_a_group_have_no_deviation() -> None:
    benchmark = HPS(prompts(3), Lengths())
    verdicts = [benchmark.judge(order, Image.new("RGB", (4, 4))) for order in benchmark.orders]
    assert [figure.note for figure in benchmark.figures(verdicts)] == [""] * 5


def test_with_compat_a_missing_picture_is_scored_as_the_next() -> None:
    benchmark = HPS(prompts(4), Lengths())
    gone = {"anime/00001.jpg", "anime/00002.jpg", "photo/00003.jpg"} | {
        f"paintings/{i:05}.jpg" for i in range(4)
    }
    scored = [order.file for order in benchmark.present(lambda order: order.file not in gone)]
    assert scored[:4] == ["anime/00000.jpg", "anime/00003.jpg", "anime/00003.jpg", "anime/00003.jpg"]
    assert scored[-1] == "photo/00000.jpg"
    assert not any(file.startswith("paintings") for file in scored)
    assert HPS(prompts(4), Lengths(), suffix=".png").present(lambda order: True) == []


def test_a_line_a_picture(tmp_path: Path) -> None:
    benchmark = HPS(prompts(1), Lengths())
    verdict = benchmark.judge(benchmark.orders[0], Image.new("RGB", (4, 4)))
    lost = Verdict(file="b", subject="b", group="photo", words="b", failure="no")
    benchmark.finish(tmp_path, [verdict, lost])
    assert verdict.marks == (Mark(column="anime", value=1.0),)
    line = json.loads((tmp_path / "results.jsonl").read_text("utf-8"))
    assert line == {"filename": "anime/00000.jpg", "prompt": "x", "score": 1.0}


def test_the_four_lists(tmp_path: Path) -> None:
    files = [tmp_path / f"{style}.json" for style in STYLES]
    for file in files:
        file.write_text(json.dumps([f"{file.stem} one", "two"]), "utf-8")
    read = read_styles(files)
    assert [prompt.id for prompt in read[:2]] == ["anime/00000", "anime/00001"]
    assert read[-2].words == "photo one"
    for bad, why in (
        ("{", "no JSON"),
        ("{}", "no list"),
        ('["a", " "]', "entry 1 is no prompt"),
        ("[]", "no list"),
    ):
        files[2].write_text(bad, "utf-8")
        with pytest.raises(BadPrompts, match=why):
            read_styles(files)
