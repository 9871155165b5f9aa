from __future__ import annotations

import pytest

from training.benchmarks.published import PUBLISHED, YARDSTICK
from training.benchmarks.setup import BENCHMARKS
from training.evaluation.prompts import TASKS


def test_the_reports_overall_is_the_mean_of_its_six_tasks() -> None:
    """So our overall, computed the same way, stands beside the right number."""
    row = PUBLISHED["geneval"]
    assert set(row) == {"overall", *TASKS}
    assert sum(row[task] for task in TASKS) / 6 == pytest.approx(row["overall"], abs=0.005)


def test_every_figure_belongs_to_a_benchmark_and_names_its_model() -> None:
    assert set(PUBLISHED) == set(YARDSTICK) <= set(BENCHMARKS)
