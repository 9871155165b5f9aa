"""`python -m training compare-edits`: editors of several runs side by side, and what they leave untouched."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from engines.engine import DiffusionEngine
from engines.load_engine import load_engine
from training.checkpoint import fill
from training.errors import BadRecipe
from training.evaluation.batches import Sampling, Wish, edit_all
from training.evaluation.benchmarks import seed_of, subject
from training.evaluation.compare import folders_of
from training.evaluation.editing import own_edits, score_edit
from training.evaluation.judge import judge_of
from training.evaluation.report import Cell, Mark, Report, Row, Table, summarise, write_json
from training.evaluation.score import Watch
from training.evaluation.train_detector import round_trip
from training.export import averaged_weights
from training.loop import Say
from training.stickers.detector import Detector
from training.stickers.edits import WHOLE_PICTURE, Edit
from training.stickers.render import render

__all__ = ["add_arguments", "run"]

PER_MILLE = 1000
SHIPPED = "weights"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training compare-edits`."""
    parser.add_argument("--weights", type=Path, default=Path("engines/stickers"), help="folder of the family")
    parser.add_argument(
        "--editor",
        action="append",
        default=[],
        metavar="NAME=RUN",
        help="a run of `edit` (not of an adapter), say runs/stickers_cpu/edit-even, as one more row",
    )
    parser.add_argument("--prompts", type=int, default=12, help="edits a type")
    parser.add_argument("--steps", type=int, help="denoising steps (default: the preset's)")
    parser.add_argument("--batch", type=int, default=8, help="pictures at once")
    parser.add_argument("--seed", type=int, default=0, help="of the edits")
    parser.add_argument("--detector", type=Path, help="folder of the judge (default: the one that fits)")
    parser.add_argument("--json", type=Path, help="write all numbers here")


def run(args: argparse.Namespace, say: Say) -> int:
    """Edit, judge, print. Raises TrainingError or EngineError."""
    if min(args.prompts, args.batch) < 1:
        raise BadRecipe("--prompts and --batch must be at least 1.")
    judge = judge_of(args.weights, args.detector)
    detector = judge.detector
    engine = load_engine("stickers-edit", args.weights)
    edits = own_edits(args.prompts, args.seed, judge.world)
    targets = round_trip(engine.parts.vae, [render(edit.target) for edit in edits])
    rows = [row(SHIPPED, edits, edited(SHIPPED, engine, edits, args), detector, targets)]
    for name, folder in folders_of("--editor", args.editor).items():
        wear(engine, folder)
        rows.append(row(name, edits, edited(name, engine, edits, args), detector, targets))
    rows.append(row("true target, autoencoder", edits, targets, detector, targets))
    report = Report(
        facts={
            "weights": str(args.weights),
            "edits": f"own, seed {args.seed}, {args.prompts} a type",
            "threads": torch.get_num_threads(),
            "untouched error": f"mean absolute difference to the true target outside the mask, x {PER_MILLE}",
        },
        tables=(Table(title="Editors", overall_columns=("score",), rows=tuple(rows)),),
        judge_error=judge.error,
    )
    say(report.text())
    if args.json:
        write_json(report, args.json)
    return 0


def wear(engine: DiffusionEngine, folder: Path) -> None:
    """A run's averaged weights in the engine, in float16 between, as an export keeps them."""
    dit = engine.parts.dit
    dit.unfuse()
    fill(dit, {name: each.half() for name, each in averaged_weights(folder).items()})
    dit.fuse()


def edited(
    name: str, engine: DiffusionEngine, edits: Sequence[Edit], args: argparse.Namespace
) -> list[Image.Image]:
    """One picture an edit, the same noise for every editor."""
    wishes = [
        Wish(words=edit.instruction, seed=seed_of(index, 0), source=render(edit.source))
        for index, edit in enumerate(edits)
    ]
    sampling = Sampling(num_steps=args.steps, batch_size=args.batch)
    return edit_all(engine, wishes, sampling, Watch(f"edited by {name}").tell(len(wishes)))


def row(
    name: str,
    edits: Sequence[Edit],
    pictures: Sequence[Image.Image],
    detector: Detector,
    decoded: Sequence[Image.Image],
) -> Row:
    """Means over the types: score, success and restraint of 10, and the error of what should not differ, of
    all types that leave something untouched and of each."""
    marked = [
        score_edit(*each) for each in zip(edits, pictures, detector.read(pictures), decoded, strict=True)
    ]
    seen = dict.fromkeys(edit.type for edit in edits)
    types = tuple(each.value for each in seen)
    local = tuple(each.value for each in seen if each not in WHOLE_PICTURE)

    def mean(values: Sequence[float], columns: Sequence[str]) -> Row:
        marks = [
            Mark(column=edit.type.value, subject=subject(edit), value=value)
            for edit, value in zip(edits, values, strict=True)
        ]
        return summarise(name, marks, columns)

    cells: dict[str, Cell | None] = {}
    for column in ("score", "success", "restraint"):
        cells[column] = mean([float(getattr(each, column)) for each in marked], types).overall
    errors = mean([PER_MILLE * each.error_outside for each in marked], local)
    cells["untouched"] = errors.overall
    cells |= {f"{each}: unt.": errors.cells[each] for each in local}
    return Row(name=name, cells={key: cell for key, cell in cells.items() if cell}, overall=None)
