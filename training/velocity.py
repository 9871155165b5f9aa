"""The network's answer as training reads it."""

# B batch, C channels, H height, W width

from __future__ import annotations

import torch
from torch import Tensor

from engines.sparse_dit import SparseDiT
from engines.sparse_dit.blocks import SparseDiTOutput
from engines.text import TextContext


def run_network(
    network: SparseDiT,
    noisy_BCHW: Tensor,
    sigma_B: Tensor,
    context: TextContext,
    compute: torch.dtype | None = None,
) -> SparseDiTOutput:
    """All that the network says of noisy samples, in its own sign.

    `compute` is the precision of its input, by default that of its weights: sharded ones are float32, and
    gathered in another.
    """
    output: SparseDiTOutput = network(
        noisy_BCHW.to(compute or network.dtype),
        sigma_B * 1000,
        context.t5_BTC,
        context.llama_LBTC,
        context.pooled_BC,
    )
    return output


def velocity_of(
    network: SparseDiT,
    noisy_BCHW: Tensor,
    sigma_B: Tensor,
    context: TextContext,
    compute: torch.dtype | None = None,
) -> Tensor:
    """noise - clean in float32, (B, C, H, W)."""
    return -run_network(network, noisy_BCHW, sigma_B, context, compute).sample.float()
