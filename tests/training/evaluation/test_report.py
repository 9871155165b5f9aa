"""Means, intervals, tables, files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from training.evaluation.report import Mark, Report, Shown, Table, summarise, write_json, write_sheet


def marks(column: str, values: list[list[float]]) -> list[Mark]:
    return [
        Mark(column=column, subject=f"{column} {index}", value=value)
        for index, group in enumerate(values)
        for value in group
    ]


def test_overall_is_the_plain_mean_of_the_columns_that_count() -> None:
    row = summarise(
        "engine", [*marks("a", [[1.0]] * 10), *marks("b", [[0.0]] * 2), *marks("extra", [[0.0]])], ("a", "b")
    )
    assert row.overall.mean == 0.5
    assert row.overall.num_pictures == 12
    assert row.cells["extra"].mean == 0.0


def test_the_interval_is_about_two_standard_errors_of_the_subjects() -> None:
    row = summarise("engine", marks("a", [[0.0], [1.0]] * 50), ("a",))
    assert row.cells["a"].interval == pytest.approx(1.96 * 0.05, rel=0.15)


def test_pictures_of_one_subject_do_not_narrow_the_interval() -> None:
    once = summarise("engine", marks("a", [[0.0], [1.0]] * 8), ("a",))
    often = summarise("engine", marks("a", [[0.0] * 9, [1.0] * 9] * 8), ("a",))
    assert often.cells["a"].interval == once.cells["a"].interval


def test_no_marks_in_any_counted_column_is_an_error() -> None:
    with pytest.raises(ValueError, match="None of the columns"):
        summarise("engine", marks("extra", [[1.0]]), ("a",))


def make_report() -> Report:
    rows = (summarise("engine", [*marks("a", [[1.0]]), *marks("apart", [[0.25]])], ("a", "b")),)
    return Report(
        facts={"weights": "here"},
        tables=(Table(title="Drawing", overall_columns=("a", "b"), rows=rows),),
        judge_error={"clean": {"found": 0.99}},
        failures=["a photo of a dog: expected dog >= 1, found 0"],
    )


def test_the_table_shows_columns_overall_and_what_stands_apart() -> None:
    text = make_report().text()
    header, engine = next(
        (lines[i], lines[i + 1])
        for lines in [text.splitlines()]
        for i, line in enumerate(lines)
        if "OVERALL" in line
    )
    assert header.split() == ["a", "OVERALL", "apart"]
    assert engine.split() == ["engine", "1.00", "+-0.00", "1.00", "+-0.00", "0.25", "+-0.00"]
    assert "clean" in text
    assert "found 0.99" in text


def test_json_holds_everything(tmp_path: Path) -> None:
    write_json(make_report(), tmp_path / "new" / "scores.json")
    read = json.loads((tmp_path / "new" / "scores.json").read_text("utf-8"))
    assert read["tables"][0]["rows"][0]["cells"]["apart"]["mean"] == 0.25
    assert read["failures"] == ["a photo of a dog: expected dog >= 1, found 0"]


def test_the_sheet_marks_right_and_wrong(tmp_path: Path) -> None:
    red = Image.new("RGB", (256, 256), "red")
    shown = [
        Shown(picture=red, caption="a photo of a very long prompt that needs several lines", is_good=True),
        Shown(picture=red, caption="b", is_good=False, source=Image.new("RGB", (256, 256), "blue")),
    ]
    write_sheet(shown, tmp_path / "sheet.png")
    sheet = Image.open(tmp_path / "sheet.png").convert("RGB")
    assert sheet.getpixel((70, 143)) == (40, 160, 60)
    assert sheet.getpixel((144 + 70, 143)) == (210, 40, 40)
    assert sheet.getpixel((144 + 10, 130)) == (0, 0, 255)
