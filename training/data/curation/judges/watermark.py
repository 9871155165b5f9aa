"""LAION-5B-WatermarkDetection: EfficientNet-B3 (Tan and Le 2019) with a classifier of three layers.

Names are those of timm's `efficientnet_b3a`, on which it was trained.
"""

# N pictures, C channels, H height, W width

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from training.data.curation.judges.files import JudgeFile
from training.data.curation.judges.weights import fill, read_weights

__all__ = ["STAGES", "EfficientNetB3", "WatermarkNet", "load_watermark"]

STEM, HEAD = 40, 1536


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the paper's table 1, scaled to B3: 1.2 times as wide, 1.4 times as deep."""

    expansion: int
    kernel: int
    stride: int
    width: int
    depth: int


STAGES = (
    Row(expansion=1, kernel=3, stride=1, width=24, depth=2),
    Row(expansion=6, kernel=3, stride=2, width=32, depth=3),
    Row(expansion=6, kernel=5, stride=2, width=48, depth=3),
    Row(expansion=6, kernel=3, stride=2, width=96, depth=5),
    Row(expansion=6, kernel=5, stride=1, width=136, depth=5),
    Row(expansion=6, kernel=5, stride=2, width=232, depth=6),
    Row(expansion=6, kernel=3, stride=1, width=384, depth=2),
)


class SqueezeExcite(nn.Module):
    """Each channel weighed by what all of them mean."""

    def __init__(self, width: int, squeezed: int) -> None:
        super().__init__()
        self.conv_reduce, self.conv_expand = nn.Conv2d(width, squeezed, 1), nn.Conv2d(squeezed, width, 1)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        mean = x_NCHW.mean((2, 3), keepdim=True)
        weights: Tensor = self.conv_expand(F.silu(self.conv_reduce(mean))).sigmoid()
        return x_NCHW * weights


class Separable(nn.Module):
    """A block that does not widen: the first stage's."""

    def __init__(self, inputs: int, row: Row, stride: int) -> None:
        super().__init__()
        self.conv_dw = nn.Conv2d(
            inputs, inputs, row.kernel, stride, row.kernel // 2, groups=inputs, bias=False
        )
        self.bn1 = nn.BatchNorm2d(inputs)
        self.se = SqueezeExcite(inputs, inputs // 4)
        self.conv_pw, self.bn2 = nn.Conv2d(inputs, row.width, 1, bias=False), nn.BatchNorm2d(row.width)
        self.is_added = stride == 1 and inputs == row.width

    def forward(self, x_NCHW: Tensor) -> Tensor:
        seen = self.se(F.silu(self.bn1(self.conv_dw(x_NCHW))))
        made: Tensor = self.bn2(self.conv_pw(seen))
        return x_NCHW + made if self.is_added else made


class Inverted(nn.Module):
    """Widen, look at each channel by itself, narrow."""

    def __init__(self, inputs: int, row: Row, stride: int) -> None:
        super().__init__()
        wide = inputs * row.expansion
        self.conv_pw, self.bn1 = nn.Conv2d(inputs, wide, 1, bias=False), nn.BatchNorm2d(wide)
        self.conv_dw = nn.Conv2d(wide, wide, row.kernel, stride, row.kernel // 2, groups=wide, bias=False)
        self.bn2 = nn.BatchNorm2d(wide)
        self.se = SqueezeExcite(wide, inputs // 4)
        self.conv_pwl, self.bn3 = nn.Conv2d(wide, row.width, 1, bias=False), nn.BatchNorm2d(row.width)
        self.is_added = stride == 1 and inputs == row.width

    def forward(self, x_NCHW: Tensor) -> Tensor:
        widened = F.silu(self.bn1(self.conv_pw(x_NCHW)))
        seen = self.se(F.silu(self.bn2(self.conv_dw(widened))))
        made: Tensor = self.bn3(self.conv_pwl(seen))
        return x_NCHW + made if self.is_added else made


class EfficientNetB3(nn.Module):
    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.conv_stem, self.bn1 = nn.Conv2d(3, STEM, 3, 2, 1, bias=False), nn.BatchNorm2d(STEM)
        stages, inputs = list[nn.Module](), STEM
        for row in STAGES:
            kind, blocks = Separable if row.expansion == 1 else Inverted, list[nn.Module]()
            for place in range(row.depth):
                blocks.append(kind(inputs, row, row.stride if place == 0 else 1))
                inputs = row.width
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.conv_head, self.bn2 = nn.Conv2d(inputs, HEAD, 1, bias=False), nn.BatchNorm2d(HEAD)
        self.classifier = classifier

    def features(self, pictures_N3HW: Tensor) -> Tensor:
        """(N, C)."""
        x_NCHW = self.blocks(F.silu(self.bn1(self.conv_stem(pictures_N3HW))))
        return F.silu(self.bn2(self.conv_head(x_NCHW))).mean((2, 3))

    def forward(self, pictures_N3HW: Tensor) -> Tensor:
        return self.classifier(self.features(pictures_N3HW))  # type: ignore[no-any-return]  # a module's call


class WatermarkNet(EfficientNetB3):
    def __init__(self) -> None:
        super().__init__(
            nn.Sequential(
                nn.Linear(HEAD, 625),
                nn.ReLU(),
                nn.Dropout(0.3),
                nn.Linear(625, 256),
                nn.ReLU(),
                nn.Linear(256, 2),
            )
        )

    def forward(self, pictures_N3HW: Tensor) -> Tensor:
        """The probability of a watermark, (N,): the first of the two classes."""
        return super().forward(pictures_N3HW).softmax(1)[:, 0]


def load_watermark(file: JudgeFile) -> WatermarkNet:
    """Raises BadRecipe."""
    path = file.checked()
    return fill(WatermarkNet(), read_weights(path), path)
