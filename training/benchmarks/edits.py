"""The report's protocol for edits (section 6): success and restraint, 0 to 10 each, the smaller counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PIL import Image

from training.benchmarks.benchmark import Exists, Order, Verdict, needed, picture_seed, those_there
from training.benchmarks.chat_judges import Rating
from training.benchmarks.edit_sets import Edit
from training.benchmarks.figures import Draws, Figure, Mark, draws_of, figure_of, mean_of_draws
from training.benchmarks.gallery import read_picture
from training.benchmarks.prompt_files import spread

__all__ = ["EditBenchmark", "EditJudge"]

SUCCESS, RESTRAINT, SCORE = "success", "restraint", "score"
GOOD = 5.0


class EditJudge(Protocol):
    """Rates what an edit made of a picture, once or several times."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def rate(self, source: Image.Image, edited: Image.Image, instruction: str) -> list[Rating]:
        """Both pictures have the source's size. Raises JudgeFailed or JudgeUnavailable."""
        ...


class EditBenchmark:
    """EmuEdit's or ReasonEdit's edits, `num_seeds` results each."""

    def __init__(
        self,
        edits: Sequence[Edit],
        judge: EditJudge | None,
        groups: Sequence[str],
        *,
        num_seeds: int = 1,
        seed: int = 0,
        limit: int | None = None,
    ) -> None:
        """`groups`: the benchmark's categories in the order of its table."""
        self.rater, self.groups = judge, tuple(groups)
        self.edits = {each.id: each for each in spread(edits, limit)}
        self.num_all = len(edits)
        self.orders = tuple(
            Order(
                file=f"{each.id}.png" if number == 0 else f"{each.id}-{number}.png",
                subject=each.id,
                group=each.group,
                words=each.instruction,
                seeds=(picture_seed(seed, each.index, number),),
                source=each.source,
            )
            for each in self.edits.values()
            for number in range(num_seeds)
        )

    def prepare(self, images: Path) -> None:
        images.mkdir(parents=True, exist_ok=True)

    def present(self, exists: Exists) -> list[Order]:
        return those_there(self.orders, exists)

    def judge(self, order: Order, picture: Image.Image) -> Verdict:
        """The result is brought to the source's size before it is looked at."""
        source = read_picture(self.edits[order.subject].source)
        if picture.size != source.size:
            picture = picture.resize(source.size, Image.Resampling.LANCZOS)
        ratings = needed(self.rater).rate(source, picture, order.words)
        success, restraint, score = (
            sum(values) / len(ratings)
            for values in (
                [each.success for each in ratings],
                [each.restraint for each in ratings],
                [each.score for each in ratings],
            )
        )
        return Verdict(
            file=order.file,
            subject=order.subject,
            group=order.group,
            words=order.words,
            marks=(
                Mark(column=SCORE, value=score),
                Mark(column=SUCCESS, value=success),
                Mark(column=RESTRAINT, value=restraint),
            ),
            is_good=score >= GOOD,
            reason=f"{score:.1f} of 10: success {success:.1f}, restraint {restraint:.1f}",
            raw="\n---\n".join(each.raw for each in ratings),
        )

    def figures(self, verdicts: Sequence[Verdict]) -> list[Figure]:
        """The unweighted mean of the categories, each category, then over all edits and the two parts."""
        groups: dict[str, dict[str, list[float]]] = {}
        columns: dict[str, dict[str, list[float]]] = {}
        for verdict in verdicts:
            for mark in verdict.marks:
                columns.setdefault(mark.column, {}).setdefault(verdict.subject, []).append(mark.value)
                if mark.column == SCORE:
                    groups.setdefault(verdict.group, {}).setdefault(verdict.subject, []).append(mark.value)
        names = [name for name in self.groups if name in groups]
        draws: dict[str, Draws] = {name: draws_of(groups[name]) for name in names}
        missing = [name for name in self.groups if name not in groups]
        note = f"without {', '.join(missing)}" if missing else ""
        return [
            figure_of("average", mean_of_draws(list(draws.values())), note=note),
            *(figure_of(name, each) for name, each in draws.items()),
            figure_of("all edits", draws_of(columns[SCORE])),
            figure_of("all edits, success", draws_of(columns[SUCCESS])),
            figure_of("all edits, restraint", draws_of(columns[RESTRAINT])),
        ]

    def finish(self, folder: Path, verdicts: Sequence[Verdict]) -> None:
        """results.jsonl: a line an edit with its scores."""
        lines = [
            json.dumps(
                {
                    "filename": verdict.file,
                    "task": verdict.group,
                    "instruction": verdict.words,
                    **{mark.column: mark.value for mark in verdict.marks},
                },
                ensure_ascii=False,
            )
            for verdict in verdicts
            if not verdict.failure
        ]
        (folder / "results.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
