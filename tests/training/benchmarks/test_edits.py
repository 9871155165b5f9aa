from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.training.benchmarks.doubles import ScriptedRater
from training.benchmarks.benchmark import Verdict
from training.benchmarks.edit_sets import EMU_TASKS, Edit
from training.benchmarks.edits import EditBenchmark
from training.benchmarks.figures import Mark


@pytest.fixture
def edits(tmp_path: Path) -> list[Edit]:
    Image.new("RGB", (40, 20), "red").save(tmp_path / "a.png")
    return [
        Edit(index=i, id=f"{task}/{i:05}", group=task, instruction=f"do {i}", source=tmp_path / "a.png")
        for i, task in enumerate(("add", "add", "text"))
    ]


def test_the_result_is_brought_to_the_sources_size_and_the_smaller_mark_counts(edits: list[Edit]) -> None:
    rater = ScriptedRater([(9, 4), (3, 8), (6, 6)])
    benchmark = EditBenchmark(edits, rater, EMU_TASKS)
    verdict = benchmark.judge(benchmark.orders[0], Image.new("RGB", (64, 64)))
    assert rater.sizes == [((40, 20), (40, 20))]
    assert {mark.column: mark.value for mark in verdict.marks} == {
        "score": pytest.approx((4 + 3 + 6) / 3),
        "success": 6,
        "restraint": 6,
    }
    assert verdict.raw.count("said") == 3
    assert not verdict.is_good


def test_the_average_is_over_categories_and_all_edits_over_edits(edits: list[Edit]) -> None:
    benchmark = EditBenchmark(edits, None, EMU_TASKS)
    verdicts = [
        Verdict(
            file=order.file,
            subject=order.subject,
            group=order.group,
            words=order.words,
            marks=(
                Mark(column="score", value=score),
                Mark(column="success", value=9),
                Mark(column="restraint", value=9),
            ),
        )
        for order, score in zip(benchmark.orders, (2.0, 4.0, 9.0), strict=True)
    ]
    figures = {figure.name: figure for figure in benchmark.figures(verdicts)}
    assert figures["add"].mean == 3
    assert figures["text"].mean == 9
    assert figures["average"].mean == 6
    assert figures["all edits"].mean == 5
    assert "background" in figures["average"].note


def test_a_line_an_edit(tmp_path: Path, edits: list[Edit]) -> None:
    benchmark = EditBenchmark(edits, ScriptedRater([(9, 7)]), EMU_TASKS, num_seeds=2)
    assert [order.file for order in benchmark.orders[:2]] == ["add/00000.png", "add/00000-1.png"]
    verdicts = [benchmark.judge(order, Image.new("RGB", (8, 8))) for order in benchmark.orders]
    failed = Verdict(file="x", subject="x", group="add", words="x", failure="no")
    benchmark.finish(tmp_path, [*verdicts, failed])
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text("utf-8").splitlines()]
    assert len(lines) == 6
    assert lines[0] == {
        "filename": "add/00000.png",
        "task": "add",
        "instruction": "do 0",
        "score": 7,
        "success": 9,
        "restraint": 7,
    }
