"""Going on from weights that are installed: what an export wrote becomes the runs that it came from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from engines.text import SUFFIXES
from training.checkpoint import checkpoints, save_checkpoint
from training.errors import CorruptCheckpoint
from training.loop import LoopSettings
from training.recipes import Recipe
from training.stickers.words import MAX_TOKENS, vocabulary

__all__ = ["adopt"]

ENCODERS = ("clip_l", "clip_g", "t5", "llama")
WORD_ROWS = ("text_model.embeddings.token_embedding.weight", "shared.weight", "embed_tokens.weight")
POSITIONS = "text_model.embeddings.position_embedding.weight"


def adopt(weights: Path, recipe: Recipe, runs: Path) -> tuple[str, ...]:
    """Write the autoencoder and finished checkpoints of every stage found in `weights`; returns their names.

    A stage that has a checkpoint already is left as it is. The optimiser's moments are not in an export:
    they begin anew where a stage is given more steps. Raises CorruptCheckpoint.
    """
    if not (weights / "vae").is_dir():
        raise CorruptCheckpoint(f"{weights} holds no exported weights: it has no folder vae.")
    if not (runs / "vae").is_dir():
        shutil.copytree(weights / "vae", runs / "vae")
    drawing = {f"transformer.{name}": each for name, each in read(weights / "transformer").items()}
    found: dict[str, tuple[Mapping[str, Tensor], LoopSettings]] = {
        "pretrain": (drawing | read_encoders(weights), recipe.pretrain_loop)
    }
    loops = {
        "dev": recipe.dev_loop,
        "fast": recipe.fast_loop,
        "edit": recipe.edit_loop,
        "add": recipe.edit_loop,
    }
    for stage, loop in loops.items():
        if (weights / f"transformer_{stage}").is_dir():
            found[stage] = (read(weights / f"transformer_{stage}"), loop)
    adopted = []
    for stage, (tensors, loop) in found.items():
        folder = runs / stage / "checkpoints"
        if checkpoints(folder):
            continue
        state = {
            f"{kept}/{name}": each.clone() for kept in ("master", "ema") for name, each in tensors.items()
        }
        save_checkpoint(folder, loop.optim.num_steps, state)
        adopted.append(stage)
    return tuple(adopted)


def read(folder: Path) -> dict[str, Tensor]:
    """All tensors in a folder's safetensors files, as float32."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise CorruptCheckpoint(f"{folder} has no safetensors file.")
    return {name: each.float() for file in files for name, each in load_file(file).items()}


def read_encoders(weights: Path) -> dict[str, Tensor]:
    """The four text encoders by training's names: what an export widened, narrow again.

    Each word keeps its row of the embeddings though its number may have changed; words that are new since
    the export get rows drawn with the spread of the others.
    """
    places = places_of_words(weights)
    tensors: dict[str, Tensor] = {}
    for suffix, encoder in zip(SUFFIXES, ENCODERS, strict=True):
        own = read(weights / f"text_encoder{suffix}")
        if encoder == "llama":
            own = {name.removeprefix("model."): each for name, each in own.items()}
        if POSITIONS in own:
            own[POSITIONS] = own[POSITIONS][:MAX_TOKENS]
        for name in set(WORD_ROWS) & own.keys():
            own[name] = rearranged(own[name], places)
        tensors |= {f"encoders.{encoder}.{name}": each for name, each in own.items()}
    return tensors


def places_of_words(weights: Path) -> list[int | None]:
    """For each word of the small world its number in the exported vocabulary, None for a new one."""
    path = weights / "tokenizer" / "tokenizer.json"
    try:
        old: dict[str, int] = json.loads(path.read_text("utf-8"))["model"]["vocab"]
    except (OSError, ValueError, KeyError) as error:
        raise CorruptCheckpoint(f"{path} cannot be read ({error!r}).") from error
    return [old.get(word) for word in vocabulary()]


def rearranged(rows_VC: Tensor, places: Sequence[int | None]) -> Tensor:
    """The embeddings of the words at these places, (V', C)."""
    generator = torch.Generator().manual_seed(0)
    new_VC = torch.randn(len(places), rows_VC.shape[1], generator=generator) * rows_VC.std()
    for index, place in enumerate(places):
        if place is not None:
            new_VC[index] = rows_VC[place]
    return new_VC
