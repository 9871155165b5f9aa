from __future__ import annotations

import numpy as np
import pytest

from training.benchmarks.figures import draws_of, figure_of, mean_of_draws


def test_the_mean_is_over_all_values_and_the_interval_over_subjects() -> None:
    figure = figure_of("f", draws_of({"a": [1, 1, 1], "b": [0]}), scale=100)
    assert figure.mean == 75
    assert (figure.low, figure.high) == (0, 100)
    assert (figure.num_values, figure.num_subjects) == (4, 2)


def test_the_interval_is_that_of_a_share_over_independent_prompts() -> None:
    """For 400 prompts at one half a normal interval reaches 1.96 * 0.5 / 20 to either side."""
    figure = figure_of("f", draws_of({str(index): [index % 2] for index in range(400)}))
    assert figure.mean == 0.5
    np.testing.assert_allclose([figure.low, figure.high], [0.451, 0.549], atol=0.006)


def test_more_pictures_of_the_same_prompts_do_not_narrow_it() -> None:
    few = figure_of("f", draws_of({str(index): [index % 2] for index in range(40)}))
    many = figure_of("f", draws_of({str(index): [index % 2] * 9 for index in range(40)}))
    assert (many.low, many.high) == (few.low, few.high)


def test_the_mean_of_means_is_unweighted() -> None:
    whole = mean_of_draws([draws_of({"a": [1.0]}), draws_of({str(i): [0.0] for i in range(9)})])
    assert whole.mean == 0.5
    assert whole.num_subjects == 10


def test_one_prompt_has_no_interval_nor_has_a_mean_with_it() -> None:
    lone, pair = draws_of({"a": [1, 0]}), draws_of({"a": [1], "b": [0]})
    assert figure_of("f", lone).low is None
    assert figure_of("f", pair).low is not None
    whole = figure_of("f", mean_of_draws([lone, pair]))
    assert (whole.mean, whole.low, whole.high) == (0.5, None, None)


def test_no_values_have_no_mean() -> None:
    with pytest.raises(ValueError, match="nothing"):
        draws_of({})
    with pytest.raises(ValueError, match="nothing"):
        mean_of_draws([])
