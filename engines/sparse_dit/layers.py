"""Embedders, norms, SwiGLU and the head, with the checkpoint's parameter names."""

# B batch, T rows, D width

from __future__ import annotations

import math
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engines.sparse_dit.fusion import Fusible, is_plain, join_linears, part_linears

__all__ = [
    "AdaptiveLinear",
    "Head",
    "PatchEmbed",
    "PooledEmbed",
    "SwiGLU",
    "TextProjection",
    "TimestepEmbed",
    "gated",
    "modulate",
]

NORM_EPS = 1e-6
TIMESTEP_CHANNELS = 256


class SwiGLU(Fusible):
    """w2(silu(w1 x) * w3 x) (Shazeer 2020, eq. 6)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.w1 = nn.Linear(width, hidden, bias=False)
        self.w2 = nn.Linear(hidden, width, bias=False)
        self.w3 = nn.Linear(width, hidden, bias=False)
        self.w13: nn.Linear | None
        self.register_module("w13", None)

    def fuse(self) -> None:
        """w1 and w3 by one product, where both are plain linears."""
        if self.w13 is None:
            join_linears(self, "w13", ["w1", "w3"])

    def unfuse(self) -> None:
        if self.w13 is not None:
            part_linears(self, "w13")

    def forward(self, x: Tensor) -> Tensor:
        if self.w13 is not None:
            output: Tensor = self.w2(gated(x, self.w13.weight))
        elif torch.is_grad_enabled() or not is_plain(self.w1, self.w3):
            output = self.w2(F.silu(self.w1(x)) * self.w3(x))
        else:
            output = self.w2(gate_with(x, self.w1.weight, self.w3.weight))
        return output


def gated(x: Tensor, w13: Tensor) -> Tensor:
    """silu(w1 x) * w3 x, where w13 (2 H, D) holds w1 over w3."""
    if has_gated_products(x):
        return gate_with(x, *w13.chunk(2))
    gate, value = F.linear(x, w13).chunk(2, dim=-1)
    return F.silu(gate) * value


def gate_with(x: Tensor, w1: Tensor, w3: Tensor) -> Tensor:
    """silu(w1 x) * w3 x; in bfloat16 on a CPU oneDNN's products end with the silu and with the product."""
    if not has_gated_products(x):
        return F.silu(F.linear(x, w1)) * F.linear(x, w3)
    gate = torch.ops.mkldnn._linear_pointwise(x, w1, None, "swish", [], "")
    output: Tensor = torch.ops.mkldnn._linear_pointwise.binary(x, gate, w3, None, "mul")
    return output


def has_gated_products(x: Tensor) -> bool:
    """Without gradients only, and not in float32: there the products are MKL's, which is faster.

    Processors with AVX2 alone have no such products.
    """
    if x.device.type != "cpu" or x.dtype is not torch.bfloat16 or torch.is_grad_enabled():
        return False
    return not torch.compiler.is_compiling() and multiplies_bfloat16()


@cache
def multiplies_bfloat16() -> bool:
    """Whether oneDNN has products in bfloat16 for this processor."""
    return bool(torch._C._has_mkldnn and torch.ops.mkldnn._is_mkldnn_bf16_supported())


class AdaptiveLinear(nn.Sequential):
    """adaLN's vectors under the checkpoint's names.

    Takes a condition (B, D) that went through SiLU once; finished vectors (B, num_vectors * D) pass.
    """

    def __init__(self, width: int, num_vectors: int) -> None:
        super().__init__(nn.SiLU(), nn.Linear(width, num_vectors * width))
        self.num_channels = num_vectors * width

    def forward(self, condition_BX: Tensor) -> Tensor:
        if condition_BX.shape[-1] == self.num_channels:
            return condition_BX
        vectors: Tensor = self[1](condition_BX)
        return vectors


class TwoLayerEmbed(nn.Module):
    """Linear, SiLU, Linear."""

    def __init__(self, in_channels: int, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(in_channels, width)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        embedded: Tensor = self.linear_2(F.silu(self.linear_1(x)))
        return embedded


class TimestepEmbed(nn.Module):
    """Times on the 0..1000 scale -> (B, D), by a sinusoid with the cosines first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.timestep_embedder = TwoLayerEmbed(TIMESTEP_CHANNELS, width)

    def forward(self, timesteps_B: Tensor, dtype: torch.dtype) -> Tensor:
        half = TIMESTEP_CHANNELS // 2
        steps = torch.arange(half, dtype=torch.float32, device=timesteps_B.device)
        angles = timesteps_B.float()[:, None] * torch.exp(-math.log(10_000) / half * steps)
        embedded: Tensor = self.timestep_embedder(torch.cat([angles.cos(), angles.sin()], dim=-1).to(dtype))
        return embedded


class PooledEmbed(nn.Module):
    """Pooled CLIP features (B, text_emb_dim) -> (B, D)."""

    def __init__(self, in_channels: int, width: int) -> None:
        super().__init__()
        self.pooled_embedder = TwoLayerEmbed(in_channels, width)

    def forward(self, pooled: Tensor) -> Tensor:
        embedded: Tensor = self.pooled_embedder(pooled)
        return embedded


class PatchEmbed(nn.Module):
    """Patch features (B, T, p * p * channels) -> (B, T, D)."""

    def __init__(self, in_features: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(in_features, width)

    def forward(self, patches: Tensor) -> Tensor:
        embedded: Tensor = self.proj(patches)
        return embedded


class TextProjection(nn.Module):
    """Encoder states -> (B, tokens, D), without bias."""

    def __init__(self, in_features: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, width, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        projected: Tensor = self.linear(states)
        return projected


class Head(nn.Module):
    """Modulated norm and the linear map back to patch features."""

    def __init__(self, width: int, out_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, out_features)
        self.adaLN_modulation = AdaptiveLinear(width, 2)

    def forward(self, image_BTD: Tensor, condition_BX: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation(condition_BX)[:, None].chunk(2, dim=-1)
        patches: Tensor = self.linear(modulate(image_BTD, shift, scale))
        return patches


def modulate(x_BTD: Tensor, shift_B1D: Tensor, scale_B1D: Tensor) -> Tensor:
    """LayerNorm(x) * (1 + scale) + shift (Peebles & Xie 2022, adaLN)."""
    normed = F.layer_norm(x_BTD, (x_BTD.shape[-1],), eps=NORM_EPS)
    return torch.addcmul(shift_B1D, normed, 1 + scale_B1D)
