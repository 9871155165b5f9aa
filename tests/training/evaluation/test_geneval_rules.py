"""The released scorer's rules, case by case."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.training.benchmarks.doubles import one, record, seen
from training.evaluation.geneval_rules import kept, problems, relations
from training.evaluation.prompts import from_geneval
from training.evaluation.sightings import Box, Sighting


def judged(wanted: dict[str, object], *sightings: Sighting, confidence: float = 0.3) -> str:
    def colors(asked: Sequence[Sighting]) -> list[str]:
        return [each.color or "natural" for each in asked]

    return "; ".join(problems(from_geneval(wanted), kept(sightings, confidence), colors))


def test_one_of_the_class_is_enough_and_more_do_no_harm() -> None:
    bench = record("single_object", one("bench"))
    assert judged(bench, seen("bench")) == ""
    assert judged(bench, *[seen("bench", 20 * i) for i in range(5)]) == ""
    assert judged(bench, seen("chair")) == "expected bench >= 1, found 0"


@pytest.mark.parametrize(("sure", "is_right"), [(0.3, False), (0.301, True)])
def test_the_threshold_itself_does_not_count(sure: float, is_right: bool) -> None:
    assert (judged(record("single_object", one("cat")), seen("cat", sure=sure)) == "") is is_right


def test_counting_asks_for_more_confidence_and_forbids_more() -> None:
    three = record("counting", one("cat", 3), exclude=[one("cat", 4)])
    cats = [seen("cat", 30 * i, sure=0.95) for i in range(3)]
    assert judged(three, *cats, confidence=0.9) == ""
    assert judged(three, *cats, seen("cat", 200, sure=0.89), confidence=0.9) == ""
    assert "expected cat < 4, found 4" in judged(three, *cats, seen("cat", 200, sure=0.91), confidence=0.9)
    assert "expected cat >= 3, found 2" in judged(three, *cats[:2], confidence=0.9)


def test_at_most_sixteen_of_a_class_are_kept_the_surest_first() -> None:
    found = kept([seen("cat", sure=0.5 + i / 100) for i in range(20)], 0.3)
    assert len(found["cat"]) == 16
    assert found["cat"][0].confidence == 0.69
    assert found["cat"][-1].confidence == pytest.approx(0.54)


def test_only_the_surest_are_asked_for_their_colour() -> None:
    red = record("colors", one("car", color="red"))
    sure_blue, unsure_red = seen("car", color="blue", sure=0.9), seen("car", color="red", sure=0.5)
    assert judged(red, unsure_red) == ""
    assert judged(red, unsure_red, sure_blue) == "expected red car >= 1, found 0; colours: 1 blue"


def test_two_objects_with_two_colours() -> None:
    both = record("color_attr", one("car", color="red"), one("dog", color="blue"))
    assert judged(both, seen("car", color="red"), seen("dog", color="blue")) == ""
    swapped = judged(both, seen("car", color="blue"), seen("dog", color="red"))
    assert swapped.count("expected") == 2


LEFT = record("position", one("dog"), one("cat", position=["left of", 0]))


@pytest.mark.parametrize(
    ("x", "y", "holds"),
    [(10, 50, True), (90, 50, False), (50, 10, False), (10, 90, True), (46, 50, False), (45.9, 50, False)],
)
def test_position_is_that_of_the_centres(x: float, y: float, holds: bool) -> None:
    assert (judged(LEFT, seen("dog", 50, 50), seen("cat", x, y)) == "") is holds


def test_a_reference_that_is_missing_or_of_the_wrong_colour_fails_the_position_too() -> None:
    assert "no target for cat to be left of" in judged(LEFT, seen("cat", 10, 50))
    coloured = record("position", one("dog", color="red"), one("cat", position=["left of", 0]))
    verdict = judged(coloured, seen("dog", color="blue"), seen("cat", 10, 50))
    assert "no target for cat" in verdict


def test_position_looks_at_the_surest_box_only() -> None:
    right, left = seen("cat", 90, 50, sure=0.9), seen("cat", 10, 50, sure=0.5)
    assert "found it right of it" in judged(LEFT, seen("dog"), left, right)


def test_every_pair_must_stand_as_asked() -> None:
    two = record("position", one("dog"), one("cat", 2, position=["left of", 0]))
    assert judged(two, seen("dog", 90), seen("cat", 10), seen("cat", 40)) == ""
    assert "left of" in judged(two, seen("dog", 50), seen("cat", 10), seen("cat", 90))


def box(x: float, y: float, width: float = 20, height: float = 20) -> Box:
    return Box(left=x - width / 2, top=y - height / 2, right=x + width / 2, bottom=y + height / 2)


def test_a_diagonal_gives_two_relations() -> None:
    assert relations(box(0, 0), box(100, 100)) == {"left of", "above"}
    assert relations(box(100, 0), box(0, 100)) == {"right of", "above"}


@pytest.mark.parametrize(
    ("dx", "found"), [(4.0, set()), (7.9, set()), (8.1, {"right of"}), (-8.1, {"left of"})]
)
def test_a_tenth_of_both_widths_is_cut_and_the_uncut_offset_divides(dx: float, found: set[str]) -> None:
    """(dx - 4) / dx is beyond one half from dx = 8 on, for two boxes 20 wide."""
    assert relations(box(dx, 0), box(0, 0)) == found


def test_each_direction_is_cut_by_its_own_sides() -> None:
    wide = box(30, 0, width=200), box(0, 0, width=200)
    assert relations(*wide) == set()
    assert relations(box(0, 30, width=200), box(0, 0, width=200)) == {"below"}


def test_one_centre_has_no_relation() -> None:
    assert relations(box(5, 5), box(5, 5)) == set()
