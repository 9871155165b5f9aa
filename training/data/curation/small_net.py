"""The embedded stand-in for SSCD and the LAION heads: one small network for pictures of the small world.

It gives a descriptor that a copy shares with its original (crop, flip, colours, compression), and four
scores. Its safety is a stand-in: it knows knives. Trained by `python -m training curators`.
"""

# B batch, D numbers a descriptor, H heads

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from training.errors import BadRecipe

__all__ = ["HEADS", "SMALL_NET", "SmallNet", "load_small_net", "save_small_net", "to_input"]

SMALL_NET = Path(__file__).with_name("small_net")
INPUT_PX = 96
DIMENSIONS = 128
HEADS = ("watermark", "blurred", "unsafe", "ugly")
WIDTHS = (16, 32, 64, 128)
_CHUNK = 64


class SmallNet(nn.Module):
    """Convolutions that halve the picture, generalised-mean pooling as in SSCD, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        layers, inputs = list[nn.Module](), 3
        for width in WIDTHS:
            layers += [nn.Conv2d(inputs, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [
                nn.Conv2d(width, width, 3, 1, 1, bias=False),
                nn.BatchNorm2d(width),
            ]
            layers += [nn.ReLU()]
            inputs = width
        self.trunk = nn.Sequential(*layers)
        self.descriptor = nn.Linear(inputs * 9, DIMENSIONS)
        self.heads = nn.Linear(inputs * 2, len(HEADS))

    def forward(self, pictures_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """Descriptors of length one, (B, D), and logits, (B, H)."""
        features = self.trunk(pictures_B3HW)
        powered = F.adaptive_avg_pool2d(features.clamp(min=1e-4) ** 3, 3) ** (1 / 3)
        logits = self.heads(torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1))
        return F.normalize(self.descriptor(powered.flatten(1)), dim=1), logits

    @torch.inference_mode()
    def look(self, pictures: Sequence[Image.Image]) -> tuple[Tensor, Tensor]:
        """Descriptors and scores from 0 to 1: (N, D), (N, H). A mirrored picture has its twin's."""
        found = []
        for start in range(0, len(pictures), _CHUNK):
            batch = torch.stack([to_input(each) for each in pictures[start : start + _CHUNK]])
            straight, logits = self(batch)
            mirrored, _ = self(batch.flip(3))
            found.append((F.normalize(straight + mirrored, dim=1), logits.sigmoid()))
        if not found:
            return torch.empty(0, DIMENSIONS), torch.empty(0, len(HEADS))
        return torch.cat([each for each, _ in found]), torch.cat([each for _, each in found])


def to_input(image: Image.Image) -> Tensor:
    """Skewed to a square, as SSCD's published recipe does: (3, H, W) from -1 to 1."""
    small = image.convert("RGB").resize((INPUT_PX, INPUT_PX), Image.Resampling.BOX)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1).float().div(127.5).sub(1.0)


def save_small_net(network: SmallNet, folder: Path, report: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in network.state_dict().items()
    }
    save_file(weights, folder / "model.safetensors")
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def load_small_net(folder: Path = SMALL_NET) -> SmallNet:
    """Raises BadRecipe for a file that is missing, damaged or of another network."""
    network = SmallNet()
    try:
        network.load_state_dict(
            {
                name: tensor.float() if tensor.is_floating_point() else tensor
                for name, tensor in load_file(folder / "model.safetensors").items()
            }
        )
    except (OSError, SafetensorError, RuntimeError) as error:
        raise BadRecipe(
            f"{folder} holds no small network ({error}). Make one: python -m training curators."
        ) from error
    return network.eval()
