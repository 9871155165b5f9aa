from __future__ import annotations

from agent.pace import NUM_REMEMBERED, Pace, begins_in


def test_nothing_is_expected_before_anything_was_seen() -> None:
    assert Pace().expected("drawing") is None


def test_a_kind_is_expected_to_take_what_it_took_of_late() -> None:
    pace = Pace()
    for seconds in (100.0, 4.0, 6.0):
        pace.took("drawing", seconds)
    pace.took("words", 1.0)
    assert pace.expected("drawing") == 6.0
    assert pace.expected("words") == 1.0
    for _ in range(NUM_REMEMBERED):
        pace.took("drawing", 2.0)
    assert pace.expected("drawing") == 2.0


def test_a_new_kind_is_expected_to_take_as_long_as_any() -> None:
    pace = Pace()
    pace.took("drawing", 2.0)
    pace.took("words", 4.0)
    assert pace.expected("change") == 3.0


def test_one_more_begins_when_the_first_place_is_free() -> None:
    assert begins_in([], 1) == 0.0
    assert begins_in([4.0, 6.0], 1) == 10.0
    assert begins_in([4.0, 6.0], 3) == 0.0
    assert begins_in([4.0, 6.0, 3.0], 2) == 6.0
