"""A picture as the network reads it: patch rows, their turns, and the row that stands for all padding."""

# B batch, I image rows, F patch features, A axes of a position

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn

from engines.sparse_dit.attention import KeyRules
from engines.sparse_dit.config import SparseDiTConfig
from engines.sparse_dit.rope import grid_positions, rotation_table

__all__ = ["Grid", "RulesOfSizes", "grid_of", "key_rules", "patchify", "unpatchify"]

MOST_SIZES = 8


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Patches of a latent picture, `height` by `width`, of which the left `kept_width` columns are wanted.

    Wanted patches come first, each half in row-major order. `num_padding` is how many zero patches the
    reference would add; one row stands for them all.
    """

    height: int
    width: int
    kept_width: int
    num_padding: int

    @property
    def num_kept(self) -> int:
        return self.height * self.kept_width


def grid_of(size: int, max_tokens: int, height: int, width: int, kept_width: int | None = None) -> Grid:
    """The grid of latents (.., height, width), of which the left `kept_width` columns are wanted, or all.

    Raises ValueError for sides that are no multiple of `size`, the patch.
    The reference pads inputs that are not square to `max_tokens` and fails on longer ones, which are not
    padded here. Its padding rows stay equal through the whole network, so one row whose key counts
    `num_padding` times gives the same numbers.
    """
    kept = width if kept_width is None else kept_width
    if height % size or width % size or kept % size or not 0 < kept <= width:
        raise ValueError(
            f"Latents of {height}x{width}, {kept} columns wanted, are not made of {size}x{size} patches."
        )
    rows, columns = height // size, width // size
    num_padding = 0 if rows == columns else max(0, max_tokens - rows * columns)
    return Grid(height=rows, width=columns, kept_width=kept // size, num_padding=num_padding)


def patchify(latents_BCHW: Tensor, grid: Grid, size: int) -> Tensor:
    """Patch rows (B, I, F) in the grid's order, one of zeros at the end when there is padding."""
    sides = [grid.kept_width * size, (grid.width - grid.kept_width) * size]
    patches = torch.cat(
        [
            rearrange(part, "b c (h p) (w q) -> b (h w) (p q c)", p=size, q=size)
            for part in torch.split(latents_BCHW, sides, dim=-1)
        ],
        dim=1,
    )
    return nn.functional.pad(patches, (0, 0, 0, 1)) if grid.num_padding else patches


def unpatchify(patches_BIF: Tensor, grid: Grid, size: int) -> Tensor:
    """The wanted part of the picture, (B, channels, height, kept width), from its rows."""
    return rearrange(
        patches_BIF[:, : grid.num_kept],
        "b (h w) (p q c) -> b c (h p) (w q)",
        h=grid.height,
        w=grid.kept_width,
        p=size,
        q=size,
    )


def key_rules(
    config: SparseDiTConfig, grid: Grid, num_text: int, dtype: torch.dtype, device: torch.device
) -> KeyRules:
    """Turns and padding of [image, text, Llama] rows, `num_text` of them text or Llama."""
    positions = grid_positions(grid.height, grid.width, device)
    if grid.kept_width < grid.width:
        columns = positions.view(1, grid.height, grid.width, -1)
        halves = torch.split(columns, [grid.kept_width, grid.width - grid.kept_width], dim=2)
        positions = torch.cat([half.flatten(1, 2) for half in halves], dim=1)
    if not grid.num_padding:
        return KeyRules(table=rotation_table(positions, config.axes_dims_rope))
    num_rows = grid.height * grid.width
    positions = nn.functional.pad(positions, (0, 0, 0, 1))
    is_padding = torch.arange(num_rows + 1 + num_text, device=device) == num_rows
    bias = (is_padding * math.log(grid.num_padding)).to(dtype)
    return KeyRules(
        table=rotation_table(positions, config.axes_dims_rope),
        image_mask=(~is_padding[None, : num_rows + 1]).to(dtype),
        logit_bias=bias[None, None, None],
    )


class RulesOfSizes:
    """key_rules made once a size, those of the last few sizes kept."""

    def __init__(self, config: SparseDiTConfig) -> None:
        self.config = config
        self.known: dict[tuple[Hashable, ...], KeyRules] = {}

    def of(self, grid: Grid, num_text: int, like: Tensor) -> KeyRules:
        """Rules in the precision and on the device of `like`."""
        if torch.compiler.is_compiling():
            return key_rules(self.config, grid, num_text, like.dtype, like.device)
        key = (grid, num_text, like.dtype, like.device)
        if key not in self.known:
            if len(self.known) >= MOST_SIZES:
                self.known.pop(next(iter(self.known)))
            with torch.inference_mode(False):
                self.known[key] = key_rules(self.config, grid, num_text, like.dtype, like.device)
        return self.known[key]
