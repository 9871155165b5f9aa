"""What stands where: labels of every image token, and the small head that is asked for them in training."""

# B batch, T tokens, I image tokens, D width, K labels

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.stickers.catalogue import COLORS, KINDS
from training.stickers.scene import Scene

TOKEN_PX = 32
_KIND_LABEL = {kind: index + 1 for index, kind in enumerate(KINDS)}
_COLOR_LABEL = {color: index + 1 for index, color in enumerate((*COLORS, None))}


def layout_labels(scenes: Sequence[Scene]) -> Tensor:
    """Kind and colour at each token of scenes of one shape, 0 for background: (2, B, I)."""
    width, height = scenes[0].size
    labels = torch.zeros(2, len(scenes), height // TOKEN_PX, width // TOKEN_PX, dtype=torch.long)
    for index, scene in enumerate(scenes):
        for thing in scene.things:
            left, top, right, bottom = (round(edge / TOKEN_PX) for edge in thing.box)
            rows, columns = (
                slice(max(0, top), max(bottom, top + 1)),
                slice(max(0, left), max(right, left + 1)),
            )
            labels[0, index, rows, columns] = _KIND_LABEL[thing.kind]
            labels[1, index, rows, columns] = _COLOR_LABEL[thing.color]
    return labels.flatten(2)


class LayoutHead(nn.Module):
    """Token features to scores for kinds and colours."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.kind = nn.Linear(width, len(_KIND_LABEL) + 1)
        self.color = nn.Linear(width, len(_COLOR_LABEL) + 1)

    def loss(self, features_BTD: Tensor, labels_2BI: Tensor) -> Tensor:
        """Mean cross entropy of both labels over the image tokens, which come first."""
        num_tokens = labels_2BI.shape[-1]
        features = self.norm(features_BTD[:, :num_tokens])
        kind = F.cross_entropy(self.kind(features).float().flatten(0, 1), labels_2BI[0].flatten())
        color = F.cross_entropy(self.color(features).float().flatten(0, 1), labels_2BI[1].flatten())
        return kind + color
