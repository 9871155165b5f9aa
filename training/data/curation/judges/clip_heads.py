"""LAION's small networks on CLIP's picture embeddings of length one: is it safe, is it beautiful.

Names and sizes are those of the published files; which of the kin a file holds, its shapes say.
"""

# N pictures, D width of the embedding (768 of ViT-L/14, 512 of ViT-B/32)

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from training.data.curation.judges.files import JudgeFile
from training.data.curation.judges.weights import fill, read_weights
from training.errors import BadRecipe

__all__ = ["AestheticLinear", "AestheticMlp", "NsfwHead", "load_aesthetic", "load_nsfw"]

NSFW_WIDTHS = {768: (64, 512, 256), 512: (32, 32)}
"""Of the hidden layers, by the width of the embedding."""
MLP_WIDTHS = (1024, 128, 64, 16)


class Normalization(nn.Module):
    """By the mean and variance of what it was trained on (Keras' layer)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.variance: Tensor
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))

    def forward(self, x_ND: Tensor) -> Tensor:
        return (x_ND - self.mean) / (self.variance.sqrt() + 1e-10)


class NsfwHead(nn.Module):
    """CLIP-based-NSFW-Detector: the probability that a picture is unsafe, (N,)."""

    def __init__(self, width: int = 768) -> None:
        super().__init__()
        self.width, self.norm = width, Normalization(width)
        widths = (width, *NSFW_WIDTHS[width], 1)
        self.num_layers = len(widths) - 1
        for number, (inputs, outputs) in enumerate(pairwise(widths), 1):
            self.add_module(f"linear_{number}", nn.Linear(inputs, outputs))

    def forward(self, embeddings_ND: Tensor) -> Tensor:
        x_ND = self.norm(embeddings_ND)
        for number in range(1, self.num_layers):
            x_ND = self.get_submodule(f"linear_{number}")(x_ND).relu()
        return self.get_submodule(f"linear_{self.num_layers}")(x_ND).sigmoid().squeeze(1)  # type: ignore[no-any-return]


class AestheticLinear(nn.Module):
    """aesthetic-predictor, the first: a mark from about 1 to 10, (N,)."""

    def __init__(self, width: int = 768) -> None:
        super().__init__()
        self.width = width
        self.weight, self.bias = nn.Parameter(torch.zeros(1, width)), nn.Parameter(torch.zeros(1))

    def forward(self, embeddings_ND: Tensor) -> Tensor:
        return nn.functional.linear(embeddings_ND, self.weight, self.bias).squeeze(1)


class AestheticMlp(nn.Module):
    """improved-aesthetic-predictor: a mark from about 1 to 10, (N,).

    Of the published files those named linearMSE have nothing between the linear layers but the dropouts of
    their training; those named reluMSE may have been trained with ReLUs. The layers' numbers tell.
    """

    def __init__(self, *, has_relus: bool = False) -> None:
        super().__init__()
        self.width = 768
        layers, inputs = list[nn.Module](), self.width
        for outputs, dropout in zip(MLP_WIDTHS, (0.2, 0.2, 0.1, None), strict=True):
            layers.append(nn.Linear(inputs, outputs))
            if has_relus:
                layers.append(nn.ReLU())
            if dropout is not None:
                layers.append(nn.Dropout(dropout))
            inputs = outputs
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, 1))

    def forward(self, embeddings_ND: Tensor) -> Tensor:
        return self.layers(embeddings_ND).squeeze(1)  # type: ignore[no-any-return]  # a module's call


def load_nsfw(file: JudgeFile) -> NsfwHead:
    """Raises BadRecipe."""
    path = file.checked()
    weights = read_weights(path)
    return fill(NsfwHead(width_of(weights, "linear_1.weight", path)), weights, path)


def load_aesthetic(file: JudgeFile) -> AestheticLinear | AestheticMlp:
    """Raises BadRecipe."""
    path = file.checked()
    weights = read_weights(path)
    if any(name.startswith("layers.") for name in weights):
        return fill(AestheticMlp(has_relus="layers.11.weight" in weights), weights, path)
    return fill(AestheticLinear(width_of(weights, "weight", path)), weights, path)


def width_of(weights: Mapping[str, Tensor], name: str, file: Path) -> int:
    """Of the embedding that a head was made for. Raises BadRecipe."""
    shape = weights[name].shape if name in weights else ()
    if len(shape) != 2 or shape[1] not in NSFW_WIDTHS:
        raise BadRecipe(
            f"{file} is no head on CLIP's embeddings of ViT-L/14 or ViT-B/32: its {name} is "
            f"{'missing' if not shape else 'x'.join(map(str, shape))}."
        )
    return int(shape[1])
