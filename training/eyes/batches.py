"""Batches for the eyes: pictures from the stores, bent, tinted and blurred afresh each time."""

# B pictures, H x W pixels, h x w cells, K classes and one for strangers, N labelled cells

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engines.eyes.network import CELL_PX
from training.eyes.store import IGNORED, Store

__all__ = ["SHARES", "Batch", "Targets", "draw_batch", "targets_of"]

SHARES: dict[str, float] = {"plain": 0.3, "decoded": 0.25, "redrawn": 0.17, "drawn": 0.16, "outside": 0.12}
"""Of a batch; kinds that were not made leave theirs to the others."""
_TAUGHT = 0.5
"""Cells this near a centre (as a share of its peak) learn colour and box."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Pixels in -1..1; things and wholes as a Store keeps them."""

    pixels_B3HW: Tensor
    things_BT6: NDArray[np.float32]
    wholes_B3: Tensor


@dataclass(frozen=True, kw_only=True)
class Targets:
    """`cells_N3` are picture, row and column; `boxes_N4` are as the network's."""

    heat_BKhw: Tensor
    cells_N3: Tensor
    colors_N: Tensor
    boxes_N4: Tensor
    weights_N: Tensor


def draw_batch(stores: Mapping[str, Store], size: int, rng: np.random.Generator) -> Batch:
    """Pictures of all kinds, worn; one outline only, so the stores must be of one."""
    kinds = [kind for kind in SHARES if kind in stores and len(stores[kind].pixels_NHW3)]
    shares = np.array([SHARES[kind] for kind in kinds])
    chosen = rng.choice(len(kinds), size, p=shares / shares.sum())
    picks = [(stores[kinds[k]], int(rng.integers(len(stores[kinds[k]].pixels_NHW3)))) for k in chosen]
    pixels = torch.from_numpy(np.stack([store.pixels_NHW3[row] for store, row in picks]))
    things = np.stack([store.things_NT6[row] for store, row in picks])
    wholes = torch.from_numpy(np.stack([store.wholes_N3[row] for store, row in picks]))
    pixels_B3HW = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
    bent_B3HW, things = bend(pixels_B3HW, things, rng)
    return Batch(pixels_B3HW=tint(blur(bent_B3HW, rng), rng), things_BT6=things, wholes_B3=wholes)


def bend(
    pixels_B3HW: Tensor, things_BT6: NDArray[np.float32], rng: np.random.Generator
) -> tuple[Tensor, NDArray[np.float32]]:
    """Mirror, shift, zoom, and a little wobble that leaves boxes as they are."""
    count, _, height, width = pixels_B3HW.shape
    mirror = np.where(rng.random(count) < 0.5, -1.0, 1.0)
    zoom = rng.uniform(0.92, 1.12, count)
    shift = rng.uniform(-0.08, 0.08, (2, count))
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = torch.from_numpy(mirror / zoom)
    theta[:, 1, 1] = torch.from_numpy(1 / zoom)
    theta[:, :, 2] = torch.from_numpy(shift.T)
    grid_BHW2 = F.affine_grid(theta, list(pixels_B3HW.shape), align_corners=False)
    wobble = torch.from_numpy(rng.normal(0, 1, (count, 2, 5, 5)).astype(np.float32))
    reach = torch.from_numpy((rng.random((count, 1, 1, 1)) < 0.5) * rng.uniform(0, 0.016, (count, 1, 1, 1)))
    smooth = F.interpolate(wobble * reach.float(), (height, width), mode="bilinear", align_corners=True)
    bent = F.grid_sample(
        pixels_B3HW, grid_BHW2 + smooth.permute(0, 2, 3, 1), padding_mode="border", align_corners=False
    )
    result = things_BT6.copy()
    is_thing = things_BT6[..., 0] != IGNORED
    x = 2 * things_BT6[..., 2] / width - 1
    y = 2 * things_BT6[..., 3] / height - 1
    result[..., 2] = ((x - shift[0][:, None]) * (mirror * zoom)[:, None] + 1) * width / 2
    result[..., 3] = ((y - shift[1][:, None]) * zoom[:, None] + 1) * height / 2
    result[..., 4:] *= zoom[:, None, None]
    is_gone = (
        (result[..., 2] < 0) | (result[..., 2] >= width) | (result[..., 3] < 0) | (result[..., 3] >= height)
    )
    result[~is_thing | is_gone] = IGNORED
    return bent, result


