"""LoRA on a drawing model from a user's pictures (Hu et al. 2021): attention, every expert and the gates."""

# B batch, C channels, H height, W width

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from engines.api import GenerateRequest, Progress
from engines.engine import DiffusionEngine
from engines.fit import fit_source
from engines.flow import interpolate
from engines.sizes import Size
from training.adapters import put_adapter_on
from training.data.folder import Captioned
from training.data.latent_reader import LatentReader
from training.data.shards import encode_shards, members_by_size
from training.errors import BadRecipe
from training.loop import Say, StepLoss
from training.losses import balance_loss, flow_matching_loss
from training.noise_levels import NoiseLevels
from training.samples import draw_noise, sample_rngs
from training.seeds import rng_for
from training.sheets import sheet
from training.velocity import run_network

__all__ = ["FinetuneSettings", "FinetuneStage"]

GATES = (".gate.weight",)
"""Routers, no linear layers: they learn as whole tensors."""


@dataclass(frozen=True, kw_only=True)
class FinetuneSettings:
    """`rank` of the pairs, whose alpha is the rank; `trains_gates` adds the routers, as whole tensors.

    `keep_share` of the batches, where there are pictures to keep, are of those: what the model knew already
    stays (prior preservation; Ruiz et al. 2023, section 3.2).
    """

    rank: int = 16
    trains_gates: bool = True
    batch_size: int = 8
    keep_share: float = 0.4
    caption_drop: float = 0.1
    balance_weight: float = 0.01
    noise_levels: NoiseLevels = field(default_factory=NoiseLevels)
    num_shown: int = 4
    seed: int = 6


class FinetuneStage:
    """Flow matching on few pictures; of the network only the adapter learns."""

    name = "finetune"

    def __init__(
        self,
        settings: FinetuneSettings,
        engine: DiffusionEngine,
        pictures: Sequence[Captioned],
        cache: Path,
        say: Say,
        kept: Sequence[Captioned] = (),
    ) -> None:
        """`kept` show what the model shall not forget. Latents are cached below `cache`. Raises BadRecipe for
        pictures that cannot be read."""
        torch.manual_seed(settings.seed)
        self.settings, self.engine, self.pictures = settings, engine, tuple(pictures)
        self.kept = tuple(kept)
        self.batch_size = min(settings.batch_size, len(pictures))
        if engine.parts.preset.verb != "generate":
            raise BadRecipe(f"{engine.parts.preset.name} edits; fine-tune a preset that draws.")
        self.dit = engine.parts.dit
        self.adapter = put_adapter_on(self.dit, settings.rank, GATES if settings.trains_gates else ())
        self.buckets = bucket_latents(engine, self.pictures, cache, say)
        self.kept_buckets = bucket_latents(engine, self.kept, cache / "kept", say)

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.adapter.parameters)

    def loss(self, step: int) -> StepLoss:
        settings, place = self.settings, self.engine.parts.placement
        rng = rng_for(self.name, settings.seed, step)
        is_kept = bool(self.kept) and rng.random() < settings.keep_share
        pictures, buckets = (self.kept, self.kept_buckets) if is_kept else (self.pictures, self.buckets)
        shares = np.array([len(bucket.indices) for bucket in buckets], float)
        bucket = buckets[int(rng.choice(len(buckets), p=shares / shares.sum()))]
        count = len(bucket.indices)
        rows = rng.choice(count, self.batch_size, replace=count < self.batch_size)
        rngs = sample_rngs(f"{self.name}-sample", settings.seed, step, self.batch_size)
        words = [
            "" if each.random() < settings.caption_drop else pictures[bucket.indices[row]].caption
            for row, each in zip(rows, rngs, strict=True)
        ]
        clean_BCHW = bucket.latents_NCHW[torch.from_numpy(rows)].float().to(place.device)
        patch = self.dit.config.patch_size
        drawn = draw_noise(rngs, clean_BCHW.shape[1:], settings.noise_levels, patch)
        noise_BCHW, sigma_B = drawn.noise_BCHW.to(place.device), drawn.sigma_B.to(place.device)
        context = self.engine.parts.text.encode(words).context.to(place.device, place.dtype)
        noisy_BCHW = interpolate(clean_BCHW, noise_BCHW, sigma_B)
        output = run_network(self.dit, noisy_BCHW, sigma_B, context)
        flow = flow_matching_loss(output.sample, clean_BCHW, noise_BCHW)
        balance = balance_loss(output.router)
        total = flow + (settings.balance_weight * balance if settings.trains_gates else 0.0)
        return StepLoss(total=total, parts={"flow": flow.item(), "balance": balance.item()})

    def contact_sheet(self) -> Image.Image:
        """A picture for each of the first captions, below it one of the user's with that caption."""
        shown = list({each.caption: each for each in self.pictures}.values())[: self.settings.num_shown]
        drawn = [
            self.engine.generate(GenerateRequest(prompt=each.caption, seed=0), ignore).image for each in shown
        ]
        return sheet([*drawn, *(each.open().resize(drawn[0].size) for each in shown)], columns=len(shown))

    def write(self, path: Path) -> None:
        """The adapter as it stands in the network, gates as whole tensors."""
        self.adapter.write(path)


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """Pictures that were brought to one size, by their places in the list, and their latents."""

    size: tuple[int, int]
    indices: tuple[int, ...]
    latents_NCHW: Tensor


def bucket_latents(
    engine: DiffusionEngine, pictures: Sequence[Captioned], cache: Path, say: Callable[[str], None]
) -> tuple[Bucket, ...]:
    """Each picture in the size of the preset that is nearest to its own, its latents made once."""
    if not pictures:
        return ()
    parts = engine.parts
    factor = parts.vae.factor * parts.dit.config.patch_size
    preset = replace(parts.preset, fit="cover")

    def draw(number: int) -> Image.Image:
        return fit_source(pictures[number].open(), preset, factor)

    sizes = [Size(*draw(number).size) for number in range(len(pictures))]
    encode_shards(cache, [each.sha256 for each in pictures], sizes, draw, parts.vae, say)
    reader = LatentReader(cache)
    return tuple(
        Bucket(
            size=(size.width, size.height),
            indices=tuple(indices),
            latents_NCHW=reader.latents(number, range(len(indices))),
        )
        for number, (size, indices) in enumerate(members_by_size(sizes).items())
    )


def ignore(progress: Progress) -> None:
    """Nobody watches."""
