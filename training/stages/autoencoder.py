"""Stage 1: the autoencoder (diffusers' AutoencoderKL) learns to pack and unpack pictures.

Legend: B batch, C channels, H height, W width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch import Tensor, nn

from training.loop import StepLoss
from training.seeds import rng_for
from training.sheets import pictures_to_batch, sheet
from training.stickers.render import render
from training.stickers.scene import PICTURE_PX, sample_scene


@dataclass(frozen=True, kw_only=True)
class AutoencoderSettings:
    """Random crops of `crop_px` make a step four or more times cheaper than whole pictures."""

    block_out_channels: tuple[int, ...] = (8, 16, 32, 64, 128)
    latent_channels: int = 16
    norm_num_groups: int = 4
    crop_px: int = 128
    scenes_per_step: int = 4
    crops_per_scene: int = 2
    kl_weight: float = 1e-4
    mse_weight: float = 10.0
    seed: int = 1


def build_autoencoder(settings: AutoencoderSettings) -> AutoencoderKL:
    """AutoencoderKL with one level of downsampling for each entry of block_out_channels but the first."""
    levels = len(settings.block_out_channels)
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=settings.latent_channels,
        block_out_channels=settings.block_out_channels,
        layers_per_block=1,
        norm_num_groups=settings.norm_num_groups,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        mid_block_add_attention=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
        sample_size=PICTURE_PX,
        scaling_factor=1.0,
        shift_factor=0.0,
        force_upcast=False,
    )


class AutoencoderStage:
    """Loss = MSE + L1 + a little KL (Kingma & Welling 2014, eq. 10)."""

    name = "autoencoder"

    def __init__(self, settings: AutoencoderSettings, *, compile_model: bool = False) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.batch_size = settings.scenes_per_step * settings.crops_per_scene
        self.model = build_autoencoder(settings).to(torch.bfloat16, memory_format=torch.channels_last)
        self._reconstruct = torch.compile(self._losses) if compile_model else self._losses

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.model.named_parameters())

    def loss(self, step: int) -> StepLoss:
        rng = rng_for("autoencoder", self.settings.seed, step)
        crops = []
        for _ in range(self.settings.scenes_per_step):
            picture = render(sample_scene(rng))
            for _ in range(self.settings.crops_per_scene):
                left, top = (int(v) for v in rng.integers(0, PICTURE_PX - self.settings.crop_px + 1, 2))
                crops.append(picture.crop((left, top, left + self.settings.crop_px, top + self.settings.crop_px)))
        batch_BCHW = pictures_to_batch(crops).to(torch.bfloat16, memory_format=torch.channels_last)
        side = self.settings.crop_px // 2 ** (len(self.settings.block_out_channels) - 1)
        noise = rng.standard_normal((len(crops), self.settings.latent_channels, side, side), np.float32)
        mse, l1, kl = self._reconstruct(batch_BCHW, torch.from_numpy(noise).to(torch.bfloat16))
        total = self.settings.mse_weight * mse + l1 + self.settings.kl_weight * kl
        psnr_db = -10 * float(torch.log10(mse.detach() / 4))
        return StepLoss(total=total, parts={"psnr_db": psnr_db, "l1": float(l1.detach()), "kl": float(kl.detach())})

    def _losses(self, batch_BCHW: Tensor, noise_BCHW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean_BCHW, log_variance_BCHW = self.model.encoder(batch_BCHW).chunk(2, dim=1)
        log_variance_BCHW = log_variance_BCHW.clamp(-20, 4)
        latent_BCHW = mean_BCHW + noise_BCHW * (0.5 * log_variance_BCHW).exp()
        difference = self.model.decoder(latent_BCHW).float() - batch_BCHW.float()
        mean, log_variance = mean_BCHW.float(), log_variance_BCHW.float()
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
        return difference.square().mean(), difference.abs().mean(), kl

    @torch.no_grad()
    def contact_sheet(self) -> Image.Image:
        pictures = held_out_pictures(16)
        batch = pictures_to_batch(pictures).to(torch.bfloat16)
        decoded = self.model.decode(self.model.encode(batch).latent_dist.mode()).sample
        return sheet([*pictures, *batch_to_list(decoded)], columns=8)


def held_out_pictures(count: int) -> list[Image.Image]:
    """Scenes that no stage trains on."""
    rng = rng_for("held-out", 0, 0)
    return [render(sample_scene(rng)) for _ in range(count)]


@torch.no_grad()
def reconstruction_psnr_db(model: AutoencoderKL, count: int = 64) -> float:
    """Mean PSNR over held-out scenes, decibels, after rounding to 8 bits as a user would see them."""
    values = []
    for picture in held_out_pictures(count):
        batch = pictures_to_batch([picture]).to(model.dtype)
        decoded = batch_to_list(model.decode(model.encode(batch).latent_dist.mode()).sample)[0]
        error = np.asarray(picture, np.float64) - np.asarray(decoded, np.float64)
        values.append(10 * np.log10(255**2 / np.mean(error**2)))
    return float(np.mean(values))


def batch_to_list(batch_BCHW: Tensor) -> list[Image.Image]:
    """(B, 3, H, W) in -1..1 to pictures."""
    array = ((batch_BCHW.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return [Image.fromarray(item) for item in array]
