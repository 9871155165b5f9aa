"""The one place that builds eyes."""

from __future__ import annotations

from pathlib import Path

import torch

from engines.eyes.spoken_eyes import SpokenEyes
from engines.eyes.sticker_eyes import EYES, StickerEyes
from engines.load_engine import STICKERS, quiet_libraries
from engines.seen import Eyes

__all__ = ["load_eyes"]


def load_eyes(
    weights: Path | None = None, vision_model: Path | None = None, device: torch.device | str | None = None
) -> Eyes:
    """The small eyes beside the weights (by default the embedded ones), or a vision model of transformers.

    `vision_model` is a local folder; it stands on `device`, by default the first CUDA device, or else the
    processor. Raises ModelNotFound, WeightsDamaged or DeviceOutOfMemory.
    """
    if vision_model is None:
        return StickerEyes.from_pretrained((weights or STICKERS) / EYES)
    quiet_libraries()
    return SpokenEyes.from_pretrained(
        vision_model, device or ("cuda" if torch.cuda.is_available() else "cpu")
    )
