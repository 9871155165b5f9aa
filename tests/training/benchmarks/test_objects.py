from __future__ import annotations

import pytest
import torch
from PIL import Image

from tests.training.benchmarks.doubles import one, record
from training.benchmarks.objects import StickersJudge
from training.evaluation.prompts import from_geneval
from training.evaluation.sightings import Box
from training.stickers.catalogue import World
from training.stickers.detector import Detection, Detector, DetectorNetwork, Reading, Thresholds


class Seeing(Detector):
    """A detector that sees the same in every picture."""

    def __init__(self, *things: Detection) -> None:
        super().__init__(DetectorNetwork(), Thresholds(confidence=0.3))
        self.things = things

    def read(self, pictures: object, batch_size: int = 64) -> list[Reading]:
        return [Reading(things=self.things, background="plain", style=None)]


def thing(kind: str, color: str | None) -> Detection:
    return Detection(kind=kind, color=color, confidence=0.7, x=128, y=64, size=32)


def test_a_thing_is_a_square_around_its_centre() -> None:
    found = StickersJudge(Seeing(thing("cat", "red")), "hash").find(Image.new("RGB", (256, 256)))
    assert found[0].box == Box(left=112, top=48, right=144, bottom=80)
    assert (found[0].kind, found[0].confidence, found[0].color) == ("cat", 0.7, "red")


def test_boxes_are_in_the_pictures_own_pixels() -> None:
    """An untrained network sees the same in a flat picture of any size, at another scale."""
    torch.manual_seed(0)
    judge = StickersJudge(Detector(DetectorNetwork(), Thresholds(confidence=0.0)), "hash")
    small, large = (judge.find(Image.new("RGB", (side, side), "white")) for side in (128, 512))
    assert small
    for one_box, other in zip((each.box for each in small), (each.box for each in large), strict=True):
        assert other.left == pytest.approx(4 * one_box.left, abs=1e-3)
        assert other.bottom == pytest.approx(4 * one_box.bottom, abs=1e-3)


def test_colours_are_the_detectors_own() -> None:
    """A heart is red by nature."""
    judge = StickersJudge(Seeing(thing("car", "red"), thing("car", None), thing("heart", None)), "hash")
    picture = Image.new("RGB", (256, 256))
    assert judge.colors(picture, judge.find(picture)) == ["red", "natural", "red"]


def test_it_judges_what_the_small_world_knows() -> None:
    judge = StickersJudge(Seeing(), "hash")
    assert judge.can_judge(from_geneval(record("colors", one("cat", color="red"))))
    assert not judge.can_judge(from_geneval(record("colors", one("no such thing"))))
    small = StickersJudge(
        Detector(DetectorNetwork(World(classes=("dog",))), Thresholds(confidence=0)), "hash"
    )
    assert not small.can_judge(from_geneval(record("colors", one("cat", color="red"))))
    assert (judge.confidence.plain, judge.confidence.counting) == (0, 0)
