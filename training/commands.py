"""What `python -m training` can do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from engines.errors import EngineError
from engines.vae import Vae
from training import cluster, editors, finetune, plan, scenes, students
from training.adopt import adopt
from training.benchmarks import command as benchmark
from training.checkpoint import last_step
from training.cluster_recipes import CLUSTER_RECIPES
from training.data.curation import command as curation
from training.data.curation import train_curators as curators
from training.data.curation.captions import server as captioner_server
from training.data.folder import Captioned, read_pictures
from training.distributed import Team, join
from training.errors import BadRecipe, Stopped, TrainingError
from training.evaluation import compare, compare_edits, score, train_detector
from training.export import averaged_weights, export
from training.eyes import command as eyes
from training.loop import LoopSettings, Say, train
from training.recipes import RECIPES, Recipe, find_recipe
from training.stages.autoencoder import AutoencoderStage, export_autoencoder, reconstruction_psnr_db
from training.stages.pretrain import PretrainStage


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """How long at most, in which team, and pictures to learn from in place of the recipe's scenes."""

    minutes: float | None
    team: Team
    pictures: Sequence[Captioned] | None = None

    def loop(self, settings: LoopSettings) -> LoopSettings:
        return settings if self.minutes is None else replace(settings, minutes=self.minutes)

    def latents(self, runs: Path, name: str) -> Path:
        return runs / "latents" / (name if self.pictures is None else f"{name}-of-pictures")


def run_autoencoder(recipe: Recipe, runs: Path, sitting: Sitting) -> None:
    """Train, then write the averaged weights where the later stages look for them."""
    require_alone(sitting.team)
    if sitting.pictures is not None:
        raise BadRecipe("The autoencoder learns from the recipe's scenes: leave --pictures out.")
    stage = AutoencoderStage(recipe.autoencoder, sitting.team.device)
    export_autoencoder(stage.model, recipe.autoencoder, runs / "vae")
    optimizer = train(stage, sitting.loop(recipe.autoencoder_loop), runs / "autoencoder", say)
    optimizer.write(optimizer.ema)
    export_autoencoder(stage.model, recipe.autoencoder, runs / "vae")
    say(f"Reconstruction on held-out scenes: {reconstruction_psnr_db(stage.model):.1f} dB PSNR.")


def run_pretrain(recipe: Recipe, runs: Path, sitting: Sitting) -> None:
    """Cache latents, learn to draw, from small pictures to large ones where the recipe says so."""
    start = None
    for growth in recipe.growth:
        name = f"pretrain-{growth.resolution_px}"
        loop = replace(
            recipe.pretrain_loop, optim=replace(recipe.pretrain_loop.optim, num_steps=growth.num_steps)
        )
        if last_step(runs / name) < growth.num_steps:
            settings = replace(
                recipe.pretrain, resolution_px=growth.resolution_px, batch_size=growth.batch_size
            )
            stage = PretrainStage(
                settings,
                _vae(runs, sitting.team),
                sitting.latents(runs, name),
                say,
                name=name,
                start=start,
                team=sitting.team,
                pictures=sitting.pictures,
            )
            train(stage, sitting.loop(loop), runs / name, say, sitting.team)
        if last_step(runs / name) < growth.num_steps:
            return  # the sitting is over
        start = averaged_weights(runs / name)
    stage = PretrainStage(
        recipe.pretrain,
        _vae(runs, sitting.team),
        sitting.latents(runs, "pretrain"),
        say,
        start=start,
        team=sitting.team,
        pictures=sitting.pictures,
    )
    train(stage, sitting.loop(recipe.pretrain_loop), runs / "pretrain", say, sitting.team)


def run_posttrain(recipe: Recipe, runs: Path, sitting: Sitting) -> None:
    """Go on from the pre-trained weights, the text encoders left as they are."""
    stage = PretrainStage(
        recipe.posttrain,
        _vae(runs, sitting.team),
        sitting.latents(runs, "pretrain"),
        say,
        name="posttrain",
        start=averaged_weights(runs / "pretrain"),
        keeps_text=True,
        team=sitting.team,
        pictures=sitting.pictures,
    )
    train(stage, sitting.loop(recipe.posttrain_loop), runs / "posttrain", say, sitting.team)


STAGES: dict[str, Callable[[Recipe, Path, Sitting], None]] = {
    "autoencoder": run_autoencoder,
    "pretrain": run_pretrain,
    "posttrain": run_posttrain,
}


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A command that follows no recipe's stages: its flags, and what carries it out."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Say], int]


TOOLS = {
    name: Tool(help=text, add_arguments=module.add_arguments, run=module.run)
    for name, module, text in (
        ("plan", plan, "What a run at full size takes."),
        ("scenes", scenes, "Write pictures of the small world."),
        ("finetune", finetune, "Teach a model your own pictures, by LoRA."),
        ("score", score, "Score drawing and editing."),
        ("compare", compare, "Set students beside their teacher."),
        ("compare-edits", compare_edits, "Set editors side by side."),
        ("benchmark", benchmark, "The report's own benchmarks."),
        ("detector", train_detector, "Train the judge."),
        ("eyes", eyes, "Train the eyes of the embedded weights."),
        ("curate", curation, "Make a training set from raw pictures."),
        ("captioner", captioner_server, "Serve captions of the small world by rule."),
        ("curators", curators, "Train the embedded networks that curate raw pictures."),
    )
}


