"""Stage 1: the autoencoder (diffusers' AutoencoderDC) learns to pack and unpack pictures.

Legend: B batch, C channels, H height, W width.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderDC
from PIL import Image
from torch import Tensor, nn

from training.loop import StepLoss
from training.precision import autocast
from training.seeds import rng_for
from training.sheets import batch_to_pictures, pictures_to_batch, sheet
from training.stages.closed_form import start_in_closed_form
from training.stickers.render import render
from training.stickers.scene import sample_scene


@dataclass(frozen=True, kw_only=True)
class AutoencoderSettings:
    """Random crops of `crop_px`: nothing in the network sees the whole picture, so crops train it as well."""

    block_out_channels: tuple[int, ...] = (16, 16, 32, 64, 128)
    layers_per_block: tuple[int, ...] = (0, 1, 1, 2, 2)
    latent_channels: int = 16
    start_pictures: int = 120
    crop_px: int = 128
    scenes_per_step: int = 8
    crops_per_scene: int = 2
    noise: float = 0.05
    mse_weight: float = 10.0
    seed: int = 1


def build_autoencoder(settings: AutoencoderSettings) -> AutoencoderDC:
    """AutoencoderDC with one halving for each entry of block_out_channels but the first."""
    levels = len(settings.block_out_channels)
    return AutoencoderDC(
        latent_channels=settings.latent_channels,
        encoder_block_types="ResBlock",
        decoder_block_types="ResBlock",
        encoder_block_out_channels=settings.block_out_channels,
        decoder_block_out_channels=settings.block_out_channels,
        encoder_layers_per_block=settings.layers_per_block,
        decoder_layers_per_block=settings.layers_per_block,
        encoder_qkv_multiscales=((),) * levels,
        decoder_qkv_multiscales=((),) * levels,
        upsample_block_type="pixel_shuffle",
        downsample_block_type="pixel_unshuffle",
        encoder_out_shortcut=False,
        decoder_in_shortcut=False,
        scaling_factor=1.0,
    )


class AutoencoderStage:
    """Loss = weighted MSE + L1; a little noise on the latents keeps small errors of a sampler small."""

    name = "autoencoder"

    def __init__(self, settings: AutoencoderSettings, device: torch.device | None = None) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.batch_size = settings.scenes_per_step * settings.crops_per_scene
        self.model = build_autoencoder(settings)
        start_in_closed_form(
            self.model, pictures_to_batch(pictures_of("autoencoder-start", settings.start_pictures))
        )
        self.device = device or torch.device("cpu")
        self.model.to(self.device)

    def parameters(self) -> dict[str, nn.Parameter]:
        """The decoder's: the encoder keeps its closed form, so cached latents stay true while it learns."""
        return dict(self.model.decoder.named_parameters())

    def loss(self, step: int) -> StepLoss:
        rng = rng_for("autoencoder", self.settings.seed, step)
        batch_BCHW = pictures_to_batch(self._crops(rng)).to(self.device)
        latent_BCHW = encode_batch(self.model, batch_BCHW)
        with autocast(self.device):
            noise = torch.from_numpy(rng.standard_normal(latent_BCHW.shape, np.float32)).to(self.device)
            decoded_BCHW = self.model.decoder(latent_BCHW + self.settings.noise * noise)
        difference = decoded_BCHW.float() - batch_BCHW
        mse, l1 = difference.square().mean(), difference.abs().mean()
        psnr_db = -10 * float(torch.log10(mse.detach() / 4))
        parts = {"psnr_db": psnr_db, "l1": float(l1.detach())}
        return StepLoss(total=self.settings.mse_weight * mse + l1, parts=parts)

    def _crops(self, rng: np.random.Generator) -> list[Image.Image]:
        crops, side = [], self.settings.crop_px
        for _ in range(self.settings.scenes_per_step):
            picture = render(sample_scene(rng))
            for _ in range(self.settings.crops_per_scene):
                left, top = (int(rng.integers(0, edge - side + 1)) for edge in picture.size)
                crops.append(picture.crop((left, top, left + side, top + side)))
        return crops

    @torch.no_grad()
    def contact_sheet(self) -> Image.Image:
        pictures = pictures_of("held-out", 16)
        return sheet([*pictures, *batch_to_pictures(_round_trip(self.model, pictures))], columns=8)


def export_autoencoder(model: AutoencoderDC, settings: AutoencoderSettings, folder: Path) -> None:
    """Write the weights with the scale that gives latents unit variance, and what pipelines expect."""
    latents = encode_batch(
        model, pictures_to_batch(pictures_of("autoencoder-start", settings.start_pictures))
    )
    model.register_to_config(
        scaling_factor=float(1 / latents.std()),
        shift_factor=0.0,
        block_out_channels=settings.block_out_channels,
    )
    model.save_pretrained(folder)


def pictures_of(stream: str, count: int) -> list[Image.Image]:
    """The first square scenes of a named stream; the stream "held-out" is never trained on."""
    return [render(sample_scene(rng_for(stream, 0, index), shape="square")) for index in range(count)]


@torch.no_grad()
def encode_batch(model: AutoencoderDC, batch_BCHW: Tensor) -> Tensor:
    """(B, C, H, W) fp32, unscaled."""
    latents: Tensor = model.encoder(batch_BCHW.to(model.device))
    return latents


@torch.no_grad()
def reconstruction_psnr_db(model: AutoencoderDC, count: int = 64) -> float:
    """Mean PSNR over held-out scenes in decibels, of 8-bit pictures as a user sees them."""
    pictures = pictures_of("held-out", count)
    errors = [
        np.asarray(before, np.float64) - np.asarray(after, np.float64)
        for before, after in zip(pictures, batch_to_pictures(_round_trip(model, pictures)), strict=True)
    ]
    return float(np.mean([10 * np.log10(255**2 / np.mean(error**2)) for error in errors]))


def _round_trip(model: AutoencoderDC, pictures: list[Image.Image]) -> Tensor:
    decoded: Tensor = model.decoder(encode_batch(model, pictures_to_batch(pictures)))
    return decoded
