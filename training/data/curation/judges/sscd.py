"""SSCD (Pizzi et al. 2022): ResNet-50, generalised-mean pooling, 512 numbers of length one.

Names are those of the published `.torchvision.pt`. Two pictures whose descriptors have a product above 0.75
are copies with 90 % precision (`sscd_disc_mixup` on DISC, by its authors).
"""

# N pictures, C channels, H height, W width, D numbers a descriptor

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.data.curation.judges.files import JudgeFile
from training.data.curation.judges.torchscript import load_trusted
from training.data.curation.judges.weights import fill, is_torchscript, read_weights

__all__ = ["DIMENSIONS", "Sscd", "load_sscd"]

DIMENSIONS = 512
POWER = 3.0
WIDTHS, DEPTHS = (64, 128, 256, 512), (3, 4, 6, 3)
WIDENED = 4


class Bottleneck(nn.Module):
    """Narrow, look, widen, and add what came in (He et al. 2015); the looking one halves where one does."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * WIDENED
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x_NCHW: Tensor) -> Tensor:
        narrow = F.relu(self.bn1(self.conv1(x_NCHW)))
        seen = F.relu(self.bn2(self.conv2(narrow)))
        return F.relu(self.bn3(self.conv3(seen)) + self.downsample(x_NCHW))


class ResNet50(nn.Module):
    """With generalised-mean pooling: the mean of cubes, its root."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        inputs = 64
        for number, (width, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True), 1):
            blocks = list[nn.Module]()
            for place in range(depth):
                blocks.append(Bottleneck(inputs, width, 2 if place == 0 and number > 1 else 1))
                inputs = width * WIDENED
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, DIMENSIONS)

    def forward(self, pictures_N3HW: Tensor) -> Tensor:
        x_NCHW = F.max_pool2d(F.relu(self.bn1(self.conv1(pictures_N3HW))), 3, 2, 1)
        for number in range(1, len(DEPTHS) + 1):
            x_NCHW = self.get_submodule(f"layer{number}")(x_NCHW)
        pooled_NC = x_NCHW.clamp(min=1e-6).pow(POWER).mean((2, 3)).pow(1 / POWER)
        return self.fc(pooled_NC)  # type: ignore[no-any-return]  # a module's call


class Sscd(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = ResNet50()

    def forward(self, pictures_N3HW: Tensor) -> Tensor:
        """(N, D), each of length one."""
        return F.normalize(self.backbone(pictures_N3HW), dim=1)


def load_sscd(file: JudgeFile, trusted_sha256: str = "") -> nn.Module:
    """From weights, or from the TorchScript file with that hash. Raises BadRecipe."""
    if is_torchscript(file.path):
        return load_trusted(file, trusted_sha256, torch.zeros(2, 3, 64, 64), DIMENSIONS)
    path = file.checked()
    return fill(Sscd(), read_weights(path), path)
