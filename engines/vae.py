"""Pictures to latents and back, with the model's scale and shift."""

# B pictures, H and W pixels, h and w latent rows and columns

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
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

__all__ = ["Posterior", "Vae", "to_image", "to_pixels"]

CHUNK = 4
"""Pictures through the network at a time, to bound memory."""


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """A normal distribution of latents as the transformer reads them: its mean, and log variance by place.

    `log_variance_BChw` is None for an autoencoder that knows one latent for a picture.
    """

    mean_BChw: Tensor
    log_variance_BChw: Tensor | None


class Vae:
    """Any diffusers autoencoder of pictures; latents are centred by its shift and scaled to unit size."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.scale = float(model.config.scaling_factor)
        self.shift = float(getattr(model.config, "shift_factor", None) or 0.0)
        self.factor: int = 2 ** (len(model.config.block_out_channels) - 1)
        self.channels = int(model.config.latent_channels)

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
        return self.posterior(pixels_B3HW).mean_BChw

    @torch.no_grad()
    def posterior(self, pixels_B3HW: Tensor) -> Posterior:
        """Pixels in [-1, 1] to all that the encoder says of their latents, in float32."""
        means, log_variances = [], []
        for chunk in torch.split(pixels_B3HW.to(self.model.device, self.model.dtype), CHUNK):
            encoded = self.model.encode(chunk)
            if hasattr(encoded, "latent_dist"):
                means.append(encoded.latent_dist.mean)
                log_variances.append(encoded.latent_dist.logvar)
            else:
                means.append(encoded.latent)
        spread = torch.cat(log_variances).float() + 2 * math.log(self.scale) if log_variances else None
        return Posterior(
            mean_BChw=(torch.cat(means).float() - self.shift) * self.scale, log_variance_BChw=spread
        )

    def encoder_hash(self) -> str:
        """Names what makes latents of pictures: the encoder's weights, the scale and the shift; the decoder
        may go on learning."""
        digest = hashlib.sha256(json.dumps([type(self.model).__name__, self.scale, self.shift]).encode())
        for name, tensor in sorted(self.model.state_dict().items()):
            if name.startswith(("encoder.", "quant_conv.")):
                digest.update(f"{name} {tuple(tensor.shape)} ".encode())
                digest.update(tensor.detach().float().cpu().contiguous().numpy().data)
        return digest.hexdigest()

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