def wants_gpu(asked: str | None, recipe: Recipe) -> bool:
    """Whether stages compute on a GPU: as asked, else as the recipe means it. Raises BadRecipe."""
    has_gpu = torch.cuda.is_available()
    if asked == "cuda" and not has_gpu:
        raise BadRecipe("PyTorch finds no CUDA device here: leave --device out, or give --device cpu.")
    if asked is None and recipe.on_gpu and not has_gpu:
        say(f"{recipe.name} is meant for a GPU and there is none: it runs on the CPU, slowly.")
    return has_gpu and (asked == "cuda" or (asked is None and recipe.on_gpu))


def require_alone(team: Team) -> None:
    if team.size > 1:
        raise BadRecipe(f"This stage trains in one process, not in {team.size}: start it without torchrun.")


def say(sentence: str) -> None:
    """Progress goes to the terminal at once, also through a pipe."""
    print(sentence, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or 2 after a sentence on stderr."""
    args = flags_parser().parse_args(arguments)
    try:
        if args.command in TOOLS:
            if "threads" in args:
                torch.set_num_threads(args.threads or torch.get_num_threads())
            return TOOLS[args.command].run(args, say)
        if args.recipe in CLUSTER_RECIPES:
            return cluster.run(args, say)
        run_recipe(args, find_recipe(args.recipe, args.set))
    except Stopped as stopped:
        print(f"{stopped}", file=sys.stderr)
        return 130
    except (TrainingError, EngineError, OSError) as error:
        print(f"{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to go on from the last checkpoint.", file=sys.stderr)
        return 130
    return 0


def run_recipe(args: argparse.Namespace, recipe: Recipe) -> None:
    """A stage of a recipe for one machine, or what goes between its runs and folders of weights."""
    runs = args.runs / recipe.name
    if args.command == "export":
        out = args.out or Path("engines/stickers")
        say(f"{out}: weights hash {export(recipe, runs, out)}")
        return
    if args.command == "adopt":
        adopted = ", ".join(adopt(args.weights, recipe, runs)) or "nothing new"
        say(f"{runs} goes on from {args.weights}: {adopted}.")
        return
    torch.set_num_threads(args.threads or torch.get_num_threads())
    with join(on_cpu=not wants_gpu(args.device, recipe)) as team:
        if args.command in students.COMMANDS:
            require_alone(team)
            place = students.Place(
                recipe=recipe, runs=runs, say=say, device=team.device, minutes=args.minutes
            )
            students.run(args, place)
        elif args.command in editors.COMMANDS:
            editors.run(args, recipe, runs, say, team)
        else:
            pictures = None if args.pictures is None else read_pictures(args.pictures)
            sitting = Sitting(minutes=args.minutes, team=team, pictures=pictures)
            STAGES[args.command](recipe, runs, sitting)


def _vae(runs: Path, team: Team) -> Vae:
    return Vae.from_pretrained(runs / "vae", device=team.device)


def flags_parser() -> argparse.ArgumentParser:
    """All commands and their flags."""
    parser = argparse.ArgumentParser(
        prog="python -m training", description="Make the engines, and score them."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="STAGE")
    stages = {name: stage.__doc__ for name, stage in STAGES.items()}
    for name, help_text in {**stages, **editors.COMMANDS, **students.COMMANDS}.items():
        command = commands.add_parser(name, help=help_text)
        _add_recipe(command)
        command.add_argument(
            "--minutes", type=float, help="end this sitting after so many minutes; resumable"
        )
        command.add_argument("--threads", type=int, help="CPU threads (default: all)")
        command.add_argument(
            "--device", choices=("cpu", "cuda"), help="what computes (default: as the recipe says)"
        )
        if name in students.COMMANDS:
            students.add_arguments(command, name)
        if name in editors.COMMANDS:
            editors.add_arguments(command, name)
        if name in STAGES:
            command.add_argument(
                "--pictures",
                type=Path,
                help="learn from these, not from scenes: a folder with .txt captions, or a curated set",
            )
        if name in ("pretrain", "posttrain"):
            cluster.add_arguments(command)
    command = commands.add_parser(
        "latents", help="Encode a folder of captioned pictures for a cluster recipe."
    )
    _add_recipe(command, default="hidream_i1")
    command.add_argument(
        "--pictures", type=Path, required=True, help="pictures with .txt captions, or a curated set"
    )
    command.add_argument("--weights", type=Path, required=True, help="a folder with the autoencoder")
    command.add_argument("--out", type=Path, required=True, help="where shards go")
    command = commands.add_parser("export", help="Write trained weights in diffusers layout, with manifest.")
    _add_recipe(command)
    command.add_argument("--out", type=Path, help="default: engines/stickers, or the cluster recipe's name")
    command.add_argument(
        "--weights", type=Path, help="cluster recipes: a folder whose other parts are copied"
    )
    command = commands.add_parser("adopt", help="Go on from exported weights: make them finished runs.")
    _add_recipe(command)
    command.add_argument("--weights", type=Path, default=Path("engines/stickers"))
    for name, tool in TOOLS.items():
        tool.add_arguments(commands.add_parser(name, help=tool.help))
    return parser


def _add_recipe(command: argparse.ArgumentParser, default: str = "stickers_cpu") -> None:
    known = ", ".join([*RECIPES, *CLUSTER_RECIPES])
    command.add_argument("--recipe", default=default, help=f"one of: {known}")
    command.add_argument(
        "--set", action="append", default=[], metavar="A.B=C", help="change a setting of the recipe"
    )
    command.add_argument(
        "--runs", type=Path, default=Path("runs"), help="where checkpoints, logs and sheets go"
    )
