"""The small models of the stickers world: official structure, small width."""

from __future__ import annotations

from typing import Any

from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    LlamaConfig,
    LlamaModel,
    T5Config,
    T5EncoderModel,
)

from engines.sparse_dit import SparseDiT
from engines.text import TextEncoders
from training.stickers.words import MAX_TOKENS, vocabulary

LATENT_SIDE = 16
TEXT_WIDTH = 96
POOLED_WIDTH = 64  # of each CLIP
NUM_LLAMA_LAYERS = 3


def build_text_encoders() -> TextEncoders:
    """Two CLIP text models with projection, a T5 encoder and a Llama, all from nothing."""
    words = vocabulary()
    ids: Any = {"pad_token_id": words["<pad>"], "eos_token_id": words["</s>"], "bos_token_id": words["</s>"]}
    clips = [
        CLIPTextModelWithProjection(
            CLIPTextConfig(
                vocab_size=len(words),
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=num_layers,
                num_attention_heads=2,
                projection_dim=POOLED_WIDTH,
                max_position_embeddings=MAX_TOKENS,
                attention_dropout=0.0,
                **ids,
            )
        )
        for num_layers in (1, 2)
    ]
    t5 = T5EncoderModel(
        T5Config(
            vocab_size=len(words),
            d_model=TEXT_WIDTH,
            d_kv=32,
            d_ff=192,
            num_layers=2,
            num_heads=3,
            dropout_rate=0.0,
            feed_forward_proj="gated-gelu",
            relative_attention_num_buckets=16,
            relative_attention_max_distance=MAX_TOKENS,
            pad_token_id=ids["pad_token_id"],
            eos_token_id=ids["eos_token_id"],
        )
    )
    llama = LlamaModel(
        LlamaConfig(
            vocab_size=len(words),
            hidden_size=TEXT_WIDTH,
            intermediate_size=256,
            num_hidden_layers=NUM_LLAMA_LAYERS,
            num_attention_heads=3,
            num_key_value_heads=3,
            max_position_embeddings=4 * MAX_TOKENS,
            **ids,
        )
    )
    return TextEncoders(clips[0], clips[1], t5, llama)


def build_transformer(
    *, width: int = 96, num_dual: int = 2, num_single: int = 4, is_edit: bool = False
) -> SparseDiT:
    """The report's transformer at small width; an edit model reads pictures side by side, twice as wide."""
    num_blocks = num_dual + num_single
    return SparseDiT(
        patch_size=2,
        in_channels=16,
        out_channels=16,
        num_layers=num_dual,
        num_single_layers=num_single,
        attention_head_dim=32,
        num_attention_heads=width // 32,
        caption_channels=[TEXT_WIDTH, TEXT_WIDTH],
        text_emb_dim=2 * POOLED_WIDTH,
        num_routed_experts=4,
        num_activated_experts=2,
        axes_dims_rope=[8, 12, 12],
        max_resolution=[LATENT_SIDE, LATENT_SIDE * (2 if is_edit else 1)],
        llama_layers=[min(index, NUM_LLAMA_LAYERS - 1) for index in range(num_blocks)],
    )
