"""CLIP as a judge uses it: normalised embeddings of pictures and words (Radford et al. 2021)."""

# B pictures, T texts, D width of the joint space

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoTokenizer, CLIPImageProcessorPil, CLIPModel

from training.benchmarks.errors import JudgeUnavailable

__all__ = ["Clip", "load_clip", "load_tokenizer"]


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A CLIP model with its tokenizer and its way of preparing pictures."""

    model: Any
    tokenizer: Any
    prepare: Any

    def words(self, texts: Sequence[str]) -> Tensor:
        """(T, D), each of length 1. Longer texts lose their end."""
        length = self.model.config.text_config.max_position_embeddings
        tokens = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=length, return_tensors="pt"
        )["input_ids"].to(self.model.device)
        with torch.inference_mode():
            # The last layer attends to what is before a token only: padding after the end changes nothing.
            pooled_TD = self.model.text_model(input_ids=tokens).pooler_output
            return F.normalize(self.model.text_projection(pooled_TD).float(), dim=-1)

    def pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        """(B, D), each of length 1."""
        pixels = self.prepare(images=[p.convert("RGB") for p in pictures], return_tensors="pt")[
            "pixel_values"
        ]
        pixels = pixels.to(self.model.device, self.model.dtype)
        with torch.inference_mode():
            pooled_BD = self.model.vision_model(pixel_values=pixels).pooler_output
            return F.normalize(self.model.visual_projection(pooled_BD).float(), dim=-1)


def load_clip(name: str, device: torch.device) -> Clip:
    """From the hub or a folder, safetensors only. Raises JudgeUnavailable."""
    try:
        model: Any = CLIPModel.from_pretrained(name, use_safetensors=True)
        return Clip(
            model=model.to(device).eval(),
            tokenizer=load_tokenizer(name),
            prepare=CLIPImageProcessorPil.from_pretrained(name),
        )
    except (OSError, ValueError) as error:
        raise JudgeUnavailable(f"The CLIP model {name} cannot be loaded ({error}).") from error


def load_tokenizer(name: str) -> Any:
    """Raises JudgeUnavailable."""
    try:
        return AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise JudgeUnavailable(f"The tokenizer of {name} cannot be loaded ({error}).") from error
