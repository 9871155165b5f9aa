"""DPG-Bench (Hu et al. 2024, "ELLA"): four pictures a prompt in one grid, yes-or-no questions that depend on
one another.

Six defects of the released scorer, mended unless `compat` asks for them:
1. the first row of the table is skipped; an item whose question depended on it is dropped;
2. category scores come from the last judged picture alone, before answers that depend on a no are zeroed;
3. several processes add up categories by their place in a set, whose order differs from process to process;
4. an item that fails in any way is left out with a printed line;
5. pictures are cut out of the grid at a stated size, whatever theirs is;
6. only the first picture of the grid is judged unless told otherwise.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from PIL import Image

from training.benchmarks.benchmark import Exists, Order, Verdict, needed, picture_seed, those_there
from training.benchmarks.dpg_questions import Item, Question, broad
from training.benchmarks.errors import JudgeFailed
from training.benchmarks.figures import Figure, Mark, draws_of, figure_of
from training.benchmarks.gallery import GRID_COLUMNS
from training.benchmarks.prompt_files import spread

__all__ = ["DPG", "Compat", "YesNoJudge"]

OVERALL = "overall"
SCALE = 100.0
GOOD = 0.8
BROAD_ORDER = ("global", "entity", "attribute", "relation", "other")


class YesNoJudge(Protocol):
    """Answers questions about a picture."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def is_true(self, picture: Image.Image, question: str) -> bool:
        """Raises JudgeFailed or JudgeUnavailable."""
        ...


@dataclass(frozen=True, kw_only=True)
class Compat:
    """The original's settings: how many pictures of the grid are judged, at which size they are cut out
    (None: their own), and over how many processes the grids are dealt."""

    num_pictures: int = 1
    tile_px: int | None = None
    num_processes: int = 1

    @property
    def told(self) -> str:
        size = f"{self.tile_px} px" if self.tile_px else "their own size"
        return f"{self.num_pictures} pictures a grid at {size}, {self.num_processes} processes"


class DPG:
    """One grid of `num_seeds` pictures an item."""

    def __init__(
        self,
        items: Sequence[Item],
        judge: YesNoJudge | None,
        *,
        num_seeds: int = 4,
        seed: int = 0,
        limit: int | None = None,
        compat: Compat | None = None,
    ) -> None:
        self.items = {each.id: each for each in spread(items, limit)}
        self.num_all = len(items)
        self.yes_no = judge
        self.num_seeds, self.compat = num_seeds, compat
        self.orders = tuple(
            Order(
                file=f"{each.id}.png",
                subject=each.id,
                group="prompts",
                words=each.words,
                seeds=tuple(picture_seed(seed, each.index, number) for number in range(num_seeds)),
            )
            for each in self.items.values()
        )

    def prepare(self, images: Path) -> None:
        """The original reads every file beside the grids as one, so there is nothing but grids."""
        images.mkdir(parents=True, exist_ok=True)

    def present(self, exists: Exists) -> list[Order]:
        return those_there(self.orders, exists)

    def judge(self, order: Order, picture: Image.Image) -> Verdict:
        judge = needed(self.yes_no)
        item = self.items[order.subject]
        tiles = list(tiles_of(picture, self.num_seeds, self.compat))
        marks: list[Mark] = []
        lines: list[str] = []
        shares: list[float] = []
        refused: Counter[str] = Counter()
        for number, tile in enumerate(tiles):
            answers = {each.number: judge.is_true(tile, each.words) for each in item.questions}
            counted = zeroed(item.questions, answers, in_table_order=self.compat is not None)
            shares.append(share_of(counted))
            refused.update(broad(each.category) for each in item.questions if not answers[each.number])
            lines += [
                f"picture {number + 1}: {each.words} {told(answers, counted, each)}"
                for each in item.questions
            ]
            if self.compat is None or number == len(tiles) - 1:
                scored = counted if self.compat is None else answers
                marks += [Mark(column=q.category, value=float(scored[q.number])) for q in item.questions]
        score = sum(shares) / len(shares)
        return Verdict(
            file=order.file,
            subject=order.subject,
            group=f"most often no: {refused.most_common(1)[0][0]}" if refused else "all answers yes",
            words=order.words,
            marks=(Mark(column=OVERALL, value=score), *marks),
            is_good=score >= GOOD,
            reason=f"{SCALE * score:.0f} of 100: " + " ".join(f"{SCALE * share:.0f}" for share in shares),
            raw="\n".join(lines),
        )

    def figures(self, verdicts: Sequence[Verdict]) -> list[Figure]:
        """Overall is the mean over prompts; a category's the mean over its questions, the wide ones first."""
        processes = self.compat.num_processes if self.compat else 1
        columns: dict[str, dict[str, list[float]]] = {}
        wide: dict[str, dict[str, list[float]]] = {}
        for verdict in dealt(verdicts, processes):
            for mark in verdict.marks:
                columns.setdefault(mark.column, {}).setdefault(verdict.subject, []).append(mark.value)
                if mark.column != OVERALL:
                    wide.setdefault(broad(mark.column), {}).setdefault(verdict.subject, []).append(mark.value)
        overall = columns.pop(OVERALL)
        known = [name for name in BROAD_ORDER if name in wide]
        names = [*known, *sorted(set(wide) - set(known))]
        return [
            figure_of(OVERALL, draws_of(overall), SCALE),
            *(figure_of(name, draws_of(wide[name]), SCALE) for name in names),
            *(figure_of(name, draws_of(columns[name]), SCALE) for name in sorted(columns)),
        ]

    def finish(self, folder: Path, verdicts: Sequence[Verdict]) -> None:
        """results.txt, a line a grid as the original writes it; the answers in results_detail.txt."""
        judged = [verdict for verdict in verdicts if not verdict.failure]
        scores = [f"{v.file}, {next(m.value for m in v.marks if m.column == OVERALL)}\n" for v in judged]
        (folder / "results.txt").write_text("".join(scores), "utf-8")
        details = [f"{v.file}, {line}\n" for v in judged for line in v.raw.splitlines()]
        (folder / "results_detail.txt").write_text("".join(details), "utf-8")


