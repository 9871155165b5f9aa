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
    LlamaModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
)

from engines.layout import write_layout
from engines.sparse_dit import SparseDiT
from engines.text import TextEncoders, TextStack
from engines.vae import Vae

MAX_TOKENS = 12
WORDS = "a an the red blue green cat dog car star on and make it left of".split()
SPECIAL = ("<pad>", "<bos>", "<unk>", "<eos>")
END = 3
"""Not 2: a CLIP whose end token is 2 pools at the highest token id instead."""
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


DRAWING = ("transformer", "transformer_dev", "transformer_fast")
EDITING = ("transformer_edit", "transformer_add")


def build_folder(folder: Path) -> Path:
    """All that the stickers folder has: five transformers, encoders, tokenizers, VAE, scheduler, manifest."""
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {"classes": ["cat", "dog"], "colors": ["red"], "backgrounds": [], "styles": []}
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary))
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0, solver_order=2
    )
    # An edit pair of 64 px pictures is 8 x 16 latents: exactly max_resolution, so nothing is padded.
    transformers = {
        **{name: build_transformer(TRANSFORMER) for name in DRAWING},
        **{name: build_transformer(TRANSFORMER | {"max_resolution": [8, 16]}) for name in EDITING},
    }
    write_layout(folder, build_text(), Vae(build_vae().eval()), scheduler, transformers)
    return folder


def build_text() -> TextStack:
    """Encoders of the real classes; CLIP with as few positions as training would give it."""
    num_words = len(SPECIAL) + len(WORDS)
    t5 = T5EncoderModel(
        T5Config(
            vocab_size=num_words,
            d_model=16,
            d_kv=8,
            d_ff=32,
            num_layers=2,
            num_heads=2,
            feed_forward_proj="gated-gelu",
        )
    )
    llama = LlamaModel(
        LlamaConfig(
            vocab_size=num_words,
            hidden_size=24,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=END,
        )
    )
    encoders = TextEncoders(build_clip(num_words, 8), build_clip(num_words, 12), t5, llama)
    return TextStack(encoders.eval(), [build_tokenizer() for _ in range(4)])


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Word level, with start and end tokens."""
    words = {word: index for index, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", END)]
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
            max_position_embeddings=MAX_TOKENS,
            projection_dim=projection,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=END,
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
