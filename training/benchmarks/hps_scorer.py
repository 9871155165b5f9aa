"""HPSv2.1 (Wu et al. 2023): OpenCLIP ViT-H/14 tuned to people's preferences, read from its own checkpoint."""

# B pictures, T texts, D width of the joint space

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import torch
from huggingface_hub.errors import HfHubHTTPError
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from training.benchmarks.clip_model import Clip, load_tokenizer
from training.benchmarks.errors import JudgeUnavailable
from training.benchmarks.open_clip_names import from_open_clip, vit_h_14

__all__ = ["HpsJudge", "Prepare", "read_checkpoint"]

REPO, FILE = "xswu/HPSv2", "HPS_v2.1_compressed.pt"
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


class HpsJudge:
    """The cosine of picture and words, times 100. The network is loaded when the first picture comes."""

    name = "hps"

    def __init__(
        self, weights: Path | None, tokenizer: str, device: torch.device, config: CLIPConfig | None = None
    ) -> None:
        """Without `weights` the checkpoint is fetched. Raises JudgeUnavailable for a missing file."""
        if weights is not None and not weights.is_file():
            raise JudgeUnavailable(f"{weights} is not there: give the file of {FILE} with --judge-weights.")
        self.weights, self.tokenizer_name, self.device = weights, tokenizer, device
        self.config = config or vit_h_14()

    @property
    def version(self) -> str:
        if self.weights is None:
            return f"{REPO} {FILE}"
        return f"{self.weights.name}, {self.weights.stat().st_size} bytes"

    def score(self, picture: Image.Image, words: str) -> float:
        """Raises JudgeUnavailable."""
        return float((self._clip.pictures([picture]) * self._clip.words([words])).sum()) * 100

    @cached_property
    def _clip(self) -> Clip:
        config: Any = self.config
        model: Any = CLIPModel(config)
        file = self.weights or fetch_checkpoint()
        try:
            model.load_state_dict(from_open_clip(read_checkpoint(file)))
        except (ValueError, RuntimeError) as error:
            raise JudgeUnavailable(f"{file} does not hold ViT-H/14 of open_clip ({error}).") from error
        return Clip(
            model=model.to(self.device).eval(),
            tokenizer=load_tokenizer(self.tokenizer_name),
            prepare=Prepare(config.vision_config.image_size),
        )


class Prepare:
    """Pictures as HPSv2 prepares them: the longer side to the network's, centred on black."""

    def __init__(self, side_px: int) -> None:
        self.side_px = side_px

    def __call__(self, images: Sequence[Image.Image], return_tensors: str) -> dict[str, Tensor]:
        """{"pixel_values": (B, 3, side, side)}, normalised."""
        arrays = [np.asarray(self._fitted(image), np.float32) / 255 for image in images]
        pixels = torch.from_numpy((np.stack(arrays) - MEAN) / np.array(STD)).permute(0, 3, 1, 2)
        return {"pixel_values": pixels.float()}

    def _fitted(self, image: Image.Image) -> Image.Image:
        scale = self.side_px / max(image.size)
        width, height = (max(1, round(side * scale)) for side in image.size)
        small = image.resize((width, height), Image.Resampling.BICUBIC)
        canvas = Image.new("RGB", (self.side_px, self.side_px))
        canvas.paste(small, ((self.side_px - width) // 2, (self.side_px - height) // 2))
        return canvas


def fetch_checkpoint() -> Path:
    """Raises JudgeUnavailable."""
    try:
        return Path(huggingface_hub.hf_hub_download(REPO, FILE))
    except (OSError, HfHubHTTPError, ValueError) as error:
        raise JudgeUnavailable(
            f"{FILE} cannot be fetched from {REPO} ({type(error).__name__}): give it with --judge-weights."
        ) from error


def read_checkpoint(file: Path) -> dict[str, Tensor]:
    """Weights from .safetensors, or from the published .pt.

    That one is a pickle: it is read by torch's own restricted reader, which builds tensors and plain
    containers and refuses all else, so that nothing in the file is run. Raises JudgeUnavailable.
    """
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        content: Any = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise JudgeUnavailable(f"{file} cannot be read as weights ({type(error).__name__}).") from error
    weights = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise JudgeUnavailable(f"{file} holds no table of weights.")
    return weights
