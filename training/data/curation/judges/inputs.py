"""Pictures as the published judges saw them in training."""

# N pictures, H height, W width

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

__all__ = ["CLIP_SCALE", "IMAGENET_SCALE", "clip_inputs", "skewed_inputs"]

Scale = tuple[tuple[float, float, float], tuple[float, float, float]]
IMAGENET_SCALE: Scale = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP_SCALE: Scale = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
"""Mean and deviation of red, green and blue from 0 to 1 (Radford et al. 2021)."""


def skewed_inputs(images: Sequence[Image.Image], side_px: int) -> Tensor:
    """To a square whatever the shape, as SSCD and the watermark detector do: (N, 3, H, W)."""
    size = (side_px, side_px)
    return scaled([image.resize(size, Image.Resampling.BILINEAR) for image in images], IMAGENET_SCALE)


def clip_inputs(images: Sequence[Image.Image], side_px: int) -> Tensor:
    """The shorter side to the network's and the middle of the longer one, as CLIP does: (N, 3, H, W)."""
    return scaled([middle(image, side_px) for image in images], CLIP_SCALE)


def middle(image: Image.Image, side_px: int) -> Image.Image:
    shorter = min(image.size)
    width, height = (max(side_px, side_px * side // shorter) for side in image.size)
    small = image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - side_px) // 2, (height - side_px) // 2
    return small.crop((left, top, left + side_px, top + side_px))


def scaled(images: Sequence[Image.Image], scale: Scale) -> Tensor:
    mean, deviation = (torch.tensor(each).view(3, 1, 1) for each in scale)
    pixels_NHW3 = np.stack([np.asarray(image.convert("RGB"), np.uint8) for image in images])
    return (torch.from_numpy(pixels_NHW3).permute(0, 3, 1, 2).float() / 255 - mean) / deviation
