"""Eyes that speak: any image-text-to-text model of transformers in a folder, where there is room for one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from engines.engine import device_failures
from engines.errors import ModelNotFound, WeightsDamaged
from engines.seen import Box, Seen

__all__ = ["SpokenEyes"]

QUESTION = (
    "What is in this picture? Name every thing with its number, colour and place in one short sentence."
)
MOST_NEW_TOKENS = 160
MOST_PX = 1024
"""Longer sides are shrunk to this: more pixels are more tokens."""


class SpokenEyes:
    """Answers questions about any picture in words; where a thing stands it cannot point out."""

    def __init__(self, model: Any, processor: Any) -> None:
        self.model, self.processor = model.eval().requires_grad_(False), processor
        self.vocabulary: dict[str, tuple[str, ...]] = {}

    @classmethod
    def from_pretrained(
        cls, folder: Path, device: torch.device | str = "cpu", dtype: torch.dtype | None = None
    ) -> SpokenEyes:
        """Load a local folder: no download, no code from the folder, safetensors only.

        Raises ModelNotFound, WeightsDamaged or DeviceOutOfMemory.
        """
        if not (folder / "config.json").is_file():
            raise ModelNotFound(f"No vision model at {folder}: give a folder with config.json and weights.")
        only_here: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            with device_failures():
                processor = AutoProcessor.from_pretrained(folder, **only_here)
                model: Any = AutoModelForImageTextToText.from_pretrained(
                    folder, dtype=dtype or "auto", use_safetensors=True, **only_here
                )
                model = model.to(device)
        except (OSError, ValueError, KeyError, ImportError) as error:
            reason = str(error).partition("\n")[0]
            raise WeightsDamaged(f"{folder} holds no image-text-to-text model: {reason}") from error
        if not getattr(processor, "chat_template", None):
            raise WeightsDamaged(
                f"{folder} holds a vision model without a chat template: choose one for chat."
            )
        return cls(model, processor)

    def look(self, image: Image.Image, question: str = "", most_new_tokens: int = MOST_NEW_TOKENS) -> Seen:
        """The model's own words. Raises DeviceOutOfMemory."""
        picture = image.convert("RGB")
        picture.thumbnail((MOST_PX, MOST_PX))
        content = [{"type": "image", "image": picture}, {"type": "text", "text": question or QUESTION}]
        with device_failures(), torch.inference_mode():
            inputs = self.processor.apply_chat_template(
                [{"role": "user", "content": content}],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            ).to(self.model.device, self.model.dtype)
            tokens = self.model.generate(**inputs, max_new_tokens=most_new_tokens, do_sample=False)
        said = self.processor.batch_decode(
            tokens[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )[0]
        return Seen(size=image.size, is_known=True, confidence=1.0, description=said.strip())

    def locate(self, image: Image.Image, words: str) -> tuple[Box, ...]:
        """None: words are all that it has."""
        return ()
