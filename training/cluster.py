"""Stages of a cluster recipe: pictures into shards, pre-training by resolution, post-training, export."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import UniPCMultistepScheduler
from PIL import Image

from engines.load_engine import quiet_libraries
from engines.manifest import MANIFEST, write_manifest
from engines.sizes import Size, cover
from engines.vae import Vae
from training.checkpoint import last_step, latest
from training.cluster_recipes import ClusterRecipe, ClusterStage, find_cluster_recipe
from training.data.folder import read_pictures
from training.data.latent_reader import LatentReader
from training.data.resize import ResizeRule, find_size
from training.data.shards import encode_shards, to_record
from training.distributed import Team, join
from training.errors import BadRecipe, CorruptCheckpoint
from training.loop import LoopSettings, Say, silent, train
from training.materialize import materialize, on_meta, start_from_run, start_from_weights
from training.noise_levels import TrainedAt
from training.official import write_transformer
from training.optim import OptimSettings
from training.stages.pictures import PicturesSettings, PicturesStage
from training.texts import load_texts

__all__ = ["add_arguments", "encode_pictures", "export", "run", "run_stage"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that cluster recipes add to a stage."""
    parser.add_argument("--data", type=Path, help="cluster recipes: what `python -m training latents` wrote")
    parser.add_argument(
        "--weights", type=Path, help="cluster recipes: a folder with text encoders and autoencoder"
    )
    parser.add_argument(
        "--from", dest="start", type=Path, help="cluster recipes: begin with this transformer folder"
    )


