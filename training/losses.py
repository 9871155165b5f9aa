"""Each loss a function that names its paper and equation."""

# B batch, T tokens, E experts, C channels, H height, W width

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engines.sparse_dit.moe import RouterStatistics


def flow_matching_loss(predicted_BCHW: Tensor, clean_BCHW: Tensor, noise_BCHW: Tensor) -> Tensor:
    """Mean squared error of the velocity (Lipman et al. 2023, eq. 9); the network predicts clean - noise."""
    return (predicted_BCHW.float() - (clean_BCHW - noise_BCHW).float()).square().mean()


def weighted_flow_matching_loss(
    predicted_BCHW: Tensor, clean_BCHW: Tensor, noise_BCHW: Tensor, weight_B1HW: Tensor
) -> Tensor:
    """The same with a weight for each place, of mean one in each sample (report, section 6)."""
    error = (predicted_BCHW.float() - (clean_BCHW - noise_BCHW).float()).square()
    return (weight_B1HW * error).mean()


def spatial_edit_weight(source_BCHW: Tensor, target_BCHW: Tensor, largest: float) -> Tensor:
    """w = 1 + (largest - 1) min(1, d / q95(d)), divided by its mean; d = channel mean of |target - source|.

    Places that change weigh up to `largest` times as much as those that stay; identical pairs weigh evenly.
    """
    difference = (target_BCHW - source_BCHW).abs().float().mean(1, keepdim=True)
    scale = torch.quantile(difference.flatten(1), 0.95, dim=1).clamp_min(1e-3).view(-1, 1, 1, 1)
    weight = 1 + (largest - 1) * (difference / scale).clamp(0, 1)
    normalized: Tensor = weight / weight.mean((1, 2, 3), keepdim=True)
    return normalized


def balance_loss(router: Sequence[RouterStatistics]) -> Tensor:
    """E * sum(mean score * load), averaged over layers; 1 when balanced (Fedus et al. 2021, eq. 4)."""
    per_layer = [
        len(layer.load_E) * (layer.mean_scores_E.float() * layer.load_E.float()).sum() for layer in router
    ]
    return torch.stack(per_layer).mean()
