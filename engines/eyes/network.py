"""The small network that finds the things of a picture, their colours, the background and the style."""

# B pictures, C channels, H x W pixels, h x w cells of 8 input pixels, K names

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["CELL_PX", "EyesNetwork", "Names", "View"]

CELL_PX = 8
DEEPEST_PX = 16
"""Input sides are multiples of this."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """What the outputs stand for. After the classes comes a stranger, after the colours a thing's own,
    after the styles none."""

    classes: tuple[str, ...]
    colors: tuple[str, ...]
    backgrounds: tuple[str, ...]
    styles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class View:
    """The raw answer, logits. `boxes` are offsets of the centre in cells, then logs of width and height in
    cells."""

    kinds_BKhw: Tensor
    colors_BKhw: Tensor
    boxes_B4hw: Tensor
    backgrounds_BK: Tensor
    styles_BK: Tensor
    known_B: Tensor


def convolve(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two convolutions beside a straight way (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolve(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return F.relu(x_BCHW + self.norm(self.second(self.first(x_BCHW))))


class EyesNetwork(nn.Module):
    """A pyramid of two levels; a heat map for each class peaks at the centres of its things."""

    def __init__(self, names: Names, channels: tuple[int, int, int, int] = (16, 32, 64, 112)) -> None:
        super().__init__()
        self.names, self.channels = names, channels
        stem, fine, middle, deep = channels
        self.fine = nn.Sequential(
            convolve(3, stem, stride=2, kernel=5), convolve(stem, fine, stride=2), Residual(fine)
        )
        self.middle = nn.Sequential(convolve(fine, middle, stride=2), Residual(middle), Residual(middle))
        self.deep = nn.Sequential(convolve(middle, deep, stride=2), Residual(deep))
        self.down = nn.Conv2d(deep, middle, 1)
        self.merge = Residual(middle)
        self.kinds = nn.Conv2d(middle, len(names.classes) + 1, 1)
        nn.init.constant_(self.kinds.bias, -4.0)  # type: ignore[arg-type]  # few cells are a centre
        self.colors = nn.Conv2d(middle, len(names.colors) + 1, 1)
        self.boxes = nn.Conv2d(middle, 4, 1)
        whole = 2 * fine + deep
        self.backgrounds = nn.Linear(whole, len(names.backgrounds))
        self.styles = nn.Linear(whole, len(names.styles) + 1)
        self.known = nn.Linear(whole, 1)

    def forward(self, pixels_B3HW: Tensor) -> View:
        """Pixels in -1..1, sides multiples of 16."""
        fine = self.fine(pixels_B3HW)
        middle = self.middle(fine)
        deep = self.deep(middle)
        merged = self.merge(middle + F.interpolate(self.down(deep), scale_factor=2.0, mode="nearest"))
        whole = torch.cat([fine.mean((2, 3)), fine.amax((2, 3)), deep.mean((2, 3))], dim=1)
        return View(
            kinds_BKhw=self.kinds(merged),
            colors_BKhw=self.colors(merged),
            boxes_B4hw=self.boxes(merged),
            backgrounds_BK=self.backgrounds(whole),
            styles_BK=self.styles(whole),
            known_B=self.known(whole)[:, 0],
        )
