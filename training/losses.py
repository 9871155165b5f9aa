"""Each loss a function that names its paper and equation."""

# B batch, T tokens, L layers, E experts, C channels, H height, W width

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engines.sparse_dit.moe import RouterStatistics
from training.distributed import ALONE, Team


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


def router_load(router: Sequence[RouterStatistics], team: Team = ALONE) -> Tensor:
    """(L, E): the share of assignments that each expert of each layer got, over all ranks."""
    return team.mean(torch.stack([layer.load_E.float() for layer in router]))


def balance_loss(router: Sequence[RouterStatistics], load_LE: Tensor | None = None) -> Tensor:
    """E * sum(mean score * load), averaged over layers; 1 when balanced (Fedus et al. 2021, eq. 4).

    With `load_LE` of all ranks the balance is that of the whole batch, while each rank's scores keep their
    own gradient: the mean over ranks is the gradient of the whole batch's loss.
    """
    load = router_load(router) if load_LE is None else load_LE
    scores = torch.stack([layer.mean_scores_E.float() for layer in router])
    return load.shape[1] * (scores * load).sum(dim=1).mean()
