from __future__ import annotations

import random
from collections import Counter

import pytest

from agent.line import Line


def line_of(*owners: str) -> Line[str]:
    """Each item is its owner and a number: a1, a2, b1."""
    line, counts = Line[str](), Counter[str]()
    for owner in owners:
        counts[owner] += 1
        line.join(owner, f"{owner}{counts[owner]}")
    return line


def test_owners_take_turns_and_each_keeps_its_own_order() -> None:
    line = line_of("a", "a", "a", "b", "c", "b")
    order = line.order()
    assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert [line.take() for _ in order] == order
    assert len(line) == 0
    with pytest.raises(IndexError):
        line.take()


def test_who_comes_is_served_before_the_one_served_last_and_after_those_who_wait() -> None:
    line = line_of("a", "a", "b")
    assert line.take() == "a1"
    line.join("c", "c1")
    assert line.order() == ["b1", "c1", "a2"]
    line.join("d", "d1")
    assert line.order() == ["b1", "c1", "d1", "a2"]


def test_nobody_waits_for_ever_while_others_keep_coming() -> None:
    line = line_of("a", "a")
    line.take()
    for number in range(3):
        line.join(f"new{number}", "x")
    assert line.order().index("a2") == 3
    served = []
    for number in range(3, 20):
        served.append(line.take())
        line.join(f"new{number}", "x")
    assert served.index("a2") <= 4


def test_who_leaves_gives_its_place_up() -> None:
    line = line_of("a", "a", "b")
    line.leave("a", "a1")
    line.leave("b", "b1")
    assert line.order() == ["a2"]
    with pytest.raises(ValueError, match="not in"):
        line.leave("b", "b1")
    line.join("b", "b2")
    assert line.order() == ["a2", "b2"]


@pytest.mark.parametrize("seed", range(20))
def test_the_order_told_is_the_order_served(seed: int) -> None:
    dice, line, waiting = random.Random(seed), Line[str](), list[tuple[str, str]]()
    for number in range(300):
        owner = dice.choice("aaaabcd")
        match dice.choice(["join", "join", "take", "leave"]):
            case "join":
                waiting.append((owner, f"{owner}{number}"))
                line.join(*waiting[-1])
            case "take" if waiting:
                told = line.order()
                taken = line.take()
                assert taken == told[0]
                assert line.order() == told[1:]
                assert taken == next(item for who, item in waiting if who == taken[0])
                waiting.remove((taken[0], taken))
            case "leave" if waiting:
                line.leave(*waiting.pop(dice.randrange(len(waiting))))
        assert sorted(line.order()) == sorted(item for _, item in waiting)


def test_shares_are_equal_however_much_one_asks_for() -> None:
    """One who always has fifty in line, and four who ask again when they are served."""
    line, served = Line[str](), Counter[str]()
    modest = ("b", "c", "d", "e")
    for owner in ("a",) * 50 + modest:
        line.join(owner, owner)
    for _ in range(500):
        owner = line.take()
        served[owner] += 1
        line.join(owner, owner)
    assert max(served.values()) - min(served.values()) <= 1, served
