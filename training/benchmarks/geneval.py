"""GenEval (Ghosh et al. 2023): its records, its folders, its result lines, its summary."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from training.benchmarks.benchmark import Exists, Order, Verdict, needed, picture_seed, those_there
from training.benchmarks.errors import BadPrompts
from training.benchmarks.figures import Draws, Figure, Mark, draws_of, figure_of, mean_of_draws
from training.benchmarks.objects import ObjectJudge
from training.benchmarks.prompt_files import read_lines, spread
from training.evaluation.geneval_rules import kept, problems
from training.evaluation.prompts import RELATIONS, TASKS, Prompt, from_geneval

__all__ = ["GenEval", "Record", "read_records"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """A line of evaluation_metadata.jsonl: its number from 0, the line itself, and what it says."""

    index: int
    line: str
    prompt: Prompt

    @property
    def folder(self) -> str:
        return f"{self.index:05}"


def read_records(file: Path) -> list[Record]:
    """Raises BadPrompts, naming the line."""
    records = []
    for number, line in read_lines(file):
        try:
            prompt = from_geneval(json.loads(line))
            require_sense(prompt)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadPrompts(f"{file}, line {number} is not a GenEval record ({error!r}).") from error
        records.append(Record(index=number - 1, line=line, prompt=prompt))
    return records


def require_sense(prompt: Prompt) -> None:
    """Raises ValueError."""
    if not prompt.include:
        raise ValueError("it asks for nothing")
    for index, wanted in enumerate(prompt.include):
        if wanted.relation is not None and wanted.relation not in RELATIONS:
            raise ValueError(f"no such relation: {wanted.relation}")
        if wanted.relation is not None and not 0 <= wanted.anchor < index:
            raise ValueError(f"entry {index} stands beside entry {wanted.anchor}, which is no earlier one")
        if wanted.count < 1:
            raise ValueError(f"a count of {wanted.count}")


class GenEval:
    """`num_seeds` pictures a prompt; with a judge only the prompts that it can judge."""

    def __init__(
        self,
        records: Sequence[Record],
        judge: ObjectJudge | None,
        *,
        num_seeds: int = 4,
        seed: int = 0,
        limit: int | None = None,
    ) -> None:
        """Raises BadPrompts when there is none to draw."""
        fitting = [each for each in records if judge is None or judge.can_judge(each.prompt)]
        if not fitting:
            raise BadPrompts("None of the prompts asks only for what the judge knows.")
        self.records = {each.folder: each for each in spread(fitting, limit)}
        self.num_all, self.num_fitting = len(records), len(fitting)
        self.object_judge = judge
        self.orders = tuple(
            Order(
                file=f"{each.folder}/samples/{number:04}.png",
                subject=each.folder,
                group=each.prompt.tag,
                words=each.prompt.prompt,
                seeds=(picture_seed(seed, each.index, number),),
            )
            for each in self.records.values()
            for number in range(num_seeds)
        )

    def prepare(self, images: Path) -> None:
        """metadata.jsonl beside each prompt's samples, as the original scorer reads it."""
        for each in self.records.values():
            folder = images / each.folder
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "metadata.jsonl").write_text(each.line + "\n", "utf-8")

    def present(self, exists: Exists) -> list[Order]:
        return those_there(self.orders, exists)

    def judge(self, order: Order, picture: Image.Image) -> Verdict:
        judge = needed(self.object_judge)
        prompt = self.records[order.subject].prompt
        limits = judge.confidence
        found = kept(judge.find(picture), limits.counting if prompt.tag == "counting" else limits.plain)
        reasons = problems(prompt, found, lambda sightings: judge.colors(picture, sightings))
        boxes = {
            kind: [
                [round(value, 2) for value in (s.box.left, s.box.top, s.box.right, s.box.bottom)]
                + [round(s.confidence, 4)]
                for s in sightings
            ]
            for kind, sightings in found.items()
        }
        return Verdict(
            file=order.file,
            subject=order.subject,
            group=order.group,
            words=order.words,
            marks=(Mark(column=prompt.tag, value=float(not reasons)),),
            is_good=not reasons,
            reason="; ".join(reasons),
            raw=json.dumps(boxes),
        )

    def figures(self, verdicts: Sequence[Verdict]) -> list[Figure]:
        """Overall, the unweighted mean of the task means; the tasks; GenEval's other two shares."""
        tasks: dict[str, dict[str, list[float]]] = {}
        pictures: dict[str, list[float]] = {}
        for verdict in verdicts:
            for mark in verdict.marks:
                tasks.setdefault(mark.column, {}).setdefault(verdict.subject, []).append(mark.value)
                pictures.setdefault(verdict.subject, []).append(mark.value)
        names = [*(task for task in TASKS if task in tasks), *(task for task in tasks if task not in TASKS)]
        draws: dict[str, Draws] = {name: draws_of(tasks[name]) for name in names}
        any_right = {subject: [max(values)] for subject, values in pictures.items()}
        return [
            figure_of("overall", mean_of_draws(list(draws.values())), note=partial_note(draws)),
            *(figure_of(name, each) for name, each in draws.items()),
            figure_of("pictures right", draws_of(pictures)),
            figure_of("prompts with a right picture", draws_of(any_right)),
        ]

    def finish(self, folder: Path, verdicts: Sequence[Verdict]) -> None:
        """results.jsonl in the original's format."""
        lines = [
            json.dumps(
                {
                    "filename": verdict.file,
                    "tag": verdict.group,
                    "prompt": verdict.words,
                    "correct": verdict.is_good,
                    "reason": verdict.reason,
                    "metadata": self.records[verdict.subject].line,
                    "details": verdict.raw,
                },
                ensure_ascii=False,
            )
            for verdict in verdicts
            if not verdict.failure
        ]
        (folder / "results.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")


def partial_note(tasks: Iterable[str]) -> str:
    """An overall of fewer tasks is easier or harder than the published one."""
    missing = [task for task in TASKS if task not in set(tasks)]
    return f"without {', '.join(missing)} (no prompts)" if missing else ""