def blur(pixels_B3HW: Tensor, rng: np.random.Generator) -> Tensor:
    """Some pictures softened by a share of what their neighbours take away, some made sharper."""
    count = len(pixels_B3HW)
    share = rng.uniform(0, 1, count) * (rng.random(count) < 0.35) - 0.4 * (rng.random(count) < 0.1)
    rows = torch.from_numpy(np.flatnonzero(share))
    some = pixels_B3HW[rows]
    soft = (some.roll(1, 2) + some.roll(-1, 2) + some.roll(1, 3) + some.roll(-1, 3) + some) / 5
    amount = torch.from_numpy(share).float()[rows, None, None, None]
    return pixels_B3HW.index_copy(0, rows, torch.lerp(some, soft, amount))


def tint(pixels_B3HW: Tensor, rng: np.random.Generator) -> Tensor:
    """Contrast, a cast, blotches and grain."""
    count, _, height, width = pixels_B3HW.shape
    contrast = torch.from_numpy(rng.uniform(0.8, 1.15, (count, 1, 1, 1))).float()
    cast = torch.from_numpy(rng.normal(0, 0.04, (count, 3, 1, 1))).float()
    blotches = torch.from_numpy(rng.normal(0, 0.04, (count, 3, 8, 8)).astype(np.float32))
    level = torch.from_numpy(rng.uniform(0, 0.08, (count, 1, 1, 1))).float()
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    worn = torch.randn(pixels_B3HW.shape, generator=generator).mul_(level)
    worn.addcmul_(pixels_B3HW, contrast).add_(F.interpolate(blotches + cast, (height, width)))
    return worn.clamp_(-1, 1)


def targets_of(batch: Batch, num_kinds: int) -> Targets:
    """Peaks as wide as an eighth of the thing; the stranger's map is the last."""
    count, _, height, width = batch.pixels_B3HW.shape
    rows, columns = height // CELL_PX, width // CELL_PX
    heat = np.zeros((count, num_kinds, rows, columns), np.float32)
    down, across = np.mgrid[0:rows, 0:columns].astype(np.float32) + np.float32(0.5)
    cells: list[NDArray[np.int64]] = []
    truths: list[NDArray[np.float32]] = []
    for picture, things in enumerate(batch.things_BT6):
        for kind, color, x, y, wide, high in things:
            if kind == IGNORED:
                continue
            column, row = x / CELL_PX, y / CELL_PX
            spread = max(0.7, 0.13 * float(np.sqrt(wide * high)) / CELL_PX)
            centre = (int(row), int(column))
            distance = (across - centre[1] - 0.5) ** 2 + (down - centre[0] - 0.5) ** 2
            peak = np.exp(-distance / (2 * spread**2))
            heat[picture, int(kind)] = np.maximum(heat[picture, int(kind)], peak)
            near = np.argwhere(peak > _TAUGHT)
            cells.append(np.column_stack([np.full(len(near), picture), near]))
            truth = np.empty((len(near), 6), np.float32)
            truth[:, 0], truth[:, 5] = color, peak[near[:, 0], near[:, 1]]
            truth[:, 1] = column - near[:, 1] - 0.5
            truth[:, 2] = row - near[:, 0] - 0.5
            truth[:, 3], truth[:, 4] = np.log(wide / CELL_PX), np.log(high / CELL_PX)
            truths.append(truth)
    table = torch.from_numpy(np.concatenate(truths) if truths else np.zeros((0, 6), np.float32))
    places = np.concatenate(cells) if cells else np.zeros((0, 3), np.int64)
    return Targets(
        heat_BKhw=torch.from_numpy(heat),
        cells_N3=torch.from_numpy(places),
        colors_N=table[:, 0].long(),
        boxes_N4=table[:, 1:5],
        weights_N=table[:, 5],
    )
