"""Pictures to latents and back, with the model's scale and shift."""

# B pictures, H and W pixels, h and w latent rows and columns

from __future__ import annotations

from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor

from engines.errors import ModelNotFound, NonFiniteOutput, WeightsDamaged
from engines.sparse_dit.checkpoint import read_json

__all__ = ["Vae", "to_image", "to_pixels"]

CHUNK = 4
"""Pictures through the network at a time, to bound memory."""


class Vae:
    """Any diffusers autoencoder of pictures; latents are centred by its shift and scaled to unit size."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.scale = float(model.config.scaling_factor)
        self.shift = float(getattr(model.config, "shift_factor", None) or 0.0)
        self.factor: int = 2 ** (len(model.config.block_out_channels) - 1)

    @classmethod
    def from_pretrained(
        cls, folder: Path, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
    ) -> Vae:
        """Load a diffusers vae folder. Raises ModelNotFound or WeightsDamaged."""
        if not (folder / "config.json").is_file():
            raise ModelNotFound(f"No autoencoder at {folder}: give a folder in diffusers layout.")
        name = str(read_json(folder / "config.json").get("_class_name"))
        model_class: Any = getattr(diffusers, name, None) if name.startswith("Autoencoder") else None
        if model_class is None:
            raise WeightsDamaged(f"{folder / 'config.json'} names {name}, which is no diffusers autoencoder.")
        try:
            model, report = model_class.from_pretrained(
                folder,
                torch_dtype=dtype,
                use_safetensors=True,
                output_loading_info=True,
                low_cpu_mem_usage=False,
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            reason = str(error).partition("\n")[0]
            raise WeightsDamaged(f"{folder} does not hold a loadable {name}: {reason}") from error
        if report["missing_keys"]:
            raise WeightsDamaged(f"{folder} lacks {len(report['missing_keys'])} tensors of its {name}.")
        return cls(model.to(device).eval().requires_grad_(False))

    @torch.no_grad()
    def encode(self, pixels_B3HW: Tensor) -> Tensor:
        """Pixels in [-1, 1] to the most likely latents (B, channels, h, w), in float32."""
        parts = []
        for chunk in torch.split(pixels_B3HW.to(self.model.device, self.model.dtype), CHUNK):
            encoded = self.model.encode(chunk)
            parts.append(encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latent)
        return (torch.cat(parts).float() - self.shift) * self.scale

    @torch.no_grad()
    def decode(self, latents_BChw: Tensor) -> Tensor:
        """Latents to pixels, about [-1, 1], in float32."""
        latents = (latents_BChw / self.scale + self.shift).to(self.model.device, self.model.dtype)
        return torch.cat([self.model.decode(chunk).sample for chunk in torch.split(latents, CHUNK)]).float()


def to_pixels(image: Image.Image) -> Tensor:
    """A picture to (1, 3, H, W) in [-1, 1]."""
    array = np.asarray(image.convert("RGB"), dtype=np.float32)
    return torch.from_numpy(array / 127.5 - 1.0).permute(2, 0, 1)[None].contiguous()


def to_image(pixels_13HW: Tensor) -> Image.Image:
    """(1, 3, H, W), clipped to [-1, 1], to a picture. Raises NonFiniteOutput."""
    if not torch.isfinite(pixels_13HW).all():
        raise NonFiniteOutput("The picture came out as not-a-number; try again with another seed.")
    array = (pixels_13HW[0] / 2 + 0.5).clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(array)
