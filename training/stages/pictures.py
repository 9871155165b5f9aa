"""Pre-training and post-training on real pictures: flow matching on shards of latents, texts read on the fly.

The report's sections 4.1 and 4.2. One process or many; the network may be sharded.
"""

# B samples of this rank, C channels, H height, W width, L layers, E experts

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from diffusers import ModelMixin
from PIL import Image
from torch import nn

from engines.flow import interpolate
from engines.sparse_dit import SparseDiT
from engines.text import TextContext
from engines.vae import Vae
from training.data.latent_reader import LatentReader, Taken
from training.data.order import EpochOrder
from training.distributed import Team
from training.loop import StepLoss
from training.losses import balance_loss, flow_matching_loss, router_load
from training.noise_levels import NoiseLevels, TrainedAt
from training.preview import draw_latents
from training.samples import draw_noise, num_tokens_of, sample_rngs
from training.seeds import rng_for
from training.sheets import batch_to_pictures, sheet
from training.texts import ReadsText
from training.velocity import run_network

__all__ = ["PicturesSettings", "PicturesStage"]


@dataclass(frozen=True, kw_only=True)
class PicturesSettings:
    """`batch_size` is of all ranks; the rest as ClusterRecipe says."""

    name: str
    resolution_px: int
    batch_size: int
    noise_levels: NoiseLevels
    precision: Literal["bfloat16", "float32"]
    recomputes: bool
    taken: Taken
    caption_drop: float
    balance_weight: float
    sheet_prompts: tuple[str, ...]
    seed: int

    @property
    def compute(self) -> torch.dtype:
        return torch.bfloat16 if self.precision == "bfloat16" else torch.float32


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One sample: which picture, by what words, and the rest of its randomness."""

    index: int
    words: str
    rng: np.random.Generator


class PicturesStage:
    """Flow matching and the routers' balance. Encoders and autoencoder do not learn."""

    def __init__(
        self,
        settings: PicturesSettings,
        network: SparseDiT,
        pictures: LatentReader,
        texts: ReadsText,
        vae: Vae,
        team: Team,
    ) -> None:
        self.settings, self.name, self.batch_size = settings, settings.name, settings.batch_size
        self.network, self.pictures, self.texts, self.vae, self.team = network, pictures, texts, vae, team
        if settings.recomputes:
            ModelMixin.enable_gradient_checkpointing(network)
        self.seed = seed_of(settings.name, settings.seed)
        self.order = EpochOrder(pictures.counts, settings.batch_size, self.seed)

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.network.named_parameters())

    def loss(self, step: int) -> StepLoss:
        settings, device = self.settings, self.team.device
        batch = self.order.batch(step)
        samples = self._draw(step, batch.bucket, batch.indices)
        rngs = [each.rng for each in samples]
        indices = [each.index for each in samples]
        clean_BCHW = self.pictures.latents(batch.bucket, indices, settings.taken, rngs)
        patch = self.network.architecture.patch_size
        drawn = draw_noise(rngs, clean_BCHW.shape[1:], settings.noise_levels, patch)
        clean_BCHW, noise_BCHW = clean_BCHW.to(device), drawn.noise_BCHW.to(device)
        sigma_B = drawn.sigma_B.to(device)
        noisy_BCHW = interpolate(clean_BCHW, noise_BCHW, sigma_B)
        context = self.context([each.words for each in samples])
        output = run_network(self.network, noisy_BCHW, sigma_B, context, settings.compute)
        flow = flow_matching_loss(output.sample, clean_BCHW, noise_BCHW)
        load_LE = router_load(output.router, self.team)
        balance = balance_loss(output.router, load_LE)
        return StepLoss(
            total=flow + settings.balance_weight * balance,
            parts={"flow": flow.item(), "balance": balance.item()},
            load_LE=load_LE,
        )

    def _draw(self, step: int, bucket: int, indices: Sequence[int]) -> list[Drawn]:
        """This rank's samples of the batch: their words are one of the picture's captions, or none."""
        own = [indices[place] for place in self.team.share(self.batch_size)]
        rngs = sample_rngs(self.name, self.seed, step, self.batch_size, self.team)
        samples = []
        for index, rng, record in zip(own, rngs, self.pictures.records(bucket, own), strict=True):
            captions = json.loads(record)["captions"]
            words = "" if rng.random() < self.settings.caption_drop else str(rng.choice(captions))
            samples.append(Drawn(index=index, words=words, rng=rng))
        return samples

    def context(self, words: Sequence[str]) -> TextContext:
        return self.texts(words).to(self.team.device, self.settings.compute)

    def notes(self) -> Mapping[str, str]:
        side = self.settings.resolution_px // self.vae.factor
        num_tokens = num_tokens_of((side, side), self.network.architecture.patch_size)
        return TrainedAt(noise_levels=self.settings.noise_levels, num_tokens=num_tokens).to_notes()

    def contact_sheet(self) -> Image.Image:
        """A picture for each prompt of the sheet. All ranks draw it together."""
        prompts = self.settings.sheet_prompts
        side = self.settings.resolution_px // self.vae.factor
        generator = torch.Generator().manual_seed(0)
        shape = (len(prompts), self.vae.channels, side, side)
        latents_BCHW = draw_latents(
            self.network,
            self.context([*[""] * len(prompts), *prompts]),
            torch.randn(shape, generator=generator).to(self.team.device),
            num_steps=16,
            guidance=4.0,
            compute=self.settings.compute,
        )
        return sheet(batch_to_pictures(self.vae.decode(latents_BCHW).cpu()), columns=len(prompts))


def seed_of(name: str, seed: int) -> int:
    """Another for each stage, so that no two take the same pictures with the same noise."""
    return int(rng_for(name, seed, 0).integers(2**31))
