from __future__ import annotations

import os
from pathlib import Path

import pytest

from training.benchmarks.errors import RunDiffers
from training.benchmarks.figures import draws_of, figure_of
from training.benchmarks.summary import SUMMARY_FILE, Summary, read_summary, table, write_summary


def summary(title: str = "fast", mean: float = 0.5, benchmark: str = "geneval") -> Summary:
    return Summary(
        benchmark=benchmark,
        title=title,
        facts={"steps": 16, "size": None},
        figures=(figure_of("overall", draws_of({"a": [mean], "b": [mean]}), note="n"),),
        num_pictures=4,
        num_failed=1,
    )


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_summary(summary(), tmp_path / "judged" / "a-1")
    assert read_summary(tmp_path, "geneval") == summary()
    assert read_summary(tmp_path / "judged" / "a-1", "geneval") == summary()


def test_of_several_judges_the_newest_counts(tmp_path: Path) -> None:
    write_summary(summary(mean=0.1), tmp_path / "judged" / "a-1")
    write_summary(summary(mean=0.9), tmp_path / "judged" / "b-2")
    os.utime(tmp_path / "judged" / "a-1" / SUMMARY_FILE, (2e9, 2e9))
    assert read_summary(tmp_path, "geneval").figures[0].mean == pytest.approx(0.1)


def test_what_cannot_stand_beside_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDiffers, match="holds no judged run"):
        read_summary(tmp_path, "geneval")
    write_summary(summary(benchmark="dpg"), tmp_path)
    with pytest.raises(RunDiffers, match="a run of dpg"):
        read_summary(tmp_path, "geneval")
    (tmp_path / SUMMARY_FILE).write_text("{}", "utf-8")
    with pytest.raises(RunDiffers, match="judge that run again"):
        read_summary(tmp_path, "geneval")


def test_runs_side_by_side_with_the_yardstick() -> None:
    text = table([summary(), summary("full", 0.75)], "published", {"overall": 0.83})
    head, row = text.splitlines()
    assert head.split() == ["fast", "full", "published"]
    assert row.split() == ["overall", "0.50", "[0.50,", "0.50]", "0.75", "[0.75,", "0.75]", "0.83"]
