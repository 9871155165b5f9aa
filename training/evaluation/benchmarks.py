"""The two benchmarks: an engine's pictures and the controls that give its numbers a meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from engines.sizes import Size
from engines.vae import Vae
from training.evaluation.batches import Wish
from training.evaluation.editing import EditScore, score_edit
from training.evaluation.geneval import judge
from training.evaluation.prompts import TASKS, Prompt
from training.evaluation.report import Mark, Row, Shown, Table, summarise
from training.evaluation.train_detector import round_trip
from training.evaluation.truth import true_scene
from training.evaluation.variety import variety_table
from training.seeds import rng_for
from training.stickers.catalogue import EDITS, SHAPES
from training.stickers.detector import Detector, Reading
from training.stickers.edits import Edit
from training.stickers.render import render

__all__ = ["Panel", "Scored", "drawing_panel", "score_drawing", "score_editing"]

Make = Callable[[Sequence[Wish]], list[Image.Image]]
"""Draws or edits all wishes, in order."""
SHOWN_PER_COLUMN = 4
GOOD_EDIT = 5.0


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A table, more tables, pictures to look at, and what went wrong in the engine's own pictures."""

    table: Table
    more: tuple[Table, ...] = ()
    shown: tuple[Shown, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What engines are asked to draw, one entry a picture, and true renders of the same."""

    asked: tuple[Prompt, ...]
    wishes: tuple[Wish, ...]
    truth: tuple[Image.Image, ...]


def drawing_panel(prompts: Sequence[Prompt], num_seeds: int) -> Panel:
    asked = [(prompt, seed) for prompt in prompts for seed in range(num_seeds)]
    return Panel(
        asked=tuple(prompt for prompt, _ in asked),
        wishes=tuple(
            Wish(words=prompt.prompt, seed=seed_of(index, seed), size=Size(*SHAPES[prompt.shape]))
            for index, (prompt, seed) in enumerate(asked)
        ),
        truth=tuple(
            render(true_scene(prompt, rng_for("score-truth", seed, index)))
            for index, (prompt, seed) in enumerate(asked)
        ),
    )


def score_drawing(
    panel: Panel,
    makes: Mapping[str, Make],
    detector: Detector,
    vae: Vae,
    training: Sequence[Image.Image] = (),
) -> Scored:
    """Rows: each engine by name; true renders, plain and decoded; the first engine's pictures under other
    prompts' words. With pictures of `training` there is a second table, of variety."""
    asked = panel.asked
    rows: list[Row] = []
    shown: list[Shown] = []
    failures: list[str] = []
    floor: Row | None = None
    seen: dict[str, Sequence[Reading]] = {}

    def row(name: str, readings: Sequence[Reading], wanted: Sequence[Prompt] = asked) -> Row:
        facts = [judge(p, reading).is_correct for p, reading in zip(wanted, readings, strict=True)]
        return summarise(name, drawing_marks(asked, facts), TASKS)

    for name, make in makes.items():
        drawn = make(panel.wishes)
        readings = seen[name] = detector.read(drawn)
        rows.append(row(name, readings))
        floor = floor or row("other prompts' words (floor)", readings, others(asked))
        verdicts = [judge(prompt, reading) for prompt, reading in zip(asked, readings, strict=True)]
        pictures = [
            Shown(picture=picture, caption=prompt.prompt, is_good=verdict.is_correct)
            for picture, prompt, verdict in zip(drawn, asked, verdicts, strict=True)
        ]
        shown += first_of_each(pictures, [prompt.tag for prompt in asked])
        failures += [
            f"{name}: {prompt.prompt} (seed {wish.seed}): {verdict.reason}"
            for prompt, wish, verdict in zip(asked, panel.wishes, verdicts, strict=True)
            if not verdict.is_correct
        ]
    rows.append(row("true renders (ceiling)", detector.read(panel.truth)))
    decoded = seen["true renders, autoencoder"] = detector.read(round_trip(vae, panel.truth))
    rows.append(row("true renders, autoencoder", decoded))
    known = detector.read(round_trip(vae, training))
    words = [prompt.prompt for prompt in asked]
    table = Table(
        title="Drawing: share of pictures right (GenEval's rules)",
        overall_columns=TASKS,
        rows=(*rows, *([floor] if floor else [])),
    )
    more = (variety_table(seen, words, known),) if known else ()
    return Scored(table=table, more=more, shown=tuple(shown), failures=tuple(failures))


def score_editing(
    edits: Mapping[str, Sequence[Edit]], num_seeds: int, make: Make, detector: Detector, vae: Vae
) -> Scored:
    """Rows: the engine, and its two parts; the source unchanged; the true target, plain and decoded.

    `edits` by the column in which they count; the overall mean is of those named like types.
    """
    columns = [column for column, group in edits.items() for _ in range(num_seeds * len(group))]
    types = tuple(column for column in edits if column in EDITS)
    asked = [edit for group in edits.values() for edit in group for _ in range(num_seeds)]
    sources = [render(edit.source) for edit in asked]
    targets = [render(edit.target) for edit in asked]
    decoded = round_trip(vae, targets)
    wishes = [
        Wish(words=edit.instruction, seed=seed_of(index, 0), source=source)
        for index, (edit, source) in enumerate(zip(asked, sources, strict=True))
    ]
    edited = make(wishes)

    def scores(pictures: Sequence[Image.Image]) -> list[EditScore]:
        readings = detector.read(pictures)
        return [score_edit(*each) for each in zip(asked, pictures, readings, decoded, strict=True)]

    def row(name: str, values: Sequence[float]) -> Row:
        marks = [
            Mark(column=column, subject=subject(edit), value=value)
            for edit, column, value in zip(asked, columns, values, strict=True)
        ]
        return summarise(name, marks, types)

    marked = scores(edited)
    rows = (
        row("edit", [each.score for each in marked]),
        row("  its success", [each.success for each in marked]),
        row("  its restraint", [each.restraint for each in marked]),
        row("source unchanged (floor)", [each.score for each in scores(sources)]),
        row("true target (ceiling)", [each.score for each in scores(targets)]),
        row("true target, autoencoder", [each.score for each in scores(decoded)]),
    )
    shown = [
        Shown(picture=picture, caption=edit.instruction, is_good=each.score >= GOOD_EDIT, source=source)
        for picture, edit, each, source in zip(edited, asked, marked, sources, strict=True)
    ]
    failures = tuple(
        f"{column}: {edit.instruction} (seed {wish.seed}): "
        f"success {each.success:.1f}, restraint {each.restraint:.1f}"
        for column, edit, wish, each in zip(columns, asked, wishes, marked, strict=True)
        if each.score < GOOD_EDIT
    )
    table = Table(
        title="Editing: the smaller of success and restraint, 0 to 10", overall_columns=types, rows=rows
    )
    return Scored(table=table, shown=first_of_each(shown, columns), failures=failures)


def drawing_marks(asked: Sequence[Prompt], facts: Sequence[bool]) -> list[Mark]:
    return [
        Mark(column=prompt.tag, subject=prompt.prompt, value=float(fact))
        for prompt, fact in zip(asked, facts, strict=True)
    ]


def subject(edit: Edit) -> str:
    """Pictures of one edit belong together; two edits may share their words but not their scenes."""
    return f"{edit.instruction} {edit.source}"


def seed_of(index: int, seed: int) -> int:
    """Each picture its own noise, the same in every run."""
    return 1_000_000 + 1_000 * seed + index


def others(asked: Sequence[Prompt]) -> list[Prompt]:
    """For each picture the words of the next different prompt of its task."""
    result = []
    for prompt in asked:
        same_task = [each for each in asked if each.tag == prompt.tag]
        first = same_task.index(prompt)
        rotated = [*same_task[first:], *same_task[:first]]
        result.append(next((each for each in rotated if each.prompt != prompt.prompt), prompt))
    return result


def first_of_each(shown: Sequence[Shown], columns: Sequence[str]) -> tuple[Shown, ...]:
    """A few of every column, spread over its pictures."""
    chosen: list[Shown] = []
    for column in dict.fromkeys(columns):
        members = [each for each, name in zip(shown, columns, strict=True) if name == column]
        stride = max(1, len(members) // SHOWN_PER_COLUMN)
        chosen += members[::stride][:SHOWN_PER_COLUMN]
    return tuple(chosen)
