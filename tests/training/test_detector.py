"""The judge: its decoding by hand-made grids, its files, and what the shipped weights can do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training.errors import BadRecipe, CorruptCheckpoint
from training.evaluation.examples import sample_example
from training.evaluation.judge_error import error_of
from training.seeds import rng_for
from training.stickers.catalogue import BACKGROUNDS, CLASSES, COLORS, KINDS, SIGN_WORDS, STYLES, WHOLE
from training.stickers.detector import (
    GRID,
    JUDGES,
    Detection,
    Detector,
    DetectorNetwork,
    GridOutput,
    Thresholds,
    decode,
    merge_twins,
    to_input,
)

UNKNOWN, NATURAL = len(KINDS), len(COLORS)
HALF_SURE = Thresholds(confidence=0.5)


def one_peak(kind: int, color: int, heat: float = 5.0) -> GridOutput:
    """A 64 px thing whose centre lies a quarter cell right of the middle of row 4, column 10."""
    kinds = torch.zeros(1, len(KINDS) + 1, GRID, GRID)
    colors = torch.zeros(1, len(COLORS) + 1, GRID, GRID)
    heats = torch.full((1, GRID, GRID), -9.0)
    offsets = torch.zeros(1, 2, GRID, GRID)
    kinds[0, kind, 4, 10], colors[0, color, 4, 10], heats[0, 4, 10], offsets[0, 0, 4, 10] = (
        9.0,
        9.0,
        heat,
        0.25,
    )
    return GridOutput(
        heat_BHW=heats,
        kinds_BKHW=kinds,
        colors_BKHW=colors,
        words_BKHW=torch.zeros(1, len(SIGN_WORDS), GRID, GRID),
        sizes_BHW=torch.full((1, GRID, GRID), -1.3863),  # a quarter of the picture
        offsets_B2HW=offsets,
        backgrounds_BK=torch.eye(len(BACKGROUNDS))[2:3],
        styles_BK=torch.eye(len(STYLES) + 1)[:1],
        features_BC=torch.zeros(1, 64),
    )


def test_a_peak_becomes_a_thing_in_picture_pixels() -> None:
    (reading,) = decode(one_peak(CLASSES.index("dog"), tuple(COLORS).index("blue")), HALF_SURE, [2.0], WHOLE)
    (thing,) = reading.things
    assert (thing.kind, thing.color) == ("dog", "blue")
    assert (thing.x, thing.y, thing.size) == pytest.approx((172.0, 72.0, 64.0), abs=0.1)
    assert (reading.background, reading.style) == (BACKGROUNDS[2], STYLES[0])


def test_a_sign_says_its_word() -> None:
    output = one_peak(KINDS.index("sign"), NATURAL)
    output.words_BKHW[0, 3, 4, 10] = 5.0
    (sign,) = decode(output, HALF_SURE, [2.0], WHOLE)[0].things
    assert (sign.kind, sign.word) == ("sign", SIGN_WORDS[3])
    (dog,) = decode(one_peak(CLASSES.index("dog"), 0), HALF_SURE, [2.0], WHOLE)[0].things
    assert dog.word is None


def test_wide_and_tall_pictures_keep_their_proportions() -> None:
    wide = Image.new("RGB", (320, 192), (255, 0, 0))
    red = to_input([wide])[0, 0] > 0.9
    assert red.sum() == 128 * round(192 / 2.5)
    assert red[: round(192 / 2.5)].all()


def test_natural_is_no_colour() -> None:
    (reading,) = decode(one_peak(0, NATURAL), HALF_SURE, [2.0], WHOLE)
    assert reading.things[0].color is None


@pytest.mark.parametrize(
    "output", [one_peak(UNKNOWN, 0), one_peak(0, 0, heat=-1.0)], ids=["unknown", "faint"]
)
def test_unknown_and_unsure_things_are_not_reported(output: GridOutput) -> None:
    assert decode(output, HALF_SURE, [2.0], WHOLE)[0].things == ()


def test_of_two_detections_on_one_thing_the_surer_stays() -> None:
    cat, dog, far = (
        Detection(kind=kind, color=None, confidence=confidence, x=x, y=100, size=80)
        for kind, confidence, x in (("cat", 0.6, 100), ("dog", 0.8, 120), ("cat", 0.5, 200))
    )
    assert merge_twins([cat, dog, far], 0.4) == (dog, far)


def test_saved_and_loaded_it_reads_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    detector = Detector(DetectorNetwork(), Thresholds(confidence=0.001))
    detector.save(tmp_path)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8))
    again = Detector.from_pretrained(tmp_path)
    assert again.thresholds == detector.thresholds
    assert again.read([picture]) == detector.read([picture])


def test_missing_cut_or_foreign_weights_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CorruptCheckpoint, match="python -m training detector"):
        Detector.from_pretrained(tmp_path)
    Detector(DetectorNetwork(), HALF_SURE).save(tmp_path)
    weights = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(weights[:1000])
    with pytest.raises(CorruptCheckpoint):
        Detector.from_pretrained(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(weights)
    config = json.loads((tmp_path / "config.json").read_text())
    config["world"]["classes"].append("submarine")
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadRecipe, match="other classes"):
        Detector.from_pretrained(tmp_path)


def test_a_judge_of_a_part_refuses_what_it_never_saw() -> None:
    small = replace(WHOLE, classes=("cat", "dog"), signs=())
    judge = Detector(DetectorNetwork(small), HALF_SURE)
    judge.require(replace(small, classes=("dog",)))
    with pytest.raises(BadRecipe, match="knows no bus"):
        judge.require(replace(small, classes=("cat", "bus")))
    with pytest.raises(BadRecipe, match="knows no sign"):
        judge.require(replace(small, signs=("OPEN",)))


@pytest.fixture(scope="module")
def shipped() -> Detector:
    return Detector.from_pretrained(JUDGES / "starter")


def test_the_shipped_weights_are_small() -> None:
    assert (JUDGES / "starter" / "model.safetensors").stat().st_size < 2_000_000


@pytest.mark.parametrize("color", [(255, 255, 255), (0, 0, 0), (90, 160, 80)])
def test_an_empty_picture_shows_nothing(shipped: Detector, color: tuple[int, int, int]) -> None:
    assert shipped.read([Image.new("RGB", (256, 256), color)])[0].things == ()


def test_noise_shows_nothing(shipped: Detector) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (8, 256, 256, 3), np.uint8)
    assert [reading.things for reading in shipped.read([Image.fromarray(each) for each in noise])] == [()] * 8


@pytest.mark.font
def test_the_shipped_weights_read_fresh_scenes(shipped: Detector) -> None:
    examples = [
        sample_example(
            rng_for("test-detector", 0, index),
            share_of_strangers=0.0,
            is_clean=True,
            world=shipped.network.world,
        )
        for index in range(60)
    ]
    error = error_of(examples, shipped.read([example.picture for example in examples]))
    assert (error.found or 0) > 0.95
    assert (error.color or 0) > 0.95
    assert (error.background or 0) > 0.95
    assert (error.style or 0) > 0.95
    assert (error.exact or 0) > 0.85
    assert (error.place_error_px or 99) < 6


@pytest.mark.font
def test_the_shipped_weights_do_not_recognise_strangers(shipped: Detector) -> None:
    examples = [
        sample_example(
            rng_for("test-strangers", 0, index), share_of_strangers=1.0, world=shipped.network.world
        )
        for index in range(60)
    ]
    error = error_of(examples, shipped.read([example.picture for example in examples]))
    assert (1 if error.invented is None else error.invented) < 0.25
