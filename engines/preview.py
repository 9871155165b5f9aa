"""Quick looks at unfinished latents: by a small autoencoder itself, else by TAEF1, else by a linear map."""

# B pictures, C latent channels, h and w latent rows and columns, N latent pixels of all pictures

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import torch
from einops import rearrange
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from engines.errors import WeightsDamaged
from engines.vae import Vae, to_image

__all__ = ["TINY_DECODER", "LinearMap", "Preview", "decoded", "find_preview", "mapped"]

Preview = Callable[[Tensor], Image.Image]
"""Latents (1, C, h, w) to a small picture of them."""

TINY_DECODER = "taef1"
"""A diffusers folder of AutoencoderTiny, inside the folder of weights or beside it."""
MOST_PARAMETERS = 10_000_000
"""Up to this size an autoencoder shows its latents itself: the embedded one has 2.0 M (30 ms a preview on one
core), Flux's 83.8 M."""
LARGEST_LATENT = 64
SAMPLE_LATENT = 16
NUM_SAMPLES = 6
OCTAVES = (1, 2, 4, 16)


def find_preview(vae: Vae, folder: Path) -> Preview:
    """The best look that costs little beside a denoising step. Raises WeightsDamaged for a wrong `taef1`."""
    if sum(parameter.numel() for parameter in vae.model.parameters()) <= MOST_PARAMETERS:
        return decoded(vae)
    for place in (folder / TINY_DECODER, folder.parent / TINY_DECODER):
        if place.is_dir():
            return decoded(load_tiny_decoder(place, vae))
    return mapped(vae)


def load_tiny_decoder(folder: Path, vae: Vae) -> Vae:
    """A decoder of the same latents as `vae`'s, on its device. Raises WeightsDamaged for other latents."""
    tiny = Vae.from_pretrained(folder, vae.model.dtype, vae.model.device)
    found, wanted = ((each.model.config.latent_channels, each.factor) for each in (tiny, vae))
    if found != wanted:
        raise WeightsDamaged(
            f"{folder} decodes latents of {found[0]} channels at 1/{found[1]} of the size, this model has "
            f"{wanted[0]} at 1/{wanted[1]}: put the matching decoder there, or remove the folder."
        )
    return tiny


def decoded(vae: Vae) -> Preview:
    """Previews by `vae`'s decoder; large latents are shrunk first, which blurs and is cheap."""

    def preview(latents_1Chw: Tensor) -> Image.Image:
        if (shrink := shrinkage(latents_1Chw)) > 1:
            latents_1Chw = interpolate(latents_1Chw, scale_factor=1 / shrink, mode="area")
        return to_image(vae.decode(latents_1Chw))

    return preview


def mapped(vae: Vae) -> Preview:
    """Previews by one colour a latent pixel, at the size that `decoded` gives; `vae` is asked once."""
    colors = LinearMap(vae)

    def preview(latents_1Chw: Tensor) -> Image.Image:
        scale, (height, width) = shrinkage(latents_1Chw), latents_1Chw.shape[-2:]
        size = (width // scale * vae.factor, height // scale * vae.factor)
        return to_image(colors(latents_1Chw)).resize(size, Image.Resampling.BICUBIC)

    return preview


def shrinkage(latents_1Chw: Tensor) -> int:
    return math.ceil(max(latents_1Chw.shape[-2:]) / LARGEST_LATENT)


class LinearMap:
    """The mean colour under each latent pixel, as a linear function of its channels.

    Fitted by least squares, at its first use, to made-up pictures that the autoencoder encodes. On the
    embedded stickers it misses the decoder's means by 0.005 of a range of 2; decoded random latents in
    place of encoded pictures gave 0.012.
    """

    def __init__(self, vae: Vae) -> None:
        self.vae = vae

    def __call__(self, latents_BChw: Tensor) -> Tensor:
        """Pixels (B, 3, h, w), about [-1, 1], in float32."""
        latents_NC = rearrange(latents_BChw, "b c h w -> (b h w) c").double().cpu()
        batch, _, height, width = latents_BChw.shape
        pixels_N3 = with_ones(latents_NC) @ self.factors
        return rearrange(pixels_N3, "(b h w) c -> b c h w", b=batch, h=height, w=width).float()

    @cached_property
    def factors(self) -> Tensor:
        """(C + 1, 3), the constant last."""
        pictures_B3HW = sample_pictures(SAMPLE_LATENT * self.vae.factor)
        latents_NC = rearrange(self.vae.encode(pictures_B3HW), "b c h w -> (b h w) c").double().cpu()
        means_N3 = rearrange(avg_pool2d(pictures_B3HW, self.vae.factor), "b c h w -> (b h w) c").double()
        solution: Tensor = torch.linalg.lstsq(with_ones(latents_NC), means_N3).solution
        return solution


def with_ones(x_NC: Tensor) -> Tensor:
    return torch.cat([x_NC, x_NC.new_ones(len(x_NC), 1)], dim=1)


def sample_pictures(side_px: int) -> Tensor:
    """(B, 3, side, side): random colours at several scales, always the same ones."""
    generator = torch.Generator().manual_seed(0)
    layers = [
        interpolate(
            torch.randn(NUM_SAMPLES, 3, cells, cells, generator=generator),
            size=(side_px, side_px),
            mode="bilinear",
        )
        for cells in OCTAVES
    ]
    return torch.stack(layers).sum(dim=0).div(2).clamp(-1, 1)
