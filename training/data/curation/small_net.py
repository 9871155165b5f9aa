"""The embedded stand-in for SSCD: one small network for pictures of the small world.

It gives a descriptor that a copy shares with its original (crop, flip, colours, compression). Trained by
`python -m training curators`.
"""

# B batch, D numbers a descriptor

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from training.errors import BadRecipe

__all__ = [
    "SMALL_NET",
    "SmallNet",
    "load_network",
    "load_small_net",
    "looked_at",
    "save_network",
    "to_input",
]

SMALL_NET = Path(__file__).with_name("small_net")
INPUT_PX = 96
DIMENSIONS = 128
WIDTHS = (16, 32, 64, 128)
_CHUNK = 64
Network = TypeVar("Network", bound=nn.Module)


class SmallNet(nn.Module):
    """Convolutions that halve the picture, generalised-mean pooling as in SSCD, and a linear layer."""

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

    def forward(self, pictures_B3HW: Tensor) -> Tensor:
        """Descriptors of length one, (B, D)."""
        features = self.trunk(pictures_B3HW)
        powered = F.adaptive_avg_pool2d(features.clamp(min=1e-4) ** 3, 3) ** (1 / 3)
        return F.normalize(self.descriptor(powered.flatten(1)), dim=1)

    def look(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Descriptors: (N, D). A mirrored picture has its twin's."""

        def both_ways(batch_B3HW: Tensor) -> Tensor:
            return F.normalize(self(batch_B3HW) + self(batch_B3HW.flip(3)), dim=1)

        return looked_at(pictures, INPUT_PX, both_ways, torch.empty(0, DIMENSIONS))


@torch.inference_mode()
def looked_at(
    pictures: Sequence[Image.Image], side_px: int, look: Callable[[Tensor], Tensor], nothing: Tensor
) -> Tensor:
    """What `look` says of each, some at a time; of no pictures `nothing`."""
    found = [
        look(torch.stack([to_input(each, side_px) for each in pictures[start : start + _CHUNK]]))
        for start in range(0, len(pictures), _CHUNK)
    ]
    return torch.cat(found) if found else nothing


def to_input(image: Image.Image, side_px: int = INPUT_PX) -> Tensor:
    """Skewed to a square, as SSCD's published recipe does: (3, H, W) from -1 to 1."""
    small = image.convert("RGB").resize((side_px, side_px), Image.Resampling.BOX)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1).float().div(127.5).sub(1.0)


def save_network(network: nn.Module, folder: Path, report: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }
    save_file(weights, folder / "model.safetensors")
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def load_network(network: Network, folder: Path) -> Network:
    """With the weights that lie there. Raises BadRecipe for a file that is missing, damaged or another's."""
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


def load_small_net(folder: Path = SMALL_NET) -> SmallNet:
    """Raises BadRecipe for a file that is missing, damaged or of another network."""
    return load_network(SmallNet(), folder)
