from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.training.benchmarks.doubles import ScriptedObjects, one, record, seen, write_geneval
from training.benchmarks.errors import BadPrompts, JudgeUnavailable
from training.benchmarks.geneval import GenEval, Record, read_records

PICTURE = Image.new("RGB", (100, 100))


@pytest.fixture
def records(tmp_path: Path) -> list[Record]:
    file = write_geneval(
        tmp_path / "a.jsonl",
        record("single_object", one("cat"), prompt="a photo of a cat"),
        record("single_object", one("dog"), prompt="a photo of a dog"),
        record("counting", one("cat", 2), exclude=[one("cat", 3)], prompt="a photo of two cats"),
        record("colors", one("cat", color="red"), prompt="a photo of a red cat"),
        record(
            "position", one("dog"), one("cat", position=["above", 0]), prompt="a photo of a cat above a dog"
        ),
    )
    return read_records(file)


def test_the_originals_folders(tmp_path: Path, records: list[Record]) -> None:
    benchmark = GenEval(records, None, num_seeds=2)
    assert [order.file for order in benchmark.orders[:3]] == [
        "00000/samples/0000.png",
        "00000/samples/0001.png",
        "00001/samples/0000.png",
    ]
    benchmark.prepare(tmp_path)
    metadata = json.loads((tmp_path / "00004" / "metadata.jsonl").read_text("utf-8"))
    assert metadata["include"][1]["position"] == ["above", 0]


def test_every_picture_has_a_seed_of_its_own_that_a_limit_does_not_change(records: list[Record]) -> None:
    everything = {order.file: order.seeds for order in GenEval(records, None).orders}
    some = {order.file: order.seeds for order in GenEval(records, None, limit=2).orders}
    assert len(set(everything.values())) == len(everything) == 20
    assert some.items() <= everything.items()
    assert {file[:5] for file in some} == {"00000", "00002"}
    other = {order.seeds for order in GenEval(records, None, seed=1).orders}
    assert not other & set(everything.values())


def test_counting_takes_the_judges_second_threshold(records: list[Record]) -> None:
    benchmark = GenEval(records, ScriptedObjects([seen("cat", 10, sure=0.8), seen("cat", 60, sure=0.8)]))
    verdicts = {order.subject: benchmark.judge(order, PICTURE) for order in benchmark.orders}
    assert verdicts["00000"].is_good
    assert not verdicts["00002"].is_good
    assert verdicts["00002"].reason == "expected cat >= 2, found 0"


def test_scores_are_task_means_and_their_unweighted_mean(records: list[Record]) -> None:
    judge = ScriptedObjects([seen("cat", color="red")])
    benchmark = GenEval(records, judge, num_seeds=4)
    figures = {
        f.name: f for f in benchmark.figures([benchmark.judge(order, PICTURE) for order in benchmark.orders])
    }
    assert figures["single_object"].mean == 0.5
    assert figures["colors"].mean == 1
    assert figures["counting"].mean == 0
    assert figures["position"].mean == 0
    assert figures["overall"].mean == pytest.approx((0.5 + 1 + 0 + 0) / 4)
    assert figures["pictures right"].mean == pytest.approx(2 / 5)
    assert "two_object, color_attr" in figures["overall"].note


def test_a_prompt_counts_as_right_when_any_of_its_pictures_is(records: list[Record]) -> None:
    benchmark = GenEval(records[:1], ScriptedObjects([seen("cat")]))
    blind = GenEval(records[:1], ScriptedObjects([]))
    verdicts = [blind.judge(order, PICTURE) for order in blind.orders[:3]]
    verdicts.append(benchmark.judge(benchmark.orders[3], PICTURE))
    figures = {figure.name: figure.mean for figure in benchmark.figures(verdicts)}
    assert figures["pictures right"] == 0.25
    assert figures["prompts with a right picture"] == 1


def test_result_lines_in_the_originals_format(tmp_path: Path, records: list[Record]) -> None:
    benchmark = GenEval(records[:1], ScriptedObjects([seen("cat")]), num_seeds=1)
    benchmark.finish(tmp_path, [benchmark.judge(benchmark.orders[0], PICTURE)])
    line = json.loads((tmp_path / "results.jsonl").read_text("utf-8"))
    assert set(line) == {"filename", "tag", "prompt", "correct", "reason", "metadata", "details"}
    assert line["correct"] is True
    assert json.loads(line["metadata"])["tag"] == "single_object"
    assert json.loads(line["details"]) == {"cat": [[40, 40, 60, 60, 0.95]]}


def test_prompts_the_judge_does_not_know_are_left_out(tmp_path: Path) -> None:
    file = write_geneval(
        tmp_path / "a.jsonl",
        record("colors", one("cat"), prompt="an unknown thing"),
        record("colors", one("cat"), prompt="a cat"),
    )
    benchmark = GenEval(read_records(file), ScriptedObjects([]), num_seeds=1)
    assert [order.file for order in benchmark.orders] == ["00001/samples/0000.png"]
    assert (benchmark.num_all, benchmark.num_fitting) == (2, 1)
    with pytest.raises(BadPrompts, match="what the judge knows"):
        GenEval(read_records(file)[:1], ScriptedObjects([]))


@pytest.mark.parametrize(
    "bad",
    [
        {"tag": "colors", "prompt": "x"},
        record("colors"),
        record("position", one("cat", position=["left of", 0])),
        record("position", one("cat"), one("dog", position=["beside", 0])),
        record("counting", one("cat", 0)),
        record("colors", one("cat"), exclude=[{"count": 1}]),
        ["no record"],
    ],
)
def test_a_malformed_record_is_named_by_its_line(tmp_path: Path, bad: dict[str, object]) -> None:
    file = write_geneval(tmp_path / "a.jsonl", record("colors", one("cat")), bad)
    with pytest.raises(BadPrompts, match=r"line 2 is not a GenEval record"):
        read_records(file)


def test_a_run_that_only_draws_cannot_judge(records: list[Record]) -> None:
    benchmark = GenEval(records, None)
    with pytest.raises(JudgeUnavailable, match="only draws"):
        benchmark.judge(benchmark.orders[0], PICTURE)
