"""Rotary position embedding over (axis 0, row, column), rotating adjacent pairs (Su et al. 2021, section 3.4)."""

# B batch (or 1), T tokens, H heads, C head width, A axes of a position

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["grid_positions", "rotate", "rotation_table"]

THETA = 10_000.0


def grid_positions(num_rows: int, num_columns: int, device: torch.device) -> Tensor:
    """Positions (0, row, column) of a patch grid in row-major order: (1, rows * columns, 3)."""
    rows = torch.arange(num_rows, device=device).repeat_interleave(num_columns)
    columns = torch.arange(num_columns, device=device).repeat(num_rows)
    return torch.stack([torch.zeros_like(rows), rows, columns], dim=-1)[None]


def rotation_table(positions_BTA: Tensor, axes_dims: tuple[int, ...], head_dim: int) -> Tensor:
    """Cosines and sines of every pair's angle, (2, B, T, 1, head_dim / 2) in float32.

    Pairs beyond sum(axes_dims) get angle 0. Angles are taken in float64: float32 is off by 1e-4 at far columns.
    """
    positions = positions_BTA.to(torch.float64)
    angles = []
    for axis, dim in enumerate(axes_dims):
        exponents = torch.arange(0, dim, 2, dtype=torch.float64, device=positions.device) / dim
        angles.append(positions[..., axis, None] * THETA**-exponents)
    angles_BTC = torch.cat(angles, dim=-1)
    angles_BTC = torch.nn.functional.pad(angles_BTC, (0, head_dim // 2 - angles_BTC.shape[-1]))
    return torch.stack([angles_BTC.cos(), angles_BTC.sin()]).float()[:, :, :, None]


def rotate(x_BTHC: Tensor, table: Tensor) -> Tensor:
    """Turn each adjacent pair of the last axis by its token's angle; computed in float32, returned in x's dtype."""
    cos, sin = table[0], table[1]
    even, odd = x_BTHC.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack([cos * even - sin * odd, sin * even + cos * odd], dim=-1)
    return turned.flatten(-2).to(x_BTHC.dtype)
