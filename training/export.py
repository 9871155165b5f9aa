"""From trained modules to a weights folder in diffusers layout, with vocabulary and manifest."""

from __future__ import annotations

import json
from pathlib import Path

from diffusers import UniPCMultistepScheduler
from torch import Tensor

from engines.layout import write_layout
from engines.sparse_dit import SparseDiT
from engines.text import SUFFIXES, TextEncoders, TextStack
from engines.vae import Vae
from training.checkpoint import below, fill, latest, load_latest
from training.errors import CorruptCheckpoint
from training.noise_levels import TrainedAt
from training.recipes import Recipe
from training.stickers.catalogue import vocabulary_of
from training.stickers.models import LATENT_SIDE, build_text_encoders, build_transformer
from training.stickers.words import build_tokenizer, spoken_words


def averaged_weights(stage_folder: Path) -> dict[str, Tensor]:
    """The averaged (EMA) weights of a stage's newest checkpoint, fp32."""
    checkpoint, _ = load_latest(stage_folder / "checkpoints", "ema/")
    if checkpoint is None:
        raise CorruptCheckpoint(f"{stage_folder} has no checkpoint yet: run that stage first.")
    return below(checkpoint.tensors, "ema/")


def load_drawing(recipe: Recipe, runs: Path) -> tuple[SparseDiT, TextEncoders]:
    """The transformer, post-trained if that stage has run, and the text encoders that pre-training made."""
    weights = averaged_weights(runs / "pretrain")
    if (runs / "posttrain" / "checkpoints").is_dir():
        weights |= averaged_weights(runs / "posttrain")
    settings = recipe.pretrain
    transformer = build_transformer(
        width=settings.width, num_dual=settings.num_dual, num_single=settings.num_single
    )
    encoders = build_text_encoders()
    fill(transformer, weights, "transformer.")
    fill(encoders, weights, "encoders.")
    return transformer.eval(), encoders.eval()


def sampling_shift(recipe: Recipe, runs: Path) -> float:
    """That of the last stage of drawing, as its checkpoint notes it, or by the recipe where it does not."""
    stage = "posttrain" if (runs / "posttrain" / "checkpoints").is_dir() else "pretrain"
    saved, _ = latest(runs / stage / "checkpoints")
    trained_at = None if saved is None else TrainedAt.from_notes(saved.notes)
    if trained_at is not None:
        return trained_at.sampling_shift
    return recipe.pretrain.noise_levels.sampling_shift((LATENT_SIDE // 2) ** 2)


def load_student(recipe: Recipe, runs: Path, name: str) -> SparseDiT:
    """The distilled transformer of the run `name`, of the drawing model's size."""
    transformer, _ = load_drawing(recipe, runs)
    fill(transformer, averaged_weights(runs / name))
    return transformer.eval()


def load_editing(recipe: Recipe, runs: Path, name: str = "edit") -> SparseDiT:
    """The edit transformer of the run `name`, whose weights all learnt."""
    settings = recipe.edit
    transformer = build_transformer(
        width=settings.width, num_dual=settings.num_dual, num_single=settings.num_single, is_edit=True
    )
    fill(transformer, averaged_weights(runs / name))
    return transformer.eval()


def export(recipe: Recipe, runs: Path, out: Path) -> str:
    """Write the folder that engines and diffusers' pipeline load; returns the weights hash.

    Transformers are stored in float16. Those whose stage has not run are left out; a student is what matching
    made of it, where that has run.
    """
    transformer, encoders = load_drawing(recipe, runs)
    transformers = {"transformer": transformer.half()}
    for variant in ("dev", "fast"):
        ran = [name for name in (f"{variant}-matching", variant) if (runs / name / "checkpoints").is_dir()]
        if ran:
            transformers[f"transformer_{variant}"] = load_student(recipe, runs, ran[0]).half()
    if (runs / "edit" / "checkpoints").is_dir():
        transformers["transformer_edit"] = load_editing(recipe, runs).half()
    if (runs / "add" / "checkpoints").is_dir():
        transformers["transformer_add"] = load_editing(recipe, runs, "add").half()
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=sampling_shift(recipe, runs)
    )
    out.mkdir(parents=True, exist_ok=True)
    vocabulary = {**vocabulary_of(recipe.pretrain.world), "words": spoken_words(recipe.pretrain.world)}
    (out / "vocabulary.json").write_text(json.dumps(vocabulary, indent=2) + "\n", "utf-8")
    text = TextStack(encoders, [build_tokenizer() for _ in SUFFIXES])
    return write_layout(out, text, Vae.from_pretrained(runs / "vae"), scheduler, transformers)
