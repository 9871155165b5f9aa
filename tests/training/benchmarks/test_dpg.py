"""DPG-Bench's rules, and each of the six defects of the released scorer, mended and with compat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.training.benchmarks.doubles import ScriptedYesNo, dpg_row, write_dpg
from training.benchmarks.benchmark import Verdict
from training.benchmarks.dpg import DPG, Compat, tiles_of, zeroed
from training.benchmarks.dpg_questions import Question, read_items, sound
from training.benchmarks.errors import JudgeFailed
from training.benchmarks.figures import Mark
from training.benchmarks.gallery import grid

COLORS = ("red", "lime", "blue", "white")
ROWS = (
    dpg_row("1", 1, "0", "entity - whole", "a cat?"),
    dpg_row("1", 2, "1", "attribute - color", "a red cat?"),
    dpg_row("1", 3, "0", "global - ", "a photo?"),
    dpg_row("1", 4, "2", "attribute - state", "a red cat that sleeps?"),
)
Answer = Callable[[Image.Image, str], bool | None]


def color_of(picture: Image.Image) -> str:
    names = {(255, 0, 0): "red", (0, 255, 0): "lime", (0, 0, 255): "blue", (255, 255, 255): "white"}
    return names.get(picture.getpixel((0, 0)), "black")  # type: ignore[arg-type]


def four(side: int = 8) -> Image.Image:
    return grid([Image.new("RGB", (side, side), color) for color in COLORS])


def benchmark(tmp_path: Path, answer: Answer, *rows: str, compat: Compat | None = None) -> DPG:
    items = read_items(write_dpg(tmp_path / "a.csv", *rows), skips_first=compat is not None)
    return DPG(items if compat else sound(items)[0], ScriptedYesNo(answer), compat=compat)


def judged(dpg: DPG, picture: Image.Image | None = None) -> dict[str, float]:
    verdicts = [dpg.judge(order, picture or four()) for order in dpg.orders]
    return {figure.name: round(figure.mean, 4) for figure in dpg.figures(verdicts)}


def test_the_grid_is_named_like_the_prompts_file(tmp_path: Path) -> None:
    order = benchmark(tmp_path, lambda picture, words: True, *ROWS).orders[0]
    assert (order.file, len(order.seeds), order.words) == ("1.png", 4, "words of 1")


def test_what_depends_on_a_no_is_a_no_down_to_the_last(tmp_path: Path) -> None:
    figures = judged(benchmark(tmp_path, lambda picture, words: words != "a cat?", *ROWS))
    assert figures["overall"] == 25
    assert figures["global"] == 100
    assert figures["attribute"] == 0
    assert figures["entity - whole"] == 0


def test_a_parent_may_stand_below_its_child() -> None:
    questions = [
        Question(number=1, words="", category="e", parents=(2,)),
        Question(number=2, words="", category="e", parents=(3,)),
        Question(number=3, words="", category="e", parents=()),
    ]
    answers = {1: True, 2: True, 3: False}
    assert zeroed(questions, answers, in_table_order=False) == {1: False, 2: False, 3: False}
    assert zeroed(questions, answers, in_table_order=True) == {1: True, 2: False, 3: False}


def test_a_prompt_is_the_mean_of_its_pictures_and_the_benchmark_of_its_prompts(tmp_path: Path) -> None:
    rows = (*ROWS, dpg_row("2", 1, "0", "entity - whole", "never?"))
    dpg = benchmark(tmp_path, lambda picture, words: color_of(picture) == "red" and words != "never?", *rows)
    assert judged(dpg)["overall"] == 100 * (0.25 + 0) / 2
    assert len([words for words in dpg.yes_no.asked]) == 4 * 5  # type: ignore[union-attr]


def test_a_category_is_the_mean_over_its_questions(tmp_path: Path) -> None:
    rows = (*ROWS, dpg_row("2", 1, "0", "entity - whole", "b?"), dpg_row("2", 2, "0", "entity - part", "c?"))
    figures = judged(benchmark(tmp_path, lambda picture, words: words in ("b?", "c?"), *rows))
    assert figures["entity"] == pytest.approx(100 * 2 / 3, abs=1e-3)
    assert figures["entity - whole"] == 50
    assert list(figures)[:4] == ["overall", "global", "entity", "attribute"]


def test_defect_1_the_first_row_is_skipped(tmp_path: Path) -> None:
    rows = (
        dpg_row("1", 1, "0", "entity - whole", "first?"),
        dpg_row("1", 2, "0", "entity - whole", "second?"),
    )

    def answer(picture: Image.Image, words: str) -> bool:
        return words == "second?"

    assert judged(benchmark(tmp_path, answer, *rows))["overall"] == 50
    assert judged(benchmark(tmp_path, answer, *rows, compat=Compat()))["overall"] == 100


def test_defect_1_an_item_that_depends_on_the_skipped_row_is_dropped(tmp_path: Path) -> None:
    dpg = benchmark(tmp_path, lambda picture, words: True, *ROWS, compat=Compat())
    with pytest.raises(JudgeFailed, match="depends on 1, which was skipped"):
        dpg.judge(dpg.orders[0], four())
    lone = benchmark(tmp_path, lambda picture, words: True, ROWS[0], compat=Compat())
    with pytest.raises(JudgeFailed, match="only question was skipped"):
        lone.judge(lone.orders[0], four())


HEAD = dpg_row("0", 1, "0", "entity - whole", "skipped by compat?")


def test_defect_2_categories_come_from_the_last_picture_before_zeroing(tmp_path: Path) -> None:
    def answer(picture: Image.Image, words: str) -> bool:
        return words != "a cat?" and (words == "a red cat?" or color_of(picture) != "white")

    mended = benchmark(tmp_path, answer, HEAD, *ROWS)
    mended_figures = {f.name: f.mean for f in mended.figures([mended.judge(mended.orders[1], four())])}
    assert mended_figures["attribute - color"] == 0
    assert mended_figures["global"] == 75
    compat = benchmark(tmp_path, answer, HEAD, *ROWS, compat=Compat(num_pictures=4))
    figures = {f.name: f.mean for f in compat.figures([compat.judge(compat.orders[1], four())])}
    assert figures["attribute - color"] == 100
    assert figures["global"] == 0
    assert figures["overall"] == mended_figures["overall"] == 100 * 0.75 / 4


def verdict(number: int, **values: float) -> Verdict:
    marks = (Mark(column="overall", value=1.0), *(Mark(column=k, value=v) for k, v in values.items()))
    return Verdict(file=f"{number}.png", subject=str(number), group="prompts", words="", marks=marks)


def test_defect_3_processes_mix_up_the_categories(tmp_path: Path) -> None:
    verdicts = [verdict(number, a=1.0, b=0.0, c=0.0, d=0.0, e=0.0) for number in range(8)]

    def figures(compat: Compat | None) -> dict[str, float]:
        dpg = benchmark(tmp_path, lambda picture, words: True, *ROWS, compat=compat)
        return {figure.name: figure.mean for figure in dpg.figures(verdicts)}

    right = {"overall": 100, "a": 100, "b": 0, "c": 0, "d": 0, "e": 0}
    assert figures(None) == right
    assert figures(Compat()) == right, "one process has one order"
    mixed = figures(Compat(num_processes=4))
    assert mixed != right
    assert mixed["overall"] == 100
    assert sum(mixed[name] for name in "abcde") == 100, "nothing is lost, it is in the wrong place"


def test_defect_4_a_failure_is_reported_and_counts_nowhere(tmp_path: Path) -> None:
    dpg = benchmark(tmp_path, lambda picture, words: None, *ROWS)
    with pytest.raises(JudgeFailed) as failed:
        dpg.judge(dpg.orders[0], four())
    assert failed.value.raw == "hm"
    lost = Verdict(file="2.png", subject="2", group="prompts", words="", failure="It hummed.")
    assert {f.name: f.num_subjects for f in dpg.figures([verdict(1, a=1.0), lost])}["overall"] == 1


def test_defect_5_pictures_are_cut_out_at_a_stated_size(tmp_path: Path) -> None:
    picture = four(8)
    assert [color_of(tile) for tile in tiles_of(picture, 4, None)] == list(COLORS)
    wrong = list(tiles_of(picture, 4, Compat(num_pictures=4, tile_px=16)))
    assert [color_of(tile) for tile in wrong] == ["red", "black", "black", "black"]
    assert wrong[0].size == (16, 16)
    own = tiles_of(picture, 4, Compat(num_pictures=4))
    assert [color_of(tile) for tile in own] == list(COLORS)


def test_defect_6_only_the_first_picture_is_judged(tmp_path: Path) -> None:
    def answer(picture: Image.Image, words: str) -> bool:
        return color_of(picture) == "red"

    mended = benchmark(tmp_path, answer, HEAD, *ROWS)
    assert mended.judge(mended.orders[1], four()).marks[0].value == 0.25
    compat = benchmark(tmp_path, answer, HEAD, *ROWS, compat=Compat())
    assert compat.judge(compat.orders[1], four()).marks[0].value == 1


@pytest.mark.parametrize(("num_pictures", "size"), [(1, (8, 8)), (2, (16, 8)), (3, (16, 16))])
def test_other_numbers_of_pictures_are_cut_out_too(num_pictures: int, size: tuple[int, int]) -> None:
    whole = grid([Image.new("RGB", (8, 8), color) for color in COLORS[:num_pictures]])
    assert whole.size == size
    assert [color_of(tile) for tile in tiles_of(whole, num_pictures, None)] == list(COLORS[:num_pictures])


def test_files_as_the_original_writes_them(tmp_path: Path) -> None:
    dpg = benchmark(tmp_path, lambda picture, words: words != "a cat?", *ROWS)
    dpg.finish(tmp_path, [dpg.judge(dpg.orders[0], four())])
    assert (tmp_path / "results.txt").read_text("utf-8") == "1.png, 0.25\n"
    details = (tmp_path / "results_detail.txt").read_text("utf-8")
    assert "1.png, picture 1: a cat? no\n" in details
    assert "picture 4: a red cat? yes (depends on a no)\n" in details
