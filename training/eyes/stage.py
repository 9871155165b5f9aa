"""The stage that trains the eyes: heat maps, boxes, colours, and what the whole picture is."""

# B pictures, K names, h x w cells, N labelled cells

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from engines.eyes.network import EyesNetwork, Names, View
from training.eyes.batches import Batch, Targets, draw_batch, targets_of
from training.eyes.store import IGNORED, Store
from training.loop import StepLoss
from training.precision import autocast
from training.seeds import rng_for
from training.sheets import batch_to_pictures, sheet

__all__ = ["EyesSettings", "EyesStage", "eyes_loss", "settle"]

_COUNTERS = "num_batches_tracked"


@dataclass(frozen=True, kw_only=True)
class EyesSettings:
    """`channels` are those of the network's levels, from fine to deep."""

    batch_size: int = 32
    channels: tuple[int, int, int, int] = (16, 32, 64, 112)
    seed: int = 0


class EyesStage:
    """Loss = focal loss of the heat maps + boxes + colours + background, style and whether it is known."""

    name = "eyes"

    def __init__(
        self, settings: EyesSettings, names: Names, stores: Mapping[str, Mapping[str, Store]]
    ) -> None:
        """`stores` by outline, then by kind."""
        torch.manual_seed(settings.seed + 7_919)
        self.settings, self.stores = settings, stores
        self.batch_size = settings.batch_size
        self.model = EyesNetwork(names, settings.channels).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.model.train()

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.model.named_parameters())

    def state(self) -> dict[str, Tensor]:
        """What the normalisations have counted."""
        return {name: each for name, each in self.model.named_buffers() if not name.endswith(_COUNTERS)}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        for name, buffer in self.state().items():
            buffer.copy_(tensors[name])

    def batch(self, step: int) -> Batch:
        """Of the outline whose turn it is, the square one first and most often."""
        rng = rng_for("eyes-batches", self.settings.seed, step)
        shapes = list(self.stores)
        shape = shapes[0] if len(shapes) == 1 or rng.random() < 0.7 else shapes[1 + step % (len(shapes) - 1)]
        return draw_batch(self.stores[shape], self.batch_size, rng)

    def loss(self, step: int) -> StepLoss:
        batch = self.batch(step)
        with autocast("cpu"):
            view = self.model(batch.pixels_B3HW.contiguous(memory_format=torch.channels_last))
        return eyes_loss(view, targets_of(batch, len(self.model.names.classes) + 1), batch.wholes_B3)

    def contact_sheet(self) -> Image.Image:
        return sheet(batch_to_pictures(self.batch(0).pixels_B3HW[:16]), columns=8)


def eyes_loss(view: View, targets: Targets, wholes_B3: Tensor) -> StepLoss:
    """Focal loss with fewer misses near a centre (Law and Deng 2018, eq. 1), and plain losses beside it."""
    probability = view.kinds_BKhw.float().sigmoid().clamp(1e-4, 1 - 1e-4)
    is_centre = targets.heat_BKhw == 1
    hit = (1 - probability).square() * probability.log() * is_centre
    miss = (1 - targets.heat_BKhw) ** 4 * probability.square() * (1 - probability).log() * ~is_centre
    heat = -(hit + miss).sum() / is_centre.sum().clamp(min=1)
    background = F.cross_entropy(view.backgrounds_BK.float(), wholes_B3[:, 0], ignore_index=IGNORED)
    style = F.cross_entropy(view.styles_BK.float(), wholes_B3[:, 1], ignore_index=IGNORED)
    known = F.binary_cross_entropy_with_logits(view.known_B.float(), wholes_B3[:, 2].float())
    parts = {"heat": heat, "background": background, "style": style, "known": known}
    if len(targets.cells_N3):
        picture, row, column = targets.cells_N3.unbind(1)
        scale = targets.weights_N.sum()
        boxes = (view.boxes_B4hw.float()[picture, :, row, column] - targets.boxes_N4).abs().sum(1)
        parts["boxes"] = (boxes * targets.weights_N).sum() / scale
        colors = view.colors_BKhw.float()[picture, :, row, column]
        wrong = F.cross_entropy(colors, targets.colors_N, ignore_index=IGNORED, reduction="none")
        parts["colors"] = (wrong * targets.weights_N).sum() / scale
    weights = {"background": 0.5, "style": 0.5, "known": 0.5, "boxes": 0.5}
    total = sum((weights.get(name, 1.0) * part for name, part in parts.items()), torch.zeros(()))
    return StepLoss(total=total, parts={name: float(part.detach()) for name, part in parts.items()})


@torch.no_grad()
def settle(stage: EyesStage, num_batches: int = 60) -> None:
    """Count the normalisations' means anew for the weights now in the model, the averaged ones say."""
    norms = [module for module in stage.model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
    for step in range(num_batches):
        stage.model(stage.batch(1_000_000 + step).pixels_B3HW)
    for norm in norms:
        norm.momentum = 0.1
