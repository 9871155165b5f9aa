from __future__ import annotations

from pathlib import Path

from training.ledger import Ledger


def test_records_come_back_in_order(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "new" / "a.jsonl")
    assert list(ledger) == []
    ledger.add({"n": 1, "words": "größer\nline"})
    ledger.add({"n": 2})
    assert [record["n"] for record in Ledger(tmp_path / "new" / "a.jsonl")] == [1, 2]
    assert next(iter(ledger))["words"] == "größer\nline"


def test_a_line_cut_by_a_kill_is_taken_off(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"n": 1}\n{"n": 2, "wo', "utf-8")
    ledger = Ledger(file)
    ledger.add({"n": 3})
    assert [record["n"] for record in Ledger(file)] == [1, 3]


def test_a_line_of_another_kind_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"n": 1}\n[2]\nnonsense \xff\n{"n": 4}\n')
    assert [record["n"] for record in Ledger(file)] == [1, 4]