def run(args: argparse.Namespace, say: Say) -> int:
    """One command of `python -m training` for a cluster recipe. Raises TrainingError or EngineError."""
    recipe = find_cluster_recipe(args.recipe, args.set)
    runs = args.runs / recipe.name
    if args.command == "export":
        say(f"{export(recipe, runs, args.out or Path(recipe.name), args.weights)}: written.")
        return 0
    with join() as team:
        say = say if team.is_first else silent
        if args.command == "latents":
            encode_pictures(recipe, args.pictures, args.weights, args.out, team, say)
            return 0
        if args.command not in ("pretrain", "posttrain"):
            raise BadRecipe(f"{recipe.name} has no stage {args.command}: it has pretrain and posttrain.")
        if args.pictures is not None:
            raise BadRecipe(
                f"{recipe.name} trains on latents: encode {args.pictures} with `python -m training latents` "
                "and name the result with --data."
            )
        if args.data is None or args.weights is None:
            raise BadRecipe(
                f"{recipe.name} needs --data, what `python -m training latents` wrote, and --weights, a "
                "folder with text encoders and autoencoder."
            )
        torch.set_num_threads(args.threads or torch.get_num_threads())
        place = Place(runs=runs, data=args.data, weights=args.weights, team=team)
        names = [stage.name for stage in recipe.stages]
        stages = [stage for stage in recipe.stages if stage.name.startswith(args.command)]
        for stage in stages:
            place_before = names.index(stage.name) - 1
            before = runs / names[place_before] if place_before >= 0 else None
            if args.start is not None and stage is stages[0]:
                before = args.start
            run_stage(recipe, stage, place, say, before=before, minutes=args.minutes)
            if last_step(runs / stage.name) < stage.num_steps:
                break  # the sitting is over
    return 0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a stage reads and writes: `data` holds shards, `weights` text encoders and autoencoder."""

    runs: Path
    data: Path
    weights: Path
    team: Team


def encode_pictures(
    recipe: ClusterRecipe, pictures: Path, weights: Path, out: Path, team: Team, say: Say
) -> None:
    """Encode a folder of captioned pictures at each of the recipe's resolutions, into out/RULE-PX.

    Several processes divide the shards. Raises BadRecipe, EngineError.
    """
    captioned = read_pictures(pictures)
    records = [to_record(each.captions, each.sha256) for each in captioned]
    vae = Vae.from_pretrained(weights / "vae", device=team.device)
    if vae.factor != recipe.vae_factor:
        raise BadRecipe(
            f"{weights} packs {vae.factor} px into a latent; {recipe.name} means {recipe.vae_factor}."
        )
    outlines = [each.outline() for each in captioned]
    for rule, resolution in dict.fromkeys((each.resize, each.resolution_px) for each in recipe.stages):
        sizes = [find_size(each, rule, resolution, recipe.step_px) for each in outlines]

        def draw(number: int, of: list[Size] = sizes) -> Image.Image:
            return cover(captioned[number].open(), of[number])

        folder = shards_of(out, rule, resolution)
        manifest = encode_shards(
            folder, records, sizes, draw, vae, say, source=str(pictures.resolve().name), team=team
        )
        say(f"{folder}: {manifest.num_records} pictures of {len(set(sizes))} sizes.")


def shards_of(data: Path, rule: ResizeRule, resolution_px: int) -> Path:
    return data / f"{rule}-{resolution_px}"


def run_stage(
    recipe: ClusterRecipe,
    stage: ClusterStage,
    place: Place,
    say: Say,
    *,
    before: Path | None,
    minutes: float | None = None,
) -> None:
    """Train one stage, or go on with it, or, where it is done, nothing.

    `before`: the run that it starts from, or a transformer folder in diffusers layout; None for nothing.
    """
    quiet_libraries()
    team, folder = place.team, place.runs / stage.name
    settings, optim = settings_of(recipe, stage, team.size), optim_of(recipe, stage)
    saved, _ = latest(folder / "checkpoints", team)
    if saved is not None and saved.step >= optim.num_steps:
        say(f"{stage.name} is done.")
        return
    vae = Vae.from_pretrained(place.weights / "vae", device=team.device)
    pictures = LatentReader(shards_of(place.data, stage.resize, stage.resolution_px), vae.encoder_hash())
    texts = load_texts(place.weights, team, settings.compute)
    network = materialize(recipe.config, team, settings.compute, recipe.seed)
    if saved is None and before is not None:
        if (before / "config.json").is_file():
            start_from_weights(network, before, say)
        else:
            say(f"{stage.name} starts from step {start_from_run(network, before, team)} of {before.name}.")
    loop = LoopSettings(
        optim=optim,
        accumulate=stage.num_accumulated(team.size),
        minutes=minutes,
        log_seconds=recipe.log_seconds,
        checkpoint_minutes=recipe.checkpoint_minutes,
        sheet_minutes=recipe.sheet_minutes,
    )
    say(
        f"{stage.name}: {pictures.num_records} pictures in {len(pictures.buckets)} sizes, "
        f"{settings.batch_size * loop.accumulate} a step on {team.size} processes."
    )
    trained = PicturesStage(settings, network, pictures, texts, vae, team)
    if trained.order.num_left_out:
        say(f"{trained.order.num_left_out} pictures are of sizes too rare to fill half a batch: left out.")
    train(trained, loop, folder, say, team)


def settings_of(recipe: ClusterRecipe, stage: ClusterStage, num_gpus: int) -> PicturesSettings:
    return PicturesSettings(
        name=stage.name,
        resolution_px=stage.resolution_px,
        batch_size=stage.at_once(num_gpus) * num_gpus,
        noise_levels=recipe.noise_levels,
        precision=recipe.precision,
        recomputes=recipe.recomputes,
        taken=recipe.taken,
        caption_drop=recipe.caption_drop,
        balance_weight=recipe.balance_weight,
        sheet_prompts=recipe.sheet_prompts,
        seed=recipe.seed,
    )


def optim_of(recipe: ClusterRecipe, stage: ClusterStage) -> OptimSettings:
    return OptimSettings(
        learning_rate=stage.learning_rate,
        num_steps=stage.num_steps,
        warmup_steps=stage.warmup_steps,
        decay_share=recipe.decay_share,
        betas=recipe.betas,
        weight_decay=recipe.weight_decay,
        clip_norm=recipe.clip_norm,
        ema_decay=recipe.ema_decay,
    )


def export(recipe: ClusterRecipe, runs: Path, out: Path, weights: Path | None) -> Path:
    """Write the averaged weights of the last stage that has run, in the official names, with a scheduler that
    samples as was trained; the other parts of `weights`, if given, beside them, and a manifest of all.

    Raises CorruptCheckpoint.
    """
    for stage in reversed(recipe.stages):
        saved, _ = latest(runs / stage.name / "checkpoints")
        if saved is not None:
            break
    else:
        raise CorruptCheckpoint(f"{runs} has no checkpoint yet: run a stage first.")
    write_transformer(out / "transformer", on_meta(recipe.config), saved, torch.bfloat16)
    trained_at = TrainedAt.from_notes(saved.notes)
    shift = 1.0 if trained_at is None else trained_at.sampling_shift
    UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift
    ).save_pretrained(out / "scheduler")
    if weights is not None:
        for part in sorted(weights.iterdir()):
            if part.name != MANIFEST and not part.name.startswith(("transformer", "scheduler")):
                copy(part, out / part.name)
        write_manifest(out)
    return out


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)
