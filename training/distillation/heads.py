"""Small networks that tell real pictures from drawn ones by the teacher's features."""

# B batch, D width, H heads

from __future__ import annotations

from collections.abc import Sequence

import torch
from einops import rearrange
from torch import Tensor, nn


class DiscriminatorHeads(nn.Module):
    """One head for each of the teacher's feature levels: two strided convolutions over the grid of image
    tokens, then a mean, as in LADD and FastGen. The features know prompt and noise level already."""

    def __init__(self, num_levels: int, width: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width // 2, 4, stride=2, padding=1),
                nn.GroupNorm(4, width // 2),
                nn.LeakyReLU(0.2),
                nn.Conv2d(width // 2, width // 2, 4, stride=2, padding=1),
                nn.GroupNorm(4, width // 2),
                nn.LeakyReLU(0.2),
                nn.Conv2d(width // 2, 1, 1),
            )
            for _ in range(num_levels)
        )

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Features (B, rows, columns, D) of each level to logits (B, H), above zero for real."""
        grids = [rearrange(level, "b h w d -> b d h w") for level in features]
        logits = [head(grid).mean((1, 2, 3)) for head, grid in zip(self.heads, grids, strict=True)]
        return torch.stack(logits, dim=1)
