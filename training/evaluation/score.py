"""`python -m training score`: how well the weights draw and edit, beside ceiling and chance."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from PIL import Image

from engines.engine import DiffusionEngine
from engines.load_engine import load_engine
from engines.presets import PRESETS
from training.errors import BadRecipe
from training.evaluation.batches import Sampling, Wish, draw_all, edit_all
from training.evaluation.benchmarks import Make, Scored, drawing_panel, score_drawing, score_editing
from training.evaluation.editing import own_edits, reasoning_edits
from training.evaluation.judge import Judge, judge_of
from training.evaluation.prompts import TASKS, Prompt, own_prompts, read_geneval
from training.evaluation.report import Report, write_json, write_sheet
from training.loop import Say
from training.stages.pretrain import PretrainSettings, pretrain_scene
from training.stickers.catalogue import World
from training.stickers.render import font_version, render

__all__ = ["add_arguments", "run"]

Facts = dict[str, str | int | float | None]
VARIANTS = {name: f"stickers-{name}" for name in ("full", "dev", "fast", "edit")}
"""Presets by the names of the family."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training score`."""
    parser.add_argument(
        "--variant",
        choices=tuple(VARIANTS),
        nargs="+",
        help="which of the family (default: all that the folder has)",
    )
    parser.add_argument(
        "--weights", type=Path, default=Path("engines/stickers"), help="folder of the weights"
    )
    parser.add_argument("--prompts", type=int, default=12, help="prompts a task, and edits a type")
    parser.add_argument("--seeds", type=int, default=2, help="pictures a prompt")
    parser.add_argument("--steps", type=int, help="denoising steps (default: the preset's)")
    parser.add_argument("--guidance", type=float, help="default: the preset's")
    parser.add_argument("--batch", type=int, default=8, help="pictures at once")
    parser.add_argument("--seed", type=int, default=0, help="of prompts and edits")
    parser.add_argument(
        "--variety",
        type=int,
        default=0,
        help="also: how seeds differ, and the nearest of so many training pictures",
    )
    parser.add_argument("--geneval", type=Path, help="GenEval's evaluation_metadata.jsonl, not own prompts")
    parser.add_argument("--detector", type=Path, help="folder of the judge (default: the one that fits)")
    parser.add_argument("--json", type=Path, help="write all numbers here")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet (PNG) here")


def run(args: argparse.Namespace, say: Say) -> int:
    """Draw, edit, judge, print. Raises TrainingError or EngineError."""
    if min(args.prompts, args.seeds, args.batch) < 1:
        raise BadRecipe("--prompts, --seeds and --batch must be at least 1.")
    started = time.monotonic()
    judge = judge_of(args.weights, args.detector)
    facts: Facts = {
        "weights": str(args.weights),
        "seeds a prompt": args.seeds,
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "font": font_version(),
    }
    scored: list[Scored] = []
    variants = args.variant or those_in(args.weights)
    drawing_variants = [name for name in variants if name != "edit"]
    if drawing_variants:
        scored.append(drawing(args, drawing_variants, judge, facts))
    if "edit" in variants:
        scored.append(editing(args, judge, facts))
    facts["minutes"] = round((time.monotonic() - started) / 60, 1)
    report = Report(
        facts=facts,
        tables=tuple(table for each in scored for table in (each.table, *each.more)),
        judge_error=judge.error,
        failures=[failure for each in scored for failure in each.failures],
    )
    say(report.text())
    if args.json:
        write_json(report, args.json)
    if args.sheet:
        write_sheet([shown for each in scored for shown in each.shown], args.sheet)
    return 0


def those_in(weights: Path) -> list[str]:
    """The variants whose transformer the folder holds; Full where nothing can be told, for its own error."""
    held = [name for name, preset in VARIANTS.items() if (weights / PRESETS[preset].transformer).is_dir()]
    return held or ["full"]


