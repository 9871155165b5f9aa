"""`python -m training compare`: students beside their teacher, at its steps and at theirs."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from engines.engine import DiffusionEngine
from engines.load_engine import load_engine
from engines.presets import PRESETS, Preset
from engines.vae import Vae
from training.checkpoint import fill
from training.errors import BadRecipe
from training.evaluation.batches import Sampling, draw_all
from training.evaluation.benchmarks import Panel, drawing_panel
from training.evaluation.geneval import judge
from training.evaluation.judge import judge_of
from training.evaluation.prompts import TASKS, own_prompts
from training.evaluation.quality import feature_distance, features_of, fidelity_db, sharpness, true_scene_of
from training.evaluation.report import (
    Cell,
    Mark,
    Report,
    Row,
    Shown,
    Table,
    summarise,
    write_json,
    write_sheet,
)
from training.evaluation.score import Watch
from training.evaluation.train_detector import round_trip
from training.export import averaged_weights
from training.loop import Say
from training.stickers.detector import Detector
from training.stickers.render import font_version, render

__all__ = ["add_arguments", "run", "setups"]

COMPARED_TASKS = (*TASKS, "held_out")
SHOWN_PER_ROW = 8
STUDENTS = {"dev": (28,), "fast": (16, 14)}


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One row: what draws. `run`: the run whose averaged weights take the transformer's place."""

    name: str
    preset: Preset
    weights: Path
    run: Path | None = None

    def load(self) -> DiffusionEngine:
        """Raises EngineError, or CorruptCheckpoint where the run does not fit."""
        engine = load_engine(self.preset, self.weights)
        if self.run is not None:
            dit = engine.parts.dit
            dit.unfuse()
            # In float16 between, as an export keeps them.
            fill(dit, {name: each.half() for name, each in averaged_weights(self.run).items()})
            dit.fuse()
        return engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training compare`."""
    parser.add_argument("--weights", type=Path, default=Path("engines/stickers"), help="folder of the family")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="another folder's Fast as one more row",
    )
    parser.add_argument(
        "--student",
        action="append",
        default=[],
        metavar="NAME=RUN",
        help="a run's folder, say runs/stickers_cpu/fast-no-matching: its student as one more row",
    )
    parser.add_argument(
        "--student-steps", type=int, nargs="+", default=[16], help="what --student's rows draw in"
    )
    parser.add_argument("--only", nargs="+", metavar="WORD", help="rows whose name holds one of these words")
    parser.add_argument("--prompts", type=int, default=10, help="prompts a task")
    parser.add_argument("--seeds", type=int, default=2, help="pictures a prompt")
    parser.add_argument("--batch", type=int, default=8, help="pictures at once")
    parser.add_argument("--seed", type=int, default=0, help="of the prompts")
    parser.add_argument("--detector", type=Path, help="folder of the judge (default: the one that fits)")
    parser.add_argument("--json", type=Path, help="write all numbers here")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet (PNG) here")


def setups(
    weights: Path,
    also: Mapping[str, Path],
    students: Mapping[str, Path] | None = None,
    student_steps: Sequence[int] = (16,),
) -> list[Setup]:
    """Full as it is used, the teacher at the students' steps, every student that `weights` holds, and those
    of other runs: of Dev's grid where they draw in 28 steps, else of Fast's.

    The teacher draws with Full's own sampler and with the students' (LCM), each with and without guidance.
    """
    full = PRESETS["stickers-full"]
    rows = [Setup(name="full 50, guided", preset=full, weights=weights)]
    for student, all_steps in STUDENTS.items():
        own = PRESETS[f"stickers-{student}"]
        on_its_grid = replace(own, transformer=full.transformer, guided=full.guided)
        for steps in all_steps:
            for sampler, preset in (("unipc", full), ("lcm", on_its_grid)):
                for words, guidance in (("guided", full.guidance), ("no guidance", 0.0)):
                    name = f"teacher {steps} {sampler}, {words}"
                    rows.append(
                        Setup(
                            name=name,
                            preset=replace(preset, num_steps=steps, guidance=guidance),
                            weights=weights,
                        )
                    )
    for student, all_steps in STUDENTS.items():
        own = PRESETS[f"stickers-{student}"]
        if (weights / own.transformer).is_dir():
            rows += [
                Setup(name=f"{student} {steps}", preset=replace(own, num_steps=steps), weights=weights)
                for steps in all_steps
            ]
    fast = PRESETS["stickers-fast"]
    rows += [Setup(name=name, preset=fast, weights=folder) for name, folder in also.items()]
    for name, run in (students or {}).items():
        for steps in student_steps:
            own = PRESETS["stickers-dev" if steps in STUDENTS["dev"] else "stickers-fast"]
            # The weights come from the run: the folder need not hold a student.
            preset = replace(own, num_steps=steps, transformer=full.transformer)
            rows.append(Setup(name=f"{name} {steps}", preset=preset, weights=weights, run=run))
    return rows


def run(args: argparse.Namespace, say: Say) -> int:
    """Draw, judge, print. Raises TrainingError or EngineError."""
    if min(args.prompts, args.seeds, args.batch, *args.student_steps) < 1:
        raise BadRecipe("--prompts, --seeds, --batch and --student-steps must be at least 1.")
    started = time.monotonic()
    chosen = [
        setup
        for setup in setups(
            args.weights,
            folders_of("--also", args.also),
            folders_of("--student", args.student),
            args.student_steps,
        )
        if not args.only or any(word in setup.name for word in args.only)
    ]
    if not chosen:
        raise BadRecipe(f"No row is called so: {', '.join(args.only)}.")
    judging = judge_of(args.weights, args.detector)
    detector, world = judging.detector, judging.world
    panel = drawing_panel(own_prompts(args.prompts, args.seed, COMPARED_TASKS, world), args.seeds)
    vae = Vae.from_pretrained(args.weights / "vae")
    decoded = round_trip(vae, panel.truth)
    truth = features_of(detector.read(decoded))
    rows, shown = [], []
    for setup in chosen:
        engine = setup.load()
        watch = Watch(f"drawn by {setup.name}")
        sampling = Sampling(batch_size=args.batch)
        drawn = draw_all(engine, panel.wishes, sampling, watch.tell(len(panel.wishes)))
        row, pictures = compared(setup.name, panel, drawn, detector, vae, truth)
        seconds = Cell(mean=watch.seconds_each, interval=None, num_pictures=len(drawn))
        rows.append(replace(row, cells={**row.cells, "seconds": seconds}))
        shown += pictures[:: max(1, len(pictures) // SHOWN_PER_ROW)][:SHOWN_PER_ROW]
    rows.append(compared("true renders, decoded", panel, decoded, detector, vae, truth)[0])
    report = Report(
        facts={
            "weights": str(args.weights),
            "prompts": f"own, seed {args.seed}, {args.prompts} a task",
            "seeds a prompt": args.seeds,
            "threads": torch.get_num_threads(),
            "cores": os.cpu_count(),
            "torch": torch.__version__,
            "font": font_version(),
            "minutes": round((time.monotonic() - started) / 60, 1),
        },
        tables=(Table(title="Students and their teacher", overall_columns=("score",), rows=tuple(rows)),),
        judge_error=judging.error,
    )
    say(report.text())
    if args.json:
        write_json(report, args.json)
    if args.sheet:
        write_sheet(shown, args.sheet)
    return 0


def folders_of(flag: str, values: Sequence[str]) -> dict[str, Path]:
    """NAME=FOLDER of a flag given several times. Raises BadRecipe."""
    folders = {}
    for value in values:
        name, equals, folder = value.partition("=")
        if not equals or not Path(folder).is_dir():
            raise BadRecipe(f"{flag} takes NAME=FOLDER with a folder that exists, not {value!r}.")
        folders[name] = Path(folder)
    return folders


def compared(
    name: str,
    panel: Panel,
    drawn: Sequence[Image.Image],
    detector: Detector,
    vae: Vae,
    truth_NC: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> tuple[Row, list[Shown]]:
    """The row of one set-up, and its pictures with their verdicts.

    Fidelity and sharpness are taken against the decoded true render of what is seen: what the autoencoder
    cannot show is nobody's fault. Sharpness is of right pictures alone, where both show the same things.
    `score` is the mean of GenEval's six tasks.
    """
    readings = detector.read(drawn)
    verdicts = [judge(p, reading).is_correct for p, reading in zip(panel.asked, readings, strict=True)]
    scenes = [true_scene_of(picture, reading) for picture, reading in zip(drawn, readings, strict=True)]
    truths = round_trip(vae, [render(scene) for scene in scenes])
    marks = []
    for prompt, is_right, picture, truth in zip(panel.asked, verdicts, drawn, truths, strict=True):
        values = {prompt.tag: float(is_right), "fidelity dB": fidelity_db(picture, truth)}
        if is_right:
            values["sharpness"] = sharpness(picture, truth)
        marks += [Mark(column=name, subject=prompt.prompt, value=value) for name, value in values.items()]
    row = summarise(name, marks, TASKS)
    distance = feature_distance(features_of(readings), truth_NC)
    cells = {
        "score": row.overall,
        "held out": row.cells["held_out"],
        "fidelity dB": row.cells["fidelity dB"],
        "distance": Cell(mean=distance, interval=None, num_pictures=len(drawn)),
        "sharpness": row.cells.get("sharpness"),
    }
    shown = [
        Shown(picture=picture, caption=f"{name}: {prompt.prompt}", is_good=is_right)
        for picture, prompt, is_right in zip(drawn, panel.asked, verdicts, strict=True)
    ]
    return Row(name=name, cells={key: cell for key, cell in cells.items() if cell}, overall=None), shown
