import pytest

from agent.brains.english_scenes import inner_order, is_order_for_it, kept_wish, scene


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("draw a cat, no wait, a dog", "draw a dog"),
        ("make it blue. actually no, red", "make it red"),
        ("remove the hat, i mean undo that", "undo that"),
        ("draw a cat, no dogs", "draw a cat, no dogs"),
    ],
)
def test_what_is_taken_back_is_gone(said: str, kept: str) -> None:
    assert kept_wish(said) == kept


def test_a_scene_told_first_is_found() -> None:
    assert scene("I keep picturing an elephant on a balloon") == "an elephant on a balloon"
    assert scene("I had a long day") == ""


def test_orders_without_an_object_of_their_own() -> None:
    assert is_order_for_it("make that real")
    assert is_order_for_it("draw it")
    assert not is_order_for_it("draw it blue")


@pytest.mark.parametrize(
    ("clause", "order"),
    [
        ("I would be glad if you found time to paint an old castle", "paint an old castle"),
        ("I want to learn how to draw a cat", ""),
        ("he asked me to draw a cat", ""),
        ("would you be up to drawing a dragon", "draw a dragon"),
    ],
)
def test_the_order_inside_a_courtesy(clause: str, order: str) -> None:
    assert inner_order(clause) == order
