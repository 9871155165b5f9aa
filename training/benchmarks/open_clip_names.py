"""Weights of open_clip's names as transformers' CLIPModel has them."""

# D width of a tower, E width of the joint space

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor
from transformers import CLIPConfig

__all__ = ["from_open_clip", "vit_h_14"]

WHOLE = {
    "logit_scale": "logit_scale",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.ln_pre": "vision_model.pre_layrnorm",
    "visual.ln_post": "vision_model.post_layernorm",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final": "text_model.final_layer_norm",
}
TRANSPOSED = {"visual.proj": "visual_projection.weight", "text_projection": "text_projection.weight"}
"""open_clip multiplies from the right: (D, E) there, (E, D) here."""
INSIDE = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
BLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)")


def from_open_clip(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Raises ValueError for a name that no CLIP of open_clip has."""
    converted: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        plain = name.removeprefix("module.")
        stem, _, kind = plain.rpartition(".")
        if plain == "attn_mask":
            continue  # a constant
        if plain in TRANSPOSED:
            converted[TRANSPOSED[plain]] = tensor.T.contiguous()
        elif plain in WHOLE:
            converted[WHOLE[plain]] = tensor
        elif stem in WHOLE:
            converted[f"{WHOLE[stem]}.{kind}"] = tensor
        elif match := BLOCK.fullmatch(plain):
            converted |= block(match[1], match[2], match[3], tensor)
        else:
            raise ValueError(f"{name} is no weight of open_clip's CLIP")
    return converted


def block(visual: str | None, number: str, rest: str, tensor: Tensor) -> dict[str, Tensor]:
    """open_clip keeps query, key and value as one."""
    tower = "vision_model" if visual else "text_model"
    layer = f"{tower}.encoder.layers.{number}"
    if rest in ("attn.in_proj_weight", "attn.in_proj_bias"):
        kind = rest.rpartition("_")[2]
        return {
            f"{layer}.self_attn.{name}_proj.{kind}": part.contiguous()
            for name, part in zip("qkv", tensor.chunk(3), strict=True)
        }
    stem, _, kind = rest.rpartition(".")
    if stem not in INSIDE:
        raise ValueError(f"{rest} is no part of a block of open_clip's CLIP")
    return {f"{layer}.{INSIDE[stem]}.{kind}": tensor}


def vit_h_14() -> CLIPConfig:
    """ViT-H/14 as laion trained it: 1.0 B parameters, exact GELU."""
    return CLIPConfig(
        projection_dim=1024,
        text_config={
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "hidden_act": "gelu",
            "projection_dim": 1024,
            "bos_token_id": 49406,
            "eos_token_id": 49407,
        },
        vision_config={
            "hidden_size": 1280,
            "intermediate_size": 5120,
            "num_hidden_layers": 32,
            "num_attention_heads": 16,
            "patch_size": 14,
            "image_size": 224,
            "hidden_act": "gelu",
            "projection_dim": 1024,
        },
    )
