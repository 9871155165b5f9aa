"""From trained modules to a weights folder in diffusers layout, with vocabulary and manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import diffusers
import torch
from diffusers import UniPCMultistepScheduler
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from engines.manifest import write_manifest
from engines.sparse_dit import SparseDiT
from engines.text import SUFFIXES, TextEncoders
from training.checkpoint import load_latest
from training.errors import CorruptCheckpoint
from training.recipes import Recipe
from training.stickers.models import build_text_encoders, build_transformer
from training.stickers.scene import BACKGROUNDS, CLASSES, COLORS, STYLES
from training.stickers.words import build_tokenizer

SAMPLING_SHIFT = 1.5


def averaged_weights(stage_folder: Path) -> dict[str, Tensor]:
    """The averaged (EMA) weights of a stage's newest checkpoint, fp32."""
    checkpoint, _ = load_latest(stage_folder / "checkpoints")
    if checkpoint is None:
        raise CorruptCheckpoint(f"{stage_folder} has no checkpoint yet: run that stage first.")
    return {name[4:]: value for name, value in checkpoint.tensors.items() if name.startswith("ema/")}


def load_drawing(recipe: Recipe, runs: Path) -> tuple[SparseDiT, TextEncoders]:
    """The pre-trained transformer and its text encoders."""
    weights = averaged_weights(runs / "pretrain")
    settings = recipe.pretrain
    transformer = build_transformer(
        width=settings.width, num_dual=settings.num_dual, num_single=settings.num_single
    )
    encoders = build_text_encoders()
    _fill(transformer, weights, "transformer.")
    _fill(encoders, weights, "encoders.")
    return transformer.eval(), encoders.eval()


def load_editing(recipe: Recipe, runs: Path) -> SparseDiT:
    """The fine-tuned edit transformer."""
    settings = recipe.edit
    transformer = build_transformer(
        width=settings.width, num_dual=settings.num_dual, num_single=settings.num_single, is_edit=True
    )
    _fill(transformer, averaged_weights(runs / "edit"), "")
    return transformer.eval()


def export(recipe: Recipe, runs: Path, out: Path) -> str:
    """Write the folder that engines and diffusers' pipeline load; returns the weights hash.

    The edit transformer is left out when its stage has not run.
    """
    transformer, encoders = load_drawing(recipe, runs)
    out.mkdir(parents=True, exist_ok=True)
    transformer.save_pretrained(out / "transformer")
    if (runs / "edit" / "checkpoints").is_dir():
        load_editing(recipe, runs).save_pretrained(out / "transformer_edit")
    _save_text(encoders, out)
    shutil.copytree(runs / "vae", out / "vae", dirs_exist_ok=True)
    UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=SAMPLING_SHIFT
    ).save_pretrained(out / "scheduler")
    _write_json(out / "model_index.json", _model_index())
    vocabulary = {"classes": CLASSES, "colors": tuple(COLORS), "backgrounds": BACKGROUNDS, "styles": STYLES}
    _write_json(out / "vocabulary.json", vocabulary)
    return write_manifest(out)


def _fill(module: nn.Module, weights: Mapping[str, Tensor], prefix: str) -> None:
    own = {name[len(prefix) :]: value for name, value in weights.items() if name.startswith(prefix)}
    names = {name for name, _ in module.named_parameters()}
    missing = names - own.keys()
    if missing:
        raise CorruptCheckpoint(f"The checkpoint does not fit the recipe: {sorted(missing)[0]} is missing.")
    module.load_state_dict(own, strict=False)


def _save_text(encoders: TextEncoders, out: Path) -> None:
    llama = LlamaForCausalLM(encoders.llama.config)
    llama.model.load_state_dict(encoders.llama.state_dict())
    with torch.no_grad():
        llama.lm_head.weight.copy_(llama.model.embed_tokens.weight)
    models = (encoders.clip_l, encoders.clip_g, encoders.t5, llama)
    for model, suffix in zip(models, SUFFIXES, strict=True):
        model.save_pretrained(out / f"text_encoder{suffix}")  # type: ignore[operator]
        build_tokenizer().save_pretrained(out / f"tokenizer{suffix}")


def _model_index() -> dict[str, object]:
    tokenizer = ["transformers", "PreTrainedTokenizerFast"]
    return {
        "_class_name": "HiDreamImagePipeline",
        "_diffusers_version": diffusers.__version__,
        "scheduler": ["diffusers", "UniPCMultistepScheduler"],
        "text_encoder": ["transformers", "CLIPTextModelWithProjection"],
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
        "text_encoder_3": ["transformers", "T5EncoderModel"],
        "text_encoder_4": ["transformers", "LlamaForCausalLM"],
        "tokenizer": tokenizer,
        "tokenizer_2": tokenizer,
        "tokenizer_3": tokenizer,
        "tokenizer_4": tokenizer,
        "transformer": ["diffusers", "HiDreamImageTransformer2DModel"],
        "vae": ["diffusers", "AutoencoderDC"],
    }


def _write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=2) + "\n", "utf-8")
