"""The embedded stand-ins for the LAION heads and TOPIQ: one small network that looks closely at pictures of
the small world.

Pale words between the things are told by strokes of two pixels, so it sees four times the pixels that
descriptors are made from. Its safety is a stand-in: it knows knives. Made by `python -m training curators`.
"""

# B pictures, H heads

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from training.data.curation.small_net import load_network, looked_at

__all__ = ["HEADS", "JUDGE_NET", "JudgeNet", "load_judge_net"]

JUDGE_NET = Path(__file__).with_name("judge_net")
INPUT_PX = 192
HEADS = ("watermark", "blurred", "unsafe", "ugly")
WIDTHS = (16, 32, 48, 64, 96)
PLAIN_LEVELS = 1
"""At so many levels, the finest, one convolution must do."""


class JudgeNet(nn.Module):
    """Convolutions that halve the picture five times, its means and maxima, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        layers, inputs = list[nn.Module](), 3
        for level, width in enumerate(WIDTHS):
            layers += convolution(inputs, width, stride=2)
            if level >= PLAIN_LEVELS:
                layers += convolution(width, width, stride=1)
            inputs = width
        self.trunk = nn.Sequential(*layers)
        self.heads = nn.Linear(2 * inputs, len(HEADS))

    def forward(self, pictures_B3HW: Tensor) -> Tensor:
        """Logits, (B, H)."""
        features = self.trunk(pictures_B3HW)
        logits: Tensor = self.heads(torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1).float())
        return logits

    def look(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Scores from 0 to 1: (N, H)."""
        return looked_at(pictures, INPUT_PX, lambda batch: self(batch).sigmoid(), torch.empty(0, len(HEADS)))


def convolution(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def load_judge_net(folder: Path = JUDGE_NET) -> JudgeNet:
    """Raises BadRecipe for a file that is missing, damaged or of another network."""
    return load_network(JudgeNet(), folder)
