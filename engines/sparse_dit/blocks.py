"""The two kinds of block. Llama rows give keys and values only: their outputs would be thrown away."""

# B batch, I image rows, P persistent text rows, L Llama rows of this block, D width

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engines.sparse_dit.attention import DualAttention, KeyRules, SingleAttention
from engines.sparse_dit.config import SparseDiTConfig, swiglu_hidden_size
from engines.sparse_dit.layers import AdaptiveLinear, SwiGLU, modulate
from engines.sparse_dit.moe import MoEFeedForward, RouterStatistics

__all__ = ["Block", "DualBlock", "DualOutput", "SingleBlock", "SingleOutput", "SparseDiTOutput"]


@dataclass(frozen=True, kw_only=True)
class DualOutput:
    """What a dual block hands on; `router` is None without experts and where no gradients are recorded."""

    image_BID: Tensor
    text_BPD: Tensor
    router: RouterStatistics | None


@dataclass(frozen=True, kw_only=True)
class SingleOutput:
    """What a single block hands on: the rows that asked."""

    rows_BTD: Tensor
    router: RouterStatistics | None


@dataclass(frozen=True, kw_only=True)
class SparseDiTOutput:
    """`sample` (B, channels, height, width) predicts clean - noise; `router` has one entry a sparse block.

    Without gradients `router` is empty. Item 0 is the sample, as in diffusers' outputs.
    """

    sample: Tensor
    router: tuple[RouterStatistics, ...]

    def __getitem__(self, index: int) -> Tensor:
        return (self.sample,)[index]


class Block(nn.Module):
    """The checkpoint's extra `.block.` level. Called itself, so that hooks on a list's members are heard."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, *arguments: object) -> DualOutput | SingleOutput:
        output: DualOutput | SingleOutput = self.block(*arguments)
        return output


class DualBlock(nn.Module):
    """Image and text streams with their own weights, joined in attention.

    `condition_BX` is what adaLN reads, (B, D), or its finished vectors: (B, 12 D), in a single block 6.
    """

    def __init__(self, config: SparseDiTConfig) -> None:
        super().__init__()
        self.adaLN_modulation = AdaptiveLinear(config.width, 12)
        self.attn1 = DualAttention(config)
        self.ff_i = image_feed_forward(config)
        self.ff_t = SwiGLU(config.width, swiglu_hidden_size(4 * config.width))

    def forward(
        self, image_BID: Tensor, text_BPD: Tensor, llama_BLD: Tensor, condition_BX: Tensor, rules: KeyRules
    ) -> DualOutput:
        image_mod, text_mod = self.adaLN_modulation(condition_BX)[:, None].chunk(2, dim=-1)
        shift_i, scale_i, gate_i, ff_shift_i, ff_scale_i, ff_gate_i = image_mod.chunk(6, dim=-1)
        shift_t, scale_t, gate_t, ff_shift_t, ff_scale_t, ff_gate_t = text_mod.chunk(6, dim=-1)
        attended_image, attended_text = self.attn1.joint(
            modulate(image_BID, shift_i, scale_i),
            modulate(torch.cat([text_BPD, llama_BLD], dim=1), shift_t, scale_t),
            text_BPD.shape[1],
            rules,
        )
        image_BID = torch.addcmul(image_BID, gate_i, attended_image)
        text_BPD = torch.addcmul(text_BPD, gate_t, attended_text)
        fed_image, router = feed(self.ff_i, modulate(image_BID, ff_shift_i, ff_scale_i))
        fed_text = self.ff_t(modulate(text_BPD, ff_shift_t, ff_scale_t))
        return DualOutput(
            image_BID=torch.addcmul(image_BID, ff_gate_i, fed_image),
            text_BPD=torch.addcmul(text_BPD, ff_gate_t, fed_text),
            router=router,
        )


class SingleBlock(nn.Module):
    """Image and text rows in one stream."""

    def __init__(self, config: SparseDiTConfig) -> None:
        super().__init__()
        self.adaLN_modulation = AdaptiveLinear(config.width, 6)
        self.attn1 = SingleAttention(config)
        self.ff_i = image_feed_forward(config)

    def forward(
        self, rows_BTD: Tensor, llama_BLD: Tensor, condition_BX: Tensor, rules: KeyRules, num_queries: int
    ) -> SingleOutput:
        modulation = self.adaLN_modulation(condition_BX)[:, None]
        shift, scale, gate, ff_shift, ff_scale, ff_gate = modulation.chunk(6, dim=-1)
        normed_BSD = modulate(torch.cat([rows_BTD, llama_BLD], dim=1), shift, scale)
        rows_BTD = torch.addcmul(rows_BTD[:, :num_queries], gate, self.attn1(normed_BSD, num_queries, rules))
        fed, router = feed(self.ff_i, modulate(rows_BTD, ff_shift, ff_scale))
        return SingleOutput(rows_BTD=torch.addcmul(rows_BTD, ff_gate, fed), router=router)


def image_feed_forward(config: SparseDiTConfig) -> nn.Module:
    """Experts, or one dense SwiGLU when the configuration has none."""
    if config.num_routed_experts > 0:
        return MoEFeedForward(config)
    return SwiGLU(config.width, swiglu_hidden_size(4 * config.width))


def feed(feed_forward: nn.Module, x_BTD: Tensor) -> tuple[Tensor, RouterStatistics | None]:
    if isinstance(feed_forward, MoEFeedForward):
        fed, statistics = feed_forward(x_BTD)
        return fed, statistics
    return feed_forward(x_BTD), None
