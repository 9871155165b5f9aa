from __future__ import annotations

import pytest
from PIL import Image

from tests.training.benchmarks.doubles import one, record
from training.benchmarks.objects import Box, StickersJudge
from training.evaluation.prompts import from_geneval
from training.stickers.detector import Detection, Detector, Reading


class Seeing(Detector):
    """A detector that sees the same in every picture."""

    def __init__(self, *things: Detection) -> None:
        self.things = things

    def read(self, pictures: object, batch_size: int = 64) -> list[Reading]:
        return [Reading(things=self.things, background="plain", style=None)]


def thing(kind: str, color: str | None) -> Detection:
    return Detection(kind=kind, color=color, confidence=0.7, x=128, y=64, size=32)


@pytest.mark.parametrize(("side", "scale"), [(256, 1), (512, 2)])
def test_boxes_are_in_the_pictures_own_pixels(side: int, scale: int) -> None:
    found = StickersJudge(Seeing(thing("cat", "red"))).find(Image.new("RGB", (side, side)))
    assert found[0].box == Box(left=112 * scale, top=48 * scale, right=144 * scale, bottom=80 * scale)
    assert (found[0].kind, found[0].confidence, found[0].color) == ("cat", 0.7, "red")


def test_colours_are_the_detectors_own() -> None:
    """A heart is red by nature."""
    judge = StickersJudge(Seeing(thing("cat", "red"), thing("cat", None), thing("heart", None)))
    picture = Image.new("RGB", (256, 256))
    assert judge.colors(picture, judge.find(picture)) == ["red", "natural", "red"]


def test_it_judges_what_the_small_world_knows() -> None:
    judge = StickersJudge(Seeing())
    assert judge.can_judge(from_geneval(record("colors", one("cat", color="red"))))
    assert not judge.can_judge(from_geneval(record("colors", one("no such thing"))))
    assert (judge.confidence.plain, judge.confidence.counting) == (0, 0)
