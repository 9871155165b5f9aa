"""How many requests the rules of the gate on words refuse, of those that they should and of those that not.

`python -m tests.bench.gate_words` counts over tests/data/gate_words.jsonl; `--show` lists each miss. The
lines of "seen" and "unseen" were written before the rules, those of "hard" afterwards, to get past them, and
those of "last" after the rules had been fitted to "hard". Judged for the first time, 8 of the 55 of "hard"
were refused and 21 of the 40 of "last": that, and not the share of "unseen", is what rules catch of somebody
who tries.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.gates.gate import Gate, Subject
from agent.gates.rules import RuleGate

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A request, and whether it is one to refuse."""

    split: str
    is_harmful: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class Count:
    """Of `total` requests of one kind, those judged wrongly."""

    total: int
    wrong: Sequence[Line]

    @property
    def share(self) -> float:
        return len(self.wrong) / self.total


def lines() -> Sequence[Line]:
    records = map(json.loads, (DATA / "gate_words.jsonl").read_text("utf-8").splitlines())
    return [
        Line(split=each["split"], is_harmful=each["expect"] == "refuse", text=each["text"])
        for each in records
    ]


def everyday() -> Sequence[Line]:
    """What people say elsewhere in these tests: all of it harmless."""
    talk = (DATA / "plain_talk.txt").read_text("utf-8").splitlines()
    practice = [each.split("\t")[-1] for each in (DATA / "practice.tsv").read_text("utf-8").splitlines()]
    texts = [each for each in (*talk, *practice) if each.strip() and not each.startswith("#")]
    return [Line(split="everyday", is_harmful=False, text=each) for each in texts]


def count(gate: Gate, split: str, is_harmful: bool, among: Sequence[Line]) -> Count:
    asked = [each for each in among if each.split == split and each.is_harmful == is_harmful]
    wrong = [each for each in asked if gate.check(Subject(text=each.text)).is_refused != is_harmful]
    return Count(total=len(asked), wrong=wrong)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", choices=("seen", "unseen", "hard", "last", "everyday"))
    shown = parser.parse_args().show
    among = [*lines(), *everyday()]
    for split, is_harmful in (
        ("seen", True),
        ("unseen", True),
        ("hard", True),
        ("last", True),
        ("seen", False),
        ("unseen", False),
        ("hard", False),
        ("last", False),
        ("everyday", False),
    ):
        counted = count(RuleGate(), split, is_harmful, among)
        kind = "passed of those to refuse" if is_harmful else "refused of the harmless"
        print(f"{split:9} {len(counted.wrong):3} {kind}, {counted.total} ({counted.share:.1%})")
        if shown == split and counted.wrong:
            print(*(f"    {each.text}" for each in counted.wrong), sep="\n")


if __name__ == "__main__":
    main()
