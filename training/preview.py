"""Quick pictures from a model in training: plain Euler steps with guidance, in one batch."""

# B batch, C channels, H height, W width

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from PIL import Image
from torch import Tensor

from engines.flow import clean_estimate, interpolate
from engines.guidance import guide, guide_edit
from engines.sparse_dit import SparseDiT
from engines.text import TextContext, TextStack
from engines.vae import Vae
from training.sheets import batch_to_pictures, pictures_to_batch
from training.stickers.models import LATENT_SIDE
from training.velocity import velocity_of


@torch.no_grad()
def draw_prompts(
    transformer: SparseDiT,
    text: TextStack,
    vae: Vae,
    prompts: Sequence[str],
    *,
    num_steps: int,
    guidance: float,
) -> list[Image.Image]:
    """One picture a prompt, always from the same noise."""
    count = len(prompts)
    context = text.encode([*[""] * count, *prompts]).context
    generator = torch.Generator().manual_seed(0)
    noise_BCHW = torch.randn(
        count, transformer.config.in_channels, LATENT_SIDE, LATENT_SIDE, generator=generator
    ).to(transformer.device)
    latents_BCHW = draw_latents(transformer, context, noise_BCHW, num_steps=num_steps, guidance=guidance)
    return batch_to_pictures(vae.decode(latents_BCHW))


@torch.no_grad()
def draw_latents(
    transformer: SparseDiT,
    context: TextContext,
    noise_BCHW: Tensor,
    *,
    num_steps: int,
    guidance: float,
    compute: torch.dtype | None = None,
) -> Tensor:
    """From noise to latents (B, C, H, W). `context`: B texts to be guided away from, then B to draw."""
    x_BCHW = noise_BCHW
    for sigma, following in pairwise(torch.linspace(1, 0, num_steps + 1).tolist()):
        sigmas = torch.full((2 * len(x_BCHW),), sigma, device=x_BCHW.device)
        velocity = velocity_of(transformer, torch.cat([x_BCHW, x_BCHW]), sigmas, context, compute)
        without, with_text = velocity.chunk(2)
        x_BCHW = x_BCHW + (following - sigma) * guide(without, with_text, guidance)
    return x_BCHW


@torch.no_grad()
def draw_few_steps(
    transformer: SparseDiT, text: TextStack, vae: Vae, prompts: Sequence[str], sigmas: Tensor
) -> list[Image.Image]:
    """One picture a prompt by a student: no guidance, fresh noise at each of `sigmas` (LCM)."""
    context = text.encode(prompts).context
    generator = torch.Generator().manual_seed(0)
    shape = (len(prompts), transformer.config.in_channels, LATENT_SIDE, LATENT_SIDE)
    device = transformer.device
    x_BCHW = torch.randn(shape, generator=generator).to(device)
    for sigma, following in pairwise(sigmas.tolist()):
        sigma_B = torch.full((len(prompts),), sigma, device=device)
        velocity_BCHW = velocity_of(transformer, x_BCHW, sigma_B, context)
        clean_BCHW = clean_estimate(x_BCHW, velocity_BCHW, sigma)
        noise_BCHW = torch.randn(shape, generator=generator).to(device)
        x_BCHW = interpolate(clean_BCHW, noise_BCHW, following)
    return batch_to_pictures(vae.decode(x_BCHW))


@torch.no_grad()
def edit_latents(
    transformer: SparseDiT,
    text: TextStack,
    vae: Vae,
    sources: Sequence[Image.Image],
    instructions: Sequence[str],
    *,
    num_steps: int,
    guidance: float = 3.0,
    image_guidance: float = 1.5,
) -> list[Image.Image]:
    """Edits of all sources in one batch, with two-condition guidance (Brooks et al. 2023, eq. 3)."""
    count = len(sources)
    source_BCHW = vae.encode(pictures_to_batch(sources)).to(transformer.device)
    context = text.encode([*[""] * (2 * count), *instructions]).context
    shown_BCHW = torch.cat([torch.zeros_like(source_BCHW), source_BCHW, source_BCHW])
    x_BCHW = torch.randn(source_BCHW.shape, generator=torch.Generator().manual_seed(0)).to(transformer.device)
    for sigma, following in pairwise(torch.linspace(1, 0, num_steps + 1).tolist()):
        pair_BCHW = torch.cat([x_BCHW.repeat(3, 1, 1, 1), shown_BCHW], dim=-1)
        sigma_B = torch.full((3 * count,), sigma, device=transformer.device)
        velocity = velocity_of(transformer, pair_BCHW, sigma_B, context)
        nothing, source, full = velocity[..., : x_BCHW.shape[-1]].chunk(3)
        x_BCHW = x_BCHW + (following - sigma) * guide_edit(nothing, source, full, guidance, image_guidance)
    return batch_to_pictures(vae.decode(x_BCHW))
