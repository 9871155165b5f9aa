from __future__ import annotations

import pytest

from training.benchmarks.benchmark import needed, picture_seed
from training.benchmarks.errors import JudgeUnavailable


def test_no_two_pictures_share_a_seed() -> None:
    seeds = {
        picture_seed(seed, index, number) for seed in (0, 1) for index in range(3200) for number in range(4)
    }
    assert len(seeds) == 2 * 3200 * 4
    assert picture_seed(0, 7, 2) == 10_000_702


def test_a_judge_that_is_not_there_is_asked_for() -> None:
    assert needed("judge") == "judge"
    with pytest.raises(JudgeUnavailable, match="only draws"):
        needed(None)
