"""`python -m training edit` and `ablate-edit`: editors, and what the spatial weight does."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from engines.text import SUFFIXES, TextStack
from engines.vae import Vae
from training.checkpoint import checkpoints
from training.distributed import ALONE, Team
from training.errors import BadRecipe
from training.export import load_drawing, load_editing
from training.loop import LoopSettings, Say, train
from training.precision import training_dtype
from training.recipes import Recipe
from training.stages.edit import EditSettings, EditStage
from training.stickers.words import build_tokenizer

__all__ = ["COMMANDS", "add_arguments", "run"]

COMMANDS: Mapping[str, str] = {
    "edit": "Learn to edit, from the drawing model; --set edit.mode=lora for an adapter.",
    "ablate-edit": "Train two editors, with and without the spatial weight.",
}
EDITOR_FILE = "editor.safetensors"
EVEN = "edit-even"
WEIGHTED = "edit-weighted"


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The flags of one of COMMANDS, beside the recipe's."""
    if command == "edit":
        parser.add_argument(
            "--as",
            dest="run_name",
            metavar="NAME",
            help="the run's name (default: edit, or edit-lora for an adapter)",
        )
    else:
        parser.add_argument(
            "--steps",
            type=int,
            default=1_000,
            help="updates of each, at a rate that decays over the last 20 %%",
        )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="NAME",
        help="a run of edit (no adapter) whose averaged weights to go on from (default: the drawing model)",
    )


def run(args: argparse.Namespace, recipe: Recipe, runs: Path, say: Say, team: Team = ALONE) -> None:
    """Train or go on. Raises TrainingError or EngineError."""
    if args.command == "ablate-edit":
        ablate(args, recipe, runs, say, team)
        return
    name = args.run_name or ("edit" if recipe.edit.mode == "full" else "edit-lora")
    if Path(name).name != name:
        raise BadRecipe(f"--as takes a name, not a path: {name!r}.")
    loop = sitting(recipe.edit_loop, args.minutes)
    train_editor(recipe, recipe.edit, loop, runs, name, args.start, say, team)


def ablate(args: argparse.Namespace, recipe: Recipe, runs: Path, say: Say, team: Team) -> None:
    """Two runs of equal steps, samples and noise; the loss of one weighs all places evenly."""
    if args.steps < 1:
        raise BadRecipe("--steps must be at least 1.")
    optim = replace(recipe.edit_loop.optim, num_steps=args.steps)
    loop = sitting(replace(recipe.edit_loop, optim=optim), args.minutes)
    for name, weight in ((WEIGHTED, recipe.edit.largest_weight), (EVEN, 1.0)):
        say(f"{name}: places that change weigh up to {weight:g} times as much.")
        settings = replace(recipe.edit, largest_weight=weight)
        train_editor(recipe, settings, loop, runs, name, args.start, say, team)
    flags = " ".join(f"--editor {name}={runs / name}" for name in (WEIGHTED, EVEN))
    say(f"Compare them: python -m training compare-edits {flags}")


def train_editor(
    recipe: Recipe,
    settings: EditSettings,
    loop: LoopSettings,
    runs: Path,
    name: str,
    start: str | None,
    say: Say,
    team: Team,
) -> None:
    """One run; an adapter is written beside its checkpoints, as engines read HiDream-E1-Full's."""
    transformer, encoders = load_drawing(recipe, runs)
    if start is not None:
        if not checkpoints(runs / start / "checkpoints"):
            raise BadRecipe(f"--from names a run that has finished a sitting, and {runs / start} has none.")
        transformer = load_editing(recipe, runs, start)
    encoders = encoders.to(team.device, training_dtype(team.device)).requires_grad_(False)
    text = TextStack(encoders, [build_tokenizer() for _ in SUFFIXES])
    cache = runs / "latents" / "edit"
    vae = Vae.from_pretrained(runs / "vae", device=team.device)
    stage = EditStage(settings, vae, text, transformer, cache, say, team)
    optimizer = train(stage, loop, runs / name, say, team)
    if stage.adapter is not None and team.is_first:
        optimizer.write(optimizer.ema)
        stage.adapter.write(runs / name / EDITOR_FILE)
        say(f"{runs / name / EDITOR_FILE}: for --editor, over the weights that it was trained on.")


def sitting(settings: LoopSettings, minutes: float | None) -> LoopSettings:
    return settings if minutes is None else replace(settings, minutes=minutes)
