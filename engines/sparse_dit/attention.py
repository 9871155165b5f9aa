"""Softmax attention over [image, text, Llama] rows, and which kernel computes it."""

# B batch, T query rows, S key rows, D width, H heads, C head width

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from engines.sparse_dit.config import SparseDiTConfig
from engines.sparse_dit.fusion import Fusible, join_linears, part_linears
from engines.sparse_dit.rope import rotate

__all__ = [
    "DualAttention",
    "KeyRules",
    "SingleAttention",
    "attend",
    "attend_by_heads",
    "attend_written_out",
    "name_attention",
    "preferred_kernels",
]

QK_NORM_EPS = 1e-5
MOST_EXPLICIT_WEIGHTS = 2**26
"""Up to this many weights, attention in bfloat16 on a CPU is written out: the fused kernel with its backward
pass takes 3.5 times as long (16 x 4 heads x 112 x 136, one thread)."""
MOST_WEIGHTS_AT_ONCE = 2**20
"""As many bfloat16 weights as stay in a core's cache: in pieces of this size attention without gradients
takes 0.5 to 0.65 of the fused kernel's time (4 heads of 128, 4480 x 4480; 10 of 64, 1280 x 1408)."""
HOPPER = (9, 0)


@dataclass(frozen=True, kw_only=True)
class KeyRules:
    """How rows are treated: `table` turns the image rows, text rows stay put (their position is 0).

    `image_mask` (B or 1, image rows) multiplies image keys, the reference's padding semantics: a masked key
    has logit 0 and still takes part. `logit_bias` (1, 1, 1, S) is added to the logits.
    """

    table: Tensor
    image_mask: Tensor | None = None
    logit_bias: Tensor | None = None


