"""A small local judge for yes-or-no questions: BLIP (Li et al. 2022), the likelier of the two words."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from PIL import Image
from transformers import AutoTokenizer, BlipForQuestionAnswering, BlipImageProcessorPil

from training.benchmarks.errors import JudgeUnavailable

__all__ = ["BlipYesNo"]


class BlipYesNo:
    """The network is loaded when the first picture comes."""

    name = "blip"

    def __init__(self, model: str, device: torch.device) -> None:
        self.model_name, self.device = model, device

    @property
    def version(self) -> str:
        return self.model_name

    def is_true(self, picture: Image.Image, question: str) -> bool:
        """Raises JudgeUnavailable."""
        tokens = self._tokenizer(question, truncation=True, max_length=512, return_tensors="pt").to(
            self.device
        )
        pixels = self._prepare(images=[picture.convert("RGB")], return_tensors="pt")["pixel_values"]
        return self._loss(tokens, pixels, "yes") < self._loss(tokens, pixels, "no")

    def _loss(self, tokens: Any, pixels: torch.Tensor, answer: str) -> float:
        labels = self._tokenizer(answer, return_tensors="pt")["input_ids"].to(self.device)
        with torch.inference_mode():
            output = self._network(
                input_ids=tokens["input_ids"],
                attention_mask=tokens["attention_mask"],
                pixel_values=pixels.to(self.device),
                labels=labels,
            )
        return float(output.loss)

    @cached_property
    def _network(self) -> Any:
        try:
            network: Any = BlipForQuestionAnswering.from_pretrained(self.model_name, use_safetensors=True)
        except (OSError, ValueError) as error:
            raise JudgeUnavailable(f"{self.model_name} cannot be loaded ({error}).") from error
        return network.to(self.device).eval()

    @cached_property
    def _tokenizer(self) -> Any:
        try:
            return AutoTokenizer.from_pretrained(self.model_name)
        except (OSError, ValueError) as error:
            raise JudgeUnavailable(
                f"The tokenizer of {self.model_name} cannot be loaded ({error})."
            ) from error

    @cached_property
    def _prepare(self) -> Any:
        try:
            return BlipImageProcessorPil.from_pretrained(self.model_name)
        except (OSError, ValueError) as error:
            raise JudgeUnavailable(f"{self.model_name} cannot be loaded ({error}).") from error
