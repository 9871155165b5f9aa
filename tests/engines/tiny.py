"""A weights folder in diffusers layout with real classes at tiny size and random numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UniPCMultistepScheduler
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
)

from engines.manifest import write_manifest
from engines.sparse_dit import SparseDiT

MAX_TOKENS = 12
WORDS = "a an the red blue green cat dog car star on and make it left of".split()
SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")
PIPELINE_LAYOUT: dict[str, list[str]] = {
    "scheduler": ["diffusers", "UniPCMultistepScheduler"],
    "text_encoder": ["transformers", "CLIPTextModelWithProjection"],
    "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
    "text_encoder_3": ["transformers", "T5EncoderModel"],
    "text_encoder_4": ["transformers", "LlamaForCausalLM"],
    "tokenizer": ["transformers", "PreTrainedTokenizerFast"],
    "tokenizer_2": ["transformers", "PreTrainedTokenizerFast"],
    "tokenizer_3": ["transformers", "PreTrainedTokenizerFast"],
    "tokenizer_4": ["transformers", "PreTrainedTokenizerFast"],
    "transformer": ["diffusers", "HiDreamImageTransformer2DModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
TRANSFORMER: dict[str, Any] = {
    "patch_size": 2,
    "in_channels": 4,
    "out_channels": 4,
    "num_layers": 1,
    "num_single_layers": 1,
    "attention_head_dim": 16,
    "num_attention_heads": 2,
    "caption_channels": [16, 24],
    "text_emb_dim": 20,
    "num_routed_experts": 4,
    "num_activated_experts": 2,
    "axes_dims_rope": [8, 4, 4],
    "max_resolution": [16, 16],
    "llama_layers": [0, 1],
}


def build_folder(folder: Path) -> Path:
    """All that the stickers folder has: two transformers, encoders, tokenizers, VAE, scheduler, manifest."""
    torch.manual_seed(0)
    vocabulary_size = len(SPECIAL) + len(WORDS)
    for suffix in ("", "_2", "_3", "_4"):
        build_tokenizer().save_pretrained(folder / f"tokenizer{suffix}")
    for suffix, projection in (("", 8), ("_2", 12)):
        build_clip(vocabulary_size, projection).save_pretrained(folder / f"text_encoder{suffix}")
    T5EncoderModel(
        T5Config(
            vocab_size=vocabulary_size,
            d_model=16,
            d_kv=8,
            d_ff=32,
            num_layers=2,
            num_heads=2,
            feed_forward_proj="gated-gelu",
        )
    ).save_pretrained(folder / "text_encoder_3")
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary_size,
            hidden_size=24,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
        )
    ).save_pretrained(folder / "text_encoder_4")
    build_vae().save_pretrained(folder / "vae")
    UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0, solver_order=2
    ).save_pretrained(folder / "scheduler")
    build_transformer(TRANSFORMER).save_pretrained(folder / "transformer")
    # An edit pair of 64 px pictures is 8 x 16 latents: exactly max_resolution, so nothing is padded.
    build_transformer(TRANSFORMER | {"max_resolution": [8, 16]}).save_pretrained(folder / "transformer_edit")
    index = {"_class_name": "HiDreamImagePipeline", "_diffusers_version": "0.32.1", **PIPELINE_LAYOUT}
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))
    vocabulary = {"classes": ["cat", "dog"], "colors": ["red"], "backgrounds": [], "styles": []}
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary))
    write_manifest(folder)
    return folder


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Word level, with start and end tokens."""
    words = {word: index for index, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        model_max_length=MAX_TOKENS,
    )


def build_clip(vocabulary_size: int, projection: int) -> CLIPTextModelWithProjection:
    return CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=vocabulary_size,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=128,
            projection_dim=projection,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
        )
    )


def build_vae() -> Any:
    """8x down; latents of about unit size."""
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=2,
        scaling_factor=0.8,
        shift_factor=0.1,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )


def build_transformer(keys: dict[str, Any]) -> SparseDiT:
    """Random everywhere, so that every path and the words count."""
    model = SparseDiT(**keys)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5 / max(parameter.shape[-1], 16) ** 0.5)
    return model
