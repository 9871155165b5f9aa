"""Write a weights folder that load_engine and diffusers' HiDreamImagePipeline both read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, LlamaConfig, LlamaForCausalLM

from engines.manifest import write_manifest
from engines.sampling import Scheduler
from engines.sparse_dit import SparseDiT
from engines.sparse_dit.checkpoint import FORMAT_VERSION
from engines.text import MAX_TOKENS, SUFFIXES, TextStack
from engines.vae import Vae

__all__ = ["write_layout", "write_text"]

POSITIONS = "text_model.embeddings.position_embedding.weight"


def write_layout(
    folder: Path, text: TextStack, vae: Vae, scheduler: Scheduler, transformers: Mapping[str, SparseDiT]
) -> str:
    """Write all parts, `transformers` by folder name, and the manifest; returns the hash of the whole."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder, text)
    vae.model.register_to_config(_name_or_path="")  # where it was read is nobody's business
    vae.model.save_pretrained(folder / "vae")
    scheduler.save_pretrained(folder / "scheduler")
    for name, transformer in transformers.items():
        transformer.save_pretrained(folder / name)
    index = {
        "_class_name": "HiDreamImagePipeline",
        "_diffusers_version": FORMAT_VERSION,
        "scheduler": ["diffusers", type(scheduler).__name__],
        "transformer": ["diffusers", "HiDreamImageTransformer2DModel"],
        "vae": ["diffusers", type(vae.model).__name__],
    }
    classes = (
        "CLIPTextModelWithProjection",
        "CLIPTextModelWithProjection",
        "T5EncoderModel",
        "LlamaForCausalLM",
    )
    for suffix, name, tokenizer in zip(SUFFIXES, classes, text.tokenizers, strict=True):
        index[f"text_encoder{suffix}"] = ["transformers", name]
        index[f"tokenizer{suffix}"] = ["transformers", type(tokenizer).__name__]
    (folder / "model_index.json").write_text(
        json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    return write_manifest(folder)


def write_text(folder: Path, text: TextStack) -> None:
    """Write the four encoders and tokenizers."""
    encoders = text.encoders
    models = (
        widen_clip(encoders.clip_l),
        widen_clip(encoders.clip_g),
        encoders.t5,
        with_head(encoders.llama),
    )
    for suffix, model, tokenizer in zip(SUFFIXES, models, text.tokenizers, strict=True):
        model.save_pretrained(folder / f"text_encoder{suffix}")
        tokenizer.save_pretrained(folder / f"tokenizer{suffix}")


def widen_clip(clip: Any) -> Any:
    """A CLIP that takes MAX_TOKENS positions, since the pipeline pads every text to as many.

    CLIP is causal, so positions after the end of a text change nothing; new ones repeat the last trained one.
    """
    missing = MAX_TOKENS - clip.config.max_position_embeddings
    if missing <= 0:
        return clip
    keys = clip.config.to_dict() | {"max_position_embeddings": MAX_TOKENS}
    wide = CLIPTextModelWithProjection(CLIPTextConfig(**keys)).to(clip.dtype)
    state = clip.state_dict()
    state[POSITIONS] = torch.cat([state[POSITIONS], state[POSITIONS][-1:].expand(missing, -1)])
    wide.load_state_dict(state)
    return wide


def with_head(llama: Any) -> Any:
    """The class that the pipeline names, with a language head that shares the embedding and is never run."""
    keys = llama.config.to_dict() | {"tie_word_embeddings": True}
    model = LlamaForCausalLM(LlamaConfig(**keys)).to(llama.dtype)
    model.model.load_state_dict(llama.state_dict())
    model.tie_weights()
    return model
