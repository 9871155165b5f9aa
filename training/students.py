"""`python -m training dev`, `fast`, `dev-matching`, `fast-matching`, `ablate`: few steps, no guidance."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from engines.text import SUFFIXES, TextStack
from engines.vae import Vae
from training.checkpoint import checkpoints
from training.errors import BadRecipe
from training.export import load_drawing, load_student
from training.loop import LoopSettings, Say, train
from training.precision import training_dtype
from training.recipes import Recipe
from training.stages.distill import MatchingStage, RegressionStage
from training.stages.pretrain import drawing_latents
from training.stages.student import DistillSettings, Student, Variant
from training.stickers.words import build_tokenizer

__all__ = ["COMMANDS", "Place", "add_arguments", "run"]

COMMANDS: Mapping[str, str] = {
    "dev": "Regress to the guided teacher: 28 steps without guidance.",
    "fast": "Regress to the guided teacher: 16 steps without guidance.",
    "dev-matching": "Go on with Dev by distribution matching and a GAN's term.",
    "fast-matching": "Go on with Fast by distribution matching and a GAN's term.",
    "ablate": "Go on with a student with and without each of matching's terms.",
}


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """One of the students that `ablate` sets side by side: its run's name and what is left out."""

    suffix: str
    has_matching: bool
    has_adversarial: bool


ABLATIONS = (
    Ablation(suffix="both", has_matching=True, has_adversarial=True),
    Ablation(suffix="no-adversarial", has_matching=True, has_adversarial=False),
    Ablation(suffix="no-matching", has_matching=False, has_adversarial=True),
    Ablation(suffix="neither", has_matching=False, has_adversarial=False),
)


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The flags of one of COMMANDS, beside the recipe's."""
    if command == "ablate":
        parser.add_argument("--variant", choices=("dev", "fast"), default="fast", help="which student")
        return
    parser.add_argument(
        "--as",
        dest="run_name",
        metavar="NAME",
        help="the run's name, so that several students of a kind stand side by side (default: the stage's)",
    )


@dataclass(frozen=True, kw_only=True)
class Place:
    """A recipe's runs below one folder, the device that computes, and how long a sitting may last."""

    recipe: Recipe
    runs: Path
    say: Say
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    minutes: float | None = None

    def loop(self, settings: LoopSettings) -> LoopSettings:
        return settings if self.minutes is None else replace(settings, minutes=self.minutes)


def run(args: argparse.Namespace, place: Place) -> None:
    """Train or go on. Raises TrainingError or EngineError."""
    if args.command == "ablate":
        ablate(args.variant, place)
        return
    variant: Variant = "dev" if args.command.startswith("dev") else "fast"
    name = args.run_name or args.command
    if Path(name).name != name:
        raise BadRecipe(f"--as takes a name, not a path: {name!r}.")
    settings = settings_of(place.recipe, variant)
    if args.command == variant:
        loop = place.recipe.dev_loop if variant == "dev" else place.recipe.fast_loop
        stage = RegressionStage(student_of(variant, settings, place))
        train(stage, place.loop(loop), place.runs / name, place.say)
    else:
        match(variant, settings, place, name)


def match(variant: Variant, settings: DistillSettings, place: Place, name: str) -> None:
    """Go on by matching, from where regression left the student, if it ran."""
    if not settings.weights.matching and not settings.weights.adversarial:
        raise BadRecipe("Both weights are 0: nothing is left of the matching. Give one of them.")
    student = student_of(variant, settings, place, goes_on=True)
    train(MatchingStage(student), place.loop(place.recipe.matching_loop), place.runs / name, place.say)


def ablate(variant: Variant, place: Place) -> None:
    """Four students from one start, by equal steps and seeds; `neither` regresses on."""
    settings = settings_of(place.recipe, variant)
    for each in ABLATIONS:
        name = f"{variant}-{each.suffix}"
        place.say(f"{name}:")
        if not each.has_matching and not each.has_adversarial:
            stage = RegressionStage(student_of(variant, settings, place, goes_on=True))
            train(stage, place.loop(place.recipe.matching_loop), place.runs / name, place.say)
            continue
        weights = replace(
            settings.weights,
            matching=settings.weights.matching if each.has_matching else 0.0,
            adversarial=settings.weights.adversarial if each.has_adversarial else 0.0,
        )
        match(variant, replace(settings, weights=weights), place, name)
    flags = " ".join(f"--student {each.suffix}={place.runs / variant}-{each.suffix}" for each in ABLATIONS)
    steps = settings.num_steps
    place.say(f"Compare them: python -m training compare {flags} --student-steps {steps}")


def student_of(variant: Variant, settings: DistillSettings, place: Place, goes_on: bool = False) -> Student:
    """A student of the drawing model; `goes_on`: as regression left it, where that has run."""
    recipe, runs = place.recipe, place.runs
    transformer, encoders = load_drawing(recipe, runs)
    encoders = encoders.to(place.device, training_dtype(place.device)).requires_grad_(False)
    text = TextStack(encoders, [build_tokenizer() for _ in SUFFIXES])
    vae = Vae.from_pretrained(runs / "vae", device=place.device)
    cache = runs / "latents" / "pretrain"
    shapes = recipe.pretrain.world.shapes
    latents = {shape: drawing_latents(recipe.pretrain, vae, cache, place.say, shape) for shape in shapes}
    start = None
    if goes_on and checkpoints(runs / variant / "checkpoints"):
        start = load_student(recipe, runs, variant)
    elif goes_on:
        place.say(f"There is no run {runs / variant}: the student begins as its teacher.")
    return Student(variant, settings, recipe.pretrain, latents, transformer, text, vae, start)


def settings_of(recipe: Recipe, variant: Variant) -> DistillSettings:
    return recipe.dev if variant == "dev" else recipe.fast
