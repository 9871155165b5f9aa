"""Versions of a picture, whoever came from whom."""

from __future__ import annotations

from agent.domain import Artifact
from tests.ui.pieces import a_picture
from ui.family import ancestors, family


def from_(number: int, *parents: int) -> Artifact:
    return a_picture(number).model_copy(update={"parents": tuple(a_picture(each).id for each in parents)})


PICTURES = [from_(1), from_(2, 1), from_(3, 1), from_(4, 3), from_(5)]


def test_a_family_has_all_branches_and_nobody_else() -> None:
    for member in PICTURES[:4]:
        assert [each.number for each in family(member, PICTURES)] == [1, 2, 3, 4]
    assert [each.number for each in family(PICTURES[4], PICTURES)] == [5]


def test_parents_that_are_not_shown_still_join_their_children() -> None:
    assert [each.number for each in family(PICTURES[1], PICTURES[1:3])] == [2, 3]


def test_ancestors_reach_over_generations() -> None:
    assert ancestors(PICTURES[3], PICTURES) == {PICTURES[0].id, PICTURES[2].id}