def drawing(args: argparse.Namespace, variants: Sequence[str], judge: Judge, facts: Facts) -> Scored:
    engines: dict[str, DiffusionEngine] = {}
    for name in variants:
        share = next(iter(engines.values()), None)
        engines[name] = load_engine(VARIANTS[name], args.weights, share)
        facts[f"{name} drawn with"] = described(engines[name], args)
    facts["prompts"] = str(args.geneval) if args.geneval else f"own, seed {args.seed}"

    def maker(name: str) -> Make:
        watch = Watch(f"drawn by {name}")

        def make(wishes: Sequence[Wish]) -> list[Image.Image]:
            pictures = draw_all(engines[name], wishes, sampling(args), watch.tell(len(wishes)))
            facts[f"{name}, seconds a picture"] = watch.seconds_each
            return pictures

        return make

    panel = drawing_panel(chosen_prompts(args, judge.world), args.seeds)
    makes = {name: maker(name) for name in engines}
    vae = engines[variants[0]].parts.vae
    return score_drawing(panel, makes, judge.detector, vae, training_pictures(args.variety, judge.world))


def training_pictures(count: int, world: World) -> list[Image.Image]:
    """The first square pictures that `stickers_cpu` and `stickers_starter` train on in this world."""
    settings = PretrainSettings(world=world)
    return [render(pretrain_scene(settings, index)) for index in range(count)]


def editing(args: argparse.Namespace, judge: Judge, facts: Facts) -> Scored:
    engine = load_engine(VARIANTS["edit"], args.weights)
    facts["edited with"] = described(engine, args)
    watch = Watch("edited")

    def make(wishes: Sequence[Wish]) -> list[Image.Image]:
        return edit_all(engine, wishes, sampling(args), watch.tell(len(wishes)))

    world = judge.world
    own = own_edits(args.prompts, args.seed, world)
    edits = {name: [edit for edit in own if edit.type == name] for name in world.edits}
    if reasoned := reasoning_edits(args.prompts, args.seed, world):
        edits["reasoning"] = reasoned
    scored = score_editing(edits, args.seeds, make, judge.detector, engine.parts.vae)
    facts["edit, seconds a picture"] = watch.seconds_each
    return scored


def chosen_prompts(args: argparse.Namespace, world: World) -> list[Prompt]:
    """Own prompts, or the first of each task in GenEval's file: those that ask for what the weights know.

    Raises BadRecipe when nothing there fits.
    """
    if args.geneval is None:
        return own_prompts(args.prompts, args.seed, world=world)
    fitting = read_geneval(args.geneval, world)
    chosen = [prompt for task in TASKS for prompt in [p for p in fitting if p.tag == task][: args.prompts]]
    if not chosen:
        raise BadRecipe(f"{args.geneval} has no prompt whose classes and colours the weights know.")
    return chosen


def sampling(args: argparse.Namespace) -> Sampling:
    return Sampling(num_steps=args.steps, guidance=args.guidance, batch_size=args.batch)


def described(engine: DiffusionEngine, args: argparse.Namespace) -> str:
    """Preset, weights, steps, guidance and sampler in one line."""
    preset = engine.parts.preset
    steps = args.steps or preset.num_steps
    guidance = preset.guidance if args.guidance is None else args.guidance
    sampler = f"{engine.parts.sampler}, {steps} steps, guidance {guidance:g}"
    return f"{preset.name} {engine.info.weights_hash[:12]}, {sampler}"


class Watch:
    """Says every so often how far the work is."""

    def __init__(self, verb: str) -> None:
        self.verb = verb
        self.started = time.monotonic()
        self.said = self.started
        self.seconds_each = 0.0

    def tell(self, total: int) -> Callable[[int], None]:
        """What to call with the number of finished pictures."""

        def on_batch(count: int) -> None:
            now = time.monotonic()
            self.seconds_each = round((now - self.started) / count, 2)
            if now - self.said > 15 or count == total:
                self.said = now
                print(f"{count}/{total} {self.verb}, {self.seconds_each:.2f} s a picture", flush=True)

        self.started = time.monotonic()
        return on_batch