def tiles_of(grid: Image.Image, num_pictures: int, compat: Compat | None) -> Iterator[Image.Image]:
    """The pictures of a grid, row by row. What `compat` cuts out beyond the grid's edge is black."""
    columns = min(GRID_COLUMNS, num_pictures)
    width, height = grid.width // columns, grid.height // -(-num_pictures // columns)
    count = num_pictures
    if compat is not None:
        width, height = (compat.tile_px, compat.tile_px) if compat.tile_px else (width, height)
        count = min(compat.num_pictures, GRID_COLUMNS**2)
    for index in range(count):
        left, top = index % GRID_COLUMNS * width, index // GRID_COLUMNS * height
        yield grid.crop((left, top, left + width, top + height))


def zeroed(
    questions: Sequence[Question], answers: Mapping[int, bool], *, in_table_order: bool
) -> dict[int, bool]:
    """Answers, no wherever a parent's is no, its own parents counted. `in_table_order` goes through the table
    once, as the original does, so that a parent's no that comes further down is not passed on.

    Raises JudgeFailed where a parent is missing (the original's first defect).
    """
    counted = dict(answers)
    for _ in questions if not in_table_order else (None,):
        for each in questions:
            for parent in each.parents:
                if parent not in counted:
                    raise JudgeFailed(f"Question {each.number} depends on {parent}, which was skipped.")
            counted[each.number] &= all(counted[parent] for parent in each.parents)
    return counted


def share_of(counted: Mapping[int, bool]) -> float:
    if not counted:
        raise JudgeFailed("Its only question was skipped.")
    return sum(counted.values()) / len(counted)


def told(answers: Mapping[int, bool], counted: Mapping[int, bool], question: Question) -> str:
    answer = "yes" if answers[question.number] else "no"
    return answer if answers[question.number] == counted[question.number] else f"{answer} (depends on a no)"


def dealt(verdicts: Sequence[Verdict], num_processes: int) -> Iterator[Verdict]:
    """As they are; over several processes with their categories mixed up (the original's third defect).

    Each process has the categories in an order of its own, and the n-th of every process is added to what the
    first process calls its n-th.
    """
    names = sorted({mark.column for verdict in verdicts for mark in verdict.marks} - {OVERALL})
    orders = [random.Random(rank).sample(names, len(names)) for rank in range(num_processes)]
    for index, verdict in enumerate(verdicts):
        own = orders[index * num_processes // len(verdicts)]
        called = {OVERALL: OVERALL, **dict(zip(own, orders[0], strict=True))}
        marks = tuple(Mark(column=called[mark.column], value=mark.value) for mark in verdict.marks)
        yield replace(verdict, marks=marks) if num_processes > 1 else verdict