class SingleAttention(Fusible):
    """One projection set for all rows; the first `num_queries` rows ask, all rows answer."""

    suffixes: tuple[str, ...] = ("",)
    to_out: nn.Module

    def __init__(self, config: SparseDiTConfig) -> None:
        super().__init__()
        self.num_heads = config.num_attention_heads
        for suffix in self.suffixes:
            self.register_module(f"to_qkv{suffix}", None)
            for name in ("to_q", "to_k", "to_v", "to_out"):
                self.register_module(name + suffix, nn.Linear(config.width, config.width))
            for name in ("q_rms_norm", "k_rms_norm"):
                self.register_module(name + suffix, nn.RMSNorm(config.width, QK_NORM_EPS))

    def fuse(self) -> None:
        """Queries, keys and values by one product, where the three are plain linears."""
        for suffix in self.suffixes:
            if getattr(self, f"to_qkv{suffix}") is None:
                join_linears(self, f"to_qkv{suffix}", [f"to_{each}{suffix}" for each in "qkv"])

    def unfuse(self) -> None:
        for suffix in self.suffixes:
            if getattr(self, f"to_qkv{suffix}") is not None:
                part_linears(self, f"to_qkv{suffix}")

    def forward(self, x_BSD: Tensor, num_queries: int, rules: KeyRules) -> Tensor:
        q, k, v = self.project(x_BSD, num_queries)
        attended: Tensor = self.to_out(attend(turn(q, rules), mask_and_turn(k, rules), v, rules.logit_bias))
        return attended

    def project(self, x_BSD: Tensor, num_queries: int, suffix: str = "") -> tuple[Tensor, Tensor, Tensor]:
        """Normed queries (B, num_queries, H, C), normed keys and values (B, S, H, C)."""
        joined = getattr(self, f"to_qkv{suffix}")
        if joined is None:
            q, k, v = (getattr(self, f"to_{each}{suffix}") for each in "qkv")
            parts = [q(x_BSD[:, :num_queries]), k(x_BSD), v(x_BSD)]
        elif num_queries == x_BSD.shape[1]:
            parts = [*joined(x_BSD).chunk(3, dim=-1)]
        else:
            width = joined.in_features
            weight, bias = joined.weight, joined.bias
            q = F.linear(x_BSD[:, :num_queries], weight[:width], bias[:width])
            parts = [q, *F.linear(x_BSD, weight[width:], bias[width:]).chunk(2, dim=-1)]
        q_norm, k_norm = (getattr(self, f"{each}_rms_norm{suffix}") for each in "qk")
        return self.split(q_norm(parts[0])), self.split(k_norm(parts[1])), self.split(parts[2])

    def split(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, H, C)."""
        return rearrange(x, "b t (h c) -> b t h c", h=self.num_heads)


class DualAttention(SingleAttention):
    """Joint attention of image and text rows, each with its own projections; Llama rows only answer."""

    suffixes = ("", "_t")
    to_out_t: nn.Module

    def joint(
        self, image_BTD: Tensor, text_BSD: Tensor, num_text: int, rules: KeyRules
    ) -> tuple[Tensor, Tensor]:
        """Attend over [image, text]; `text_BSD` holds `num_text` asking rows, then the Llama rows."""
        num_image = image_BTD.shape[1]
        q_image, k_image, v_image = self.project(image_BTD, num_image)
        q_text, k_text, v_text = self.project(text_BSD, num_text, "_t")
        attended = attend(
            torch.cat([turn(q_image, rules), q_text], dim=1),
            torch.cat([mask_and_turn(k_image, rules), k_text], dim=1),
            torch.cat([v_image, v_text], dim=1),
            rules.logit_bias,
        )
        attended_image, attended_text = torch.split(attended, [num_image, num_text], dim=1)
        return self.to_out(attended_image), self.to_out_t(attended_text)


def turn(x_BTHC: Tensor, rules: KeyRules) -> Tensor:
    """Rotate the image rows, which come first; with fewer rows than the table has, those rows."""
    num_image = min(rules.table.shape[1], x_BTHC.shape[1])
    turned = rotate(x_BTHC[:, :num_image], rules.table[:, :num_image])
    return turned if num_image == x_BTHC.shape[1] else torch.cat([turned, x_BTHC[:, num_image:]], dim=1)


def mask_and_turn(k_BSHC: Tensor, rules: KeyRules) -> Tensor:
    if rules.image_mask is None:
        return turn(k_BSHC, rules)
    num_text = k_BSHC.shape[1] - rules.image_mask.shape[1]
    return turn(k_BSHC * F.pad(rules.image_mask, (0, num_text), value=1.0)[..., None, None], rules)


def attend(q_BTHC: Tensor, k_BSHC: Tensor, v_BSHC: Tensor, logit_bias: Tensor | None) -> Tensor:
    """Softmax attention, heads merged again: (B, T, D). Which kernel runs is what name_attention says."""
    q, k, v = (x.transpose(1, 2) for x in (q_BTHC, k_BSHC, v_BSHC))
    num_weights = q.shape[0] * q.shape[1] * q.shape[2] * k.shape[2]
    if not is_written_out(q.device, q.dtype, num_weights):
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=logit_bias)
    elif num_weights <= MOST_WEIGHTS_AT_ONCE or torch.is_grad_enabled():
        attended = attend_written_out(q, k, v, logit_bias)
    else:
        attended = attend_by_heads(q, k, v, logit_bias)
    return attended.transpose(1, 2).flatten(-2)


def is_written_out(device: torch.device, dtype: torch.dtype, num_weights: int) -> bool:
    if device.type != "cpu" or dtype is not torch.bfloat16:
        return False
    return num_weights <= MOST_EXPLICIT_WEIGHTS or not torch.is_grad_enabled()


def attend_written_out(q: Tensor, k: Tensor, v: Tensor, logit_bias: Tensor | None) -> Tensor:
    """softmax(q k^T / sqrt(C) + bias) v, all weights at once: (B, H, T, C)."""
    logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if logit_bias is not None:
        logits = logits + logit_bias
    return torch.softmax(logits, dim=-1) @ v


@torch.library.custom_op("reverie::attend_by_heads", mutates_args=())
def attend_by_heads(q: Tensor, k: Tensor, v: Tensor, logit_bias: Tensor | None) -> Tensor:
    """The same head by head and a few rows at a time, so that the weights stay in cache; no gradients.

    An operator of its own, so that a compiled graph calls it instead of writing its loops out.
    """
    batch, heads, num_queries, _ = q.shape
    q = q * q.shape[-1] ** -0.5
    rows = max(1, MOST_WEIGHTS_AT_ONCE // k.shape[2])
    out = q.new_empty(batch, num_queries, heads, v.shape[-1])
    for sample in range(batch):
        for head in range(heads):
            keys, values = k[sample, head].T, v[sample, head]
            for start in range(0, num_queries, rows):
                logits = q[sample, head, start : start + rows] @ keys
                if logit_bias is not None:
                    logits += logit_bias[0, 0]
                out[sample, start : start + rows, head] = torch.softmax(logits, dim=-1) @ values
    return out.transpose(1, 2)


@attend_by_heads.register_fake
def _(q: Tensor, k: Tensor, v: Tensor, logit_bias: Tensor | None) -> Tensor:
    batch, heads, num_queries, _ = q.shape
    return q.new_empty(batch, num_queries, heads, v.shape[-1]).transpose(1, 2)


def name_attention(device: torch.device, dtype: torch.dtype) -> str:
    """The kernel that attends without gradients on `device`, in words."""
    if is_written_out(device, dtype, 0):
        return "written out head by head"
    names = [backend.name.removesuffix("_ATTENTION").lower() for backend in preferred_kernels(device)]
    return f"{names[0]}, else {', '.join(names[1:])}"


def preferred_kernels(device: torch.device) -> list[SDPBackend]:
    """Order in which torch tries its kernels; cuDNN's is ahead of flash attention 2 from Hopper on."""
    order = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= HOPPER:
        return [SDPBackend.CUDNN_ATTENTION, *order]
    return order


@contextmanager
def attention_kernels(device: torch.device) -> Iterator[None]:
    """Have torch try its attention kernels in our order; on a CPU it has one."""
    if device.type != "cuda":
        yield
        return
    with sdpa_kernel(preferred_kernels(device), set_priority=True):
        yield
