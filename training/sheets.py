"""Pictures to tensors, and many pictures on one contact sheet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def pictures_to_batch(pictures: Sequence[Image.Image]) -> Tensor:
    """RGB pictures of one size to (B, 3, H, W) fp32 in -1..1."""
    array = np.stack([np.asarray(picture, np.float32) for picture in pictures])
    return torch.from_numpy(array / 127.5 - 1).permute(0, 3, 1, 2)


def sheet(pictures: Sequence[Image.Image], columns: int, cell_px: int = 160) -> Image.Image:
    """Pictures row by row on white, each scaled to a cell."""
    rows = -(-len(pictures) // columns)
    canvas = Image.new("RGB", (columns * cell_px, rows * cell_px), "white")
    for index, picture in enumerate(pictures):
        cell = picture.resize((cell_px - 2, cell_px - 2), Image.Resampling.BICUBIC)
        canvas.paste(cell, ((index % columns) * cell_px, (index // columns) * cell_px))
    return canvas


def batch_to_pictures(batch_BCHW: Tensor) -> list[Image.Image]:
    """(B, 3, H, W) in -1..1 to RGB pictures."""
    array = ((batch_BCHW.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(item) for item in array]
