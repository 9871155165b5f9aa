from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.benchmarks.doubles import DPG_HEADER, dpg_row, write_dpg
from training.benchmarks.dpg_questions import broad, read_items, sound
from training.benchmarks.errors import BadPrompts


def test_items_with_their_questions_in_the_tables_order(tmp_path: Path) -> None:
    file = write_dpg(
        tmp_path / "a.csv",
        dpg_row("7", 1, "0", "entity - whole", "Is there a cat, or two?"),
        dpg_row("7", 2, "1", "attribute - color", "Is it red?"),
        dpg_row("partiprompts155", 1, "0", "global - ", "Is it a photo?"),
        dpg_row("7", 3, "1, 2", "relation - spatial", "Is it left?"),
    )
    first, second = read_items(file)
    assert (first.id, first.words, second.id, second.index) == ("7", "words of 7", "partiprompts155", 1)
    assert [question.words for question in first.questions] == [
        "Is there a cat, or two?",
        "Is it red?",
        "Is it left?",
    ]
    assert [question.parents for question in first.questions] == [(), (1,), (1, 2)]
    assert [question.category for question in first.questions] == [
        "entity - whole",
        "attribute - color",
        "relation - spatial",
    ]
    assert broad("attribute - color") == "attribute"
    assert broad(second.questions[0].category) == "global"


def test_a_prompt_may_run_over_several_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f'{DPG_HEADER}\r\n1,"one\ntwo\u2028three",,1,0,,,entity - whole (a),Is it?\r\n', "utf-8")
    assert read_items(file)[0].words == "one\ntwo\u2028three"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (dpg_row("7", 1, "x", "entity", "Is it?"), "x"),
        (dpg_row("7", 1, "0", "entity", ""), "empty"),
        (dpg_row("../7", 1, "0", "entity", "Is it?"), "names no item"),
        (dpg_row("1", 1, "0", "entity", "Is it?"), "two questions 1"),
        ("7,too,few", "attribute"),
    ],
)
def test_a_malformed_row_is_named_by_its_line(tmp_path: Path, bad: str, why: str) -> None:
    file = write_dpg(tmp_path / "a.csv", dpg_row("1", 1, "0", "entity", "Is it?"), bad)
    with pytest.raises(BadPrompts, match="line 3") as refused:
        read_items(file)
    assert why in str(refused.value)


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("item_id,text\n1,a\n", "utf-8")
    with pytest.raises(BadPrompts, match="no column proposition_id"):
        read_items(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text(f"{DPG_HEADER}\n", "utf-8")
    with pytest.raises(BadPrompts, match="no questions"):
        read_items(tmp_path / "b.csv")


def test_dependencies_that_lead_nowhere_are_cut_and_counted(tmp_path: Path) -> None:
    file = write_dpg(
        tmp_path / "a.csv",
        dpg_row("1", 1, "9", "entity", "Is it?"),
        dpg_row("1", 2, "3,1", "entity", "Is it?"),
        dpg_row("1", 3, "2", "entity", "Is it?"),
        dpg_row("1", 4, "1,2", "entity", "Is it?"),
    )
    (item,), num_cut = sound(read_items(file))
    assert [question.parents for question in item.questions] == [(), (1,), (), (1, 2)]
    assert num_cut == 3
