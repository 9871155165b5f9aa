"""The mapping is right if a CLIP written out from its definition with open_clip's names gives the same
embeddings as transformers' CLIPModel with the mapped weights."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPModel

from tests.training.benchmarks.tiny_models import END, POSITIONS, START, VOCABULARY, clip_config
from training.benchmarks.open_clip_names import from_open_clip, vit_h_14

# B batch, T tokens, D width, E width of the joint space
WIDTHS = {"visual.transformer": (20, 2), "transformer": (16, 2)}
PATCH, SIDE, JOINT = 4, 16, 12


def random_weights() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator) * 0.2

    weights = {
        "logit_scale": normal(),
        "visual.class_embedding": normal(20),
        "visual.positional_embedding": normal((SIDE // PATCH) ** 2 + 1, 20),
        "visual.conv1.weight": normal(20, 3, PATCH, PATCH),
        "visual.proj": normal(20, JOINT),
        "token_embedding.weight": normal(len(VOCABULARY), 16),
        "positional_embedding": normal(POSITIONS, 16),
        "text_projection": normal(16, JOINT),
        "attn_mask": normal(POSITIONS, POSITIONS),
    }
    for name, width in (("visual.ln_pre", 20), ("visual.ln_post", 20), ("ln_final", 16)):
        weights |= {f"{name}.weight": normal(width), f"{name}.bias": normal(width)}
    for tower, (width, layers) in WIDTHS.items():
        for layer in range(layers):
            block = f"{tower}.resblocks.{layer}"
            for name, shape in {
                "ln_1": (width,),
                "ln_2": (width,),
                "attn.out_proj": (width, width),
                "mlp.c_fc": (2 * width, width),
                "mlp.c_proj": (width, 2 * width),
            }.items():
                weights |= {
                    f"{block}.{name}.weight": normal(*shape),
                    f"{block}.{name}.bias": normal(shape[0]),
                }
            weights[f"{block}.attn.in_proj_weight"] = normal(3 * width, width)
            weights[f"{block}.attn.in_proj_bias"] = normal(3 * width)
    return weights


def norm(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"])


def linear(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def tower(weights: dict[str, Tensor], name: str, x_BTD: Tensor, mask: Tensor | None) -> Tensor:
    """Pre-norm blocks of attention and a GELU layer."""
    width, layers = WIDTHS[name]
    for layer in range(layers):
        block = f"{name}.resblocks.{layer}"
        normed = norm(weights, f"{block}.ln_1", x_BTD)
        joint = F.linear(
            normed, weights[f"{block}.attn.in_proj_weight"], weights[f"{block}.attn.in_proj_bias"]
        )
        query, key, value = (
            part.unflatten(-1, (2, width // 2)).transpose(1, 2) for part in joint.chunk(3, dim=-1)
        )
        scores = query @ key.transpose(-1, -2) / math.sqrt(width // 2)
        scores = scores if mask is None else scores + mask
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)
        x_BTD = x_BTD + linear(weights, f"{block}.attn.out_proj", mixed)
        inner = F.gelu(linear(weights, f"{block}.mlp.c_fc", norm(weights, f"{block}.ln_2", x_BTD)))
        x_BTD = x_BTD + linear(weights, f"{block}.mlp.c_proj", inner)
    return x_BTD


def picture_embedding(weights: dict[str, Tensor], pixels: Tensor) -> Tensor:
    patches = F.conv2d(pixels, weights["visual.conv1.weight"], stride=PATCH).flatten(2).transpose(1, 2)
    first = weights["visual.class_embedding"].expand(len(pixels), 1, -1)
    x = torch.cat([first, patches], dim=1) + weights["visual.positional_embedding"]
    x = tower(weights, "visual.transformer", norm(weights, "visual.ln_pre", x), None)
    return norm(weights, "visual.ln_post", x[:, 0]) @ weights["visual.proj"]


def words_embedding(weights: dict[str, Tensor], tokens: Tensor) -> Tensor:
    length = tokens.shape[1]
    x = weights["token_embedding.weight"][tokens] + weights["positional_embedding"][:length]
    mask = torch.full((length, length), -torch.inf).triu(1)
    x = norm(weights, "ln_final", tower(weights, "transformer", x, mask))
    return x[torch.arange(len(tokens)), tokens.argmax(1)] @ weights["text_projection"]


def test_the_same_embeddings_as_open_clips_own_network() -> None:
    weights = random_weights()
    model = CLIPModel(clip_config("gelu")).eval()
    model.load_state_dict(from_open_clip(weights))
    pixels = torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    tokens = torch.tensor([[START, 3, 5, END, 0, 0], [START, 3, 5, 7, 9, END]])
    with torch.no_grad():
        pictures = model.visual_projection(model.vision_model(pixels).pooler_output)
        words = model.text_projection(model.text_model(tokens).pooler_output)
    torch.testing.assert_close(pictures, picture_embedding(weights, pixels), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(words, words_embedding(weights, tokens), atol=1e-5, rtol=1e-4)


def test_every_weight_of_vit_h_14_has_a_place_of_its_shape() -> None:
    """open_clip's shapes of ViT-H-14, on the meta device."""

    def meta(*shape: int) -> Tensor:
        return torch.empty(shape, device="meta")

    weights = {
        "logit_scale": meta(),
        "visual.class_embedding": meta(1280),
        "visual.positional_embedding": meta(257, 1280),
        "visual.conv1.weight": meta(1280, 3, 14, 14),
        "visual.proj": meta(1280, 1024),
        "token_embedding.weight": meta(49408, 1024),
        "positional_embedding": meta(77, 1024),
        "text_projection": meta(1024, 1024),
    }
    for name, width in (("visual.ln_pre", 1280), ("visual.ln_post", 1280), ("ln_final", 1024)):
        weights |= {f"{name}.weight": meta(width), f"{name}.bias": meta(width)}
    for tower_name, width, layers in (("visual.transformer", 1280, 32), ("transformer", 1024, 24)):
        for layer in range(layers):
            block = f"{tower_name}.resblocks.{layer}"
            for name, rows, columns in (
                ("attn.in_proj_", 3 * width, width),
                ("attn.out_proj.", width, width),
                ("mlp.c_fc.", 4 * width, width),
                ("mlp.c_proj.", width, 4 * width),
            ):
                weights |= {f"{block}.{name}weight": meta(rows, columns), f"{block}.{name}bias": meta(rows)}
            for name in ("ln_1", "ln_2"):
                weights |= {f"{block}.{name}.weight": meta(width), f"{block}.{name}.bias": meta(width)}
    with torch.device("meta"):
        model = CLIPModel(vit_h_14())
    wanted = {name: tensor.shape for name, tensor in model.state_dict().items()}
    found = {name: tensor.shape for name, tensor in from_open_clip(weights).items()}
    assert found == wanted
    assert sum(tensor.numel() for tensor in model.parameters()) == 986_109_441


@pytest.mark.parametrize("name", ["fc.weight", "transformer.resblocks.0.attn.gate.weight"])
def test_a_strange_weight_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="open_clip"):
        from_open_clip({name: torch.zeros(1)})
