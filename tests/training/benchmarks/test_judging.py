from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.training.benchmarks.doubles import (
    ScriptedObjects,
    ScriptedPainter,
    ScriptedYesNo,
    dpg_row,
    one,
    record,
    seen,
    unheard,
    write_dpg,
    write_geneval,
)
from training.benchmarks.dpg import DPG
from training.benchmarks.dpg_questions import read_items
from training.benchmarks.errors import JudgeUnavailable
from training.benchmarks.gallery import Gallery
from training.benchmarks.geneval import GenEval, read_records
from training.benchmarks.judging import judge_all


@pytest.fixture
def cats(tmp_path: Path) -> GenEval:
    file = write_geneval(tmp_path / "a.jsonl", record("single_object", one("cat")))
    return GenEval(read_records(file), ScriptedObjects([seen("cat")]), num_seeds=5)


@pytest.fixture
def gallery(tmp_path: Path, cats: GenEval) -> Gallery:
    gallery = Gallery(tmp_path / "run")
    gallery.draw(cats.orders, ScriptedPainter(), unheard)
    return gallery


def test_what_is_judged_is_not_judged_again(tmp_path: Path, cats: GenEval, gallery: Gallery) -> None:
    first = judge_all(cats, cats.orders, gallery, tmp_path / "judged", unheard)
    second = judge_all(cats, cats.orders, gallery, tmp_path / "judged", unheard, num_parallel=3)
    assert second == first
    assert [verdict.file for verdict in first] == [order.file for order in cats.orders]
    assert cats.object_judge.asked == 5  # type: ignore[union-attr]


def test_a_killed_judge_goes_on(tmp_path: Path, cats: GenEval, gallery: Gallery) -> None:
    whole = judge_all(cats, cats.orders, gallery, tmp_path / "whole", unheard)
    judge_all(cats, cats.orders, gallery, tmp_path / "cut", unheard)
    file = tmp_path / "cut" / "verdicts.jsonl"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * 0.7)])
    cats.object_judge.asked = 0  # type: ignore[union-attr]
    assert judge_all(cats, cats.orders, gallery, tmp_path / "cut", unheard) == whole
    assert cats.object_judge.asked == 2  # type: ignore[union-attr]


def test_a_picture_that_is_another_one_since_is_judged_again(
    tmp_path: Path, cats: GenEval, gallery: Gallery
) -> None:
    judge_all(cats, cats.orders, gallery, tmp_path / "judged", unheard)
    Image.new("RGB", (9, 9)).save(gallery.path(cats.orders[2]))
    judge_all(cats, cats.orders, gallery, tmp_path / "judged", unheard)
    assert cats.object_judge.asked == 6  # type: ignore[union-attr]


def test_a_record_of_another_make_is_judged_again(tmp_path: Path, cats: GenEval, gallery: Gallery) -> None:
    (tmp_path / "judged").mkdir()
    (tmp_path / "judged" / "verdicts.jsonl").write_text(
        json.dumps({"file": cats.orders[0].file, "marks": [], "mood": "good"}) + "\n", "utf-8"
    )
    assert all(v.marks for v in judge_all(cats, cats.orders, gallery, tmp_path / "judged", unheard))


def test_failed_judgements_are_kept_told_and_tried_again(tmp_path: Path) -> None:
    rows = [dpg_row(str(n), 1, "0", "entity - whole", f"{n}?") for n in (1, 2, 3)]
    judge = ScriptedYesNo(lambda picture, words: None if words == "2?" else True)
    dpg = DPG(read_items(write_dpg(tmp_path / "a.csv", *rows)), judge, num_seeds=1)
    gallery = Gallery(tmp_path / "run")
    gallery.draw(dpg.orders, ScriptedPainter(), unheard)
    verdicts = judge_all(dpg, dpg.orders, gallery, tmp_path / "judged", unheard)
    assert [bool(verdict.failure) for verdict in verdicts] == [False, True, False]
    assert (verdicts[1].failure, verdicts[1].raw, verdicts[1].marks) == ("It hummed.", "hm", ())
    judge.answer = lambda picture, words: True
    judge.asked.clear()
    assert not any(v.failure for v in judge_all(dpg, dpg.orders, gallery, tmp_path / "judged", unheard))
    assert judge.asked == ["2?"]


def test_no_verdict_at_all_is_no_score(tmp_path: Path) -> None:
    judge = ScriptedYesNo(lambda picture, words: None)
    rows = [dpg_row("1", 1, "0", "entity - whole", "a?")]
    dpg = DPG(read_items(write_dpg(tmp_path / "a.csv", *rows)), judge, num_seeds=1)
    gallery = Gallery(tmp_path / "run")
    gallery.draw(dpg.orders, ScriptedPainter(), unheard)
    with pytest.raises(JudgeUnavailable, match=r"no verdict on any picture. The first: It hummed"):
        judge_all(dpg, dpg.orders, gallery, tmp_path / "judged", unheard)


def test_a_judge_that_cannot_be_asked_ends_the_run_with_what_is_judged_kept(
    tmp_path: Path, gallery: Gallery, cats: GenEval
) -> None:
    class Dying(ScriptedObjects):
        def find(self, picture: object) -> list[object]:  # type: ignore[override]
            if self.asked == 3:
                raise JudgeUnavailable("The server is gone.")
            return super().find(picture)  # type: ignore[arg-type, return-value]

    cats.object_judge = Dying([seen("cat")])
    with pytest.raises(JudgeUnavailable, match="gone"):
        judge_all(cats, cats.orders, gallery, tmp_path / "judged", unheard)
    assert len((tmp_path / "judged" / "verdicts.jsonl").read_text("utf-8").splitlines()) == 3
