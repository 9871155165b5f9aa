"""Judges' networks and pipelines of the real classes at tiny size, random numbers, saved to folders."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    StableDiffusionInstructPix2PixPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
)

LETTERS = [*string.ascii_lowercase, *(f"{letter}</w>" for letter in string.ascii_lowercase)]
VOCABULARY = {word: index for index, word in enumerate([*LETTERS, "<|startoftext|>", "<|endoftext|>"])}
START, END = len(LETTERS), len(LETTERS) + 1
POSITIONS = 40


def build_tokenizer() -> CLIPTokenizer:
    """A letter a token."""
    return CLIPTokenizer(vocab=VOCABULARY, merges=[], model_max_length=POSITIONS)


def text_config(**more: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(VOCABULARY),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": POSITIONS,
        "bos_token_id": START,
        "eos_token_id": END,
        "pad_token_id": END,
        **more,
    }


def clip_config(hidden_act: str = "quick_gelu") -> CLIPConfig:
    return CLIPConfig(
        projection_dim=12,
        text_config=text_config(projection_dim=12, hidden_act=hidden_act),
        vision_config={
            "hidden_size": 20,
            "intermediate_size": 40,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 16,
            "patch_size": 4,
            "projection_dim": 12,
            "hidden_act": hidden_act,
        },
    )


def build_clip(folder: Path) -> Path:
    torch.manual_seed(0)
    CLIPModel(clip_config()).save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    size = {"shortest_edge": 16}
    CLIPImageProcessorPil(size=size, crop_size={"height": 16, "width": 16}).save_pretrained(folder)
    return folder


def build_pipeline(folder: Path, *, edits: bool = False) -> Path:
    """Stable Diffusion for pictures of 16 px, or its editor."""
    torch.manual_seed(0)
    parts: dict[str, Any] = {
        "vae": AutoencoderKL(
            block_out_channels=(8, 8),
            norm_num_groups=4,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
        ),
        "text_encoder": CLIPTextModel(CLIPTextConfig(**text_config())),
        "tokenizer": build_tokenizer(),
        "unet": UNet2DConditionModel(
            sample_size=8,
            in_channels=8 if edits else 4,
            out_channels=4,
            layers_per_block=1,
            block_out_channels=(8, 8),
            norm_num_groups=4,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=16,
            attention_head_dim=4,
        ),
        "scheduler": DDIMScheduler(clip_sample=False, steps_offset=1),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }
    pipeline = StableDiffusionInstructPix2PixPipeline if edits else StableDiffusionPipeline
    pipeline(**parts).save_pretrained(folder)
    return folder
