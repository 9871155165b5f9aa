"""Embedders, norms, SwiGLU and the two attentions, with the checkpoint's parameter names."""

# B batch, T query tokens, S key tokens, D width, H heads, C head width

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from engines.sparse_dit.config import SparseDiTConfig
from engines.sparse_dit.rope import rotate

__all__ = [
    "DualAttention",
    "Head",
    "KeyRules",
    "PatchEmbed",
    "PooledEmbed",
    "SingleAttention",
    "SwiGLU",
    "TextProjection",
    "TimestepEmbed",
    "adaptive_linear",
    "modulate",
]

NORM_EPS = 1e-6
QK_NORM_EPS = 1e-5
TIMESTEP_CHANNELS = 256
MOST_EXPLICIT_WEIGHTS = 2**26
"""Up to this many weights, attention in bfloat16 on a CPU is written out: the fused kernel with its backward
pass takes 3.5 times as long (16 x 4 heads x 112 x 136, one thread)."""


@dataclass(frozen=True, kw_only=True)
class KeyRules:
    """How keys are treated: rotation table for [image, text, Llama] rows, and what stands for padding.

    `image_mask` (B, image rows) multiplies image keys, the reference's padding semantics: a masked key has
    logit 0 and still takes part. `logit_bias` (1, 1, 1, S) is added to the logits.
    """

    table: Tensor
    image_mask: Tensor | None = None
    logit_bias: Tensor | None = None


class SwiGLU(nn.Module):
    """w2(silu(w1 x) * w3 x) (Shazeer 2020, eq. 6)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.w1 = nn.Linear(width, hidden, bias=False)
        self.w2 = nn.Linear(hidden, width, bias=False)
        self.w3 = nn.Linear(width, hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.w2(F.silu(self.w1(x)) * self.w3(x))
        return hidden


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
        self.adaLN_modulation = adaptive_linear(width, 2)

    def forward(self, image_BTD: Tensor, condition_BD: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation[1](condition_BD)[:, None].chunk(2, dim=-1)
        patches: Tensor = self.linear(modulate(image_BTD, shift, scale))
        return patches


def adaptive_linear(width: int, num_chunks: int) -> nn.Sequential:
    """adaLN under the checkpoint's names; callers apply [1] to a condition that went through SiLU once."""
    return nn.Sequential(nn.SiLU(), nn.Linear(width, num_chunks * width))


def modulate(x_BTD: Tensor, shift_B1D: Tensor, scale_B1D: Tensor) -> Tensor:
    """LayerNorm(x) * (1 + scale) + shift (Peebles & Xie 2022, adaLN)."""
    normed = F.layer_norm(x_BTD, (x_BTD.shape[-1],), eps=NORM_EPS)
    return torch.addcmul(shift_B1D, normed, 1 + scale_B1D)


class SingleAttention(nn.Module):
    """One projection set for all rows; the first `num_queries` rows ask, all rows answer."""

    def __init__(self, config: SparseDiTConfig) -> None:
        super().__init__()
        width = config.width
        self.num_heads = config.num_attention_heads
        self.to_q = nn.Linear(width, width)
        self.to_k = nn.Linear(width, width)
        self.to_v = nn.Linear(width, width)
        self.to_out = nn.Linear(width, width)
        self.q_rms_norm = nn.RMSNorm(width, QK_NORM_EPS)
        self.k_rms_norm = nn.RMSNorm(width, QK_NORM_EPS)

    def forward(self, x_BSD: Tensor, num_queries: int, rules: KeyRules) -> Tensor:
        q = self.split(self.q_rms_norm(self.to_q(x_BSD[:, :num_queries])))
        k = self.split(self.k_rms_norm(self.to_k(x_BSD)))
        v = self.split(self.to_v(x_BSD))
        if rules.image_mask is not None:
            num_text = k.shape[1] - rules.image_mask.shape[1]
            k = k * F.pad(rules.image_mask, (0, num_text), value=1.0)[..., None, None]
        q, k = rotate(q, rules.table[:, :num_queries]), rotate(k, rules.table)
        attended: Tensor = self.to_out(attend(q, k, v, rules.logit_bias))
        return attended

    def split(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, H, C)."""
        return rearrange(x, "b t (h c) -> b t h c", h=self.num_heads)


class DualAttention(SingleAttention):
    """Joint attention of image and text rows, each with its own projections; Llama rows only answer."""

    def __init__(self, config: SparseDiTConfig) -> None:
        super().__init__(config)
        width = config.width
        self.to_q_t = nn.Linear(width, width)
        self.to_k_t = nn.Linear(width, width)
        self.to_v_t = nn.Linear(width, width)
        self.to_out_t = nn.Linear(width, width)
        self.q_rms_norm_t = nn.RMSNorm(width, QK_NORM_EPS)
        self.k_rms_norm_t = nn.RMSNorm(width, QK_NORM_EPS)

    def joint(
        self, image_BTD: Tensor, text_BSD: Tensor, num_text: int, rules: KeyRules
    ) -> tuple[Tensor, Tensor]:
        """Attend over [image, text]; `text_BSD` holds `num_text` asking rows, then the Llama rows."""
        num_image = image_BTD.shape[1]
        table = rules.table[:, :num_image]
        k_image = self.split(self.k_rms_norm(self.to_k(image_BTD)))
        if rules.image_mask is not None:
            k_image = k_image * rules.image_mask[..., None, None]
        q_image = rotate(self.split(self.q_rms_norm(self.to_q(image_BTD))), table)
        q_text = self.split(self.q_rms_norm_t(self.to_q_t(text_BSD[:, :num_text])))
        k_text = self.split(self.k_rms_norm_t(self.to_k_t(text_BSD)))
        attended = attend(
            torch.cat([q_image, q_text], dim=1),
            torch.cat([rotate(k_image, table), k_text], dim=1),
            self.split(torch.cat([self.to_v(image_BTD), self.to_v_t(text_BSD)], dim=1)),
            rules.logit_bias,
        )
        attended_image, attended_text = torch.split(attended, [num_image, num_text], dim=1)
        return self.to_out(attended_image), self.to_out_t(attended_text)


def attend(q_BTHC: Tensor, k_BSHC: Tensor, v_BSHC: Tensor, logit_bias: Tensor | None) -> Tensor:
    """Softmax attention, heads merged again: (B, T, D)."""
    q, k, v = (x.transpose(1, 2) for x in (q_BTHC, k_BSHC, v_BSHC))
    num_weights = q.shape[0] * q.shape[1] * q.shape[2] * k.shape[2]
    is_bf16_on_cpu = q.device.type == "cpu" and q.dtype is torch.bfloat16
    if is_bf16_on_cpu and num_weights <= MOST_EXPLICIT_WEIGHTS:
        weights = attention_weights(q, k, logit_bias)
        return (weights @ v).transpose(1, 2).flatten(-2)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=logit_bias).transpose(1, 2).flatten(-2)


def attention_weights(q: Tensor, k: Tensor, logit_bias: Tensor | None) -> Tensor:
    logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if logit_bias is not None:
        logits = logits + logit_bias
    return torch.softmax(logits, dim=-1)
