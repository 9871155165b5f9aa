"""Draw a picture from words."""

from __future__ import annotations

import torch
from torch import Tensor

from engines.api import GenerateRequest, OnProgress, Sample
from engines.errors import UnsupportedSize
from engines.guidance import guide
from engines.parts import Parts, require_room, require_steps, watch
from engines.sampling import Velocity, denoise, draw_noise, network_velocity, seeded, start
from engines.sizes import Size
from engines.sparse_dit import SparseDiT
from engines.text import TextContext
from engines.vae import to_image

__all__ = ["generate"]


@torch.no_grad()
def generate(parts: Parts, request: GenerateRequest, on_progress: OnProgress) -> Sample:
    """Encode, draw noise, denoise, decode."""
    preset, place = parts.preset, parts.placement
    size = require_size(parts, request.size or preset.sizes[0])
    num_steps = require_steps(preset.num_steps if request.num_steps is None else request.num_steps)
    guidance = preset.guidance if request.guidance is None else request.guidance
    on_step = watch(on_progress, parts.vae, num_steps)

    texts = parts.text.encode([request.negative_prompt, request.prompt])
    velocity = guided(parts.dit, texts.context.to(place.device, place.dtype), guidance)
    generator = seeded(request.seed)
    noise = draw_noise(latent_shape(parts, size), generator, place.device)
    scheduler = start(parts.scheduler, num_steps, preset.shift)
    latents = denoise(velocity, noise, scheduler, generator, on_step)
    return Sample(
        image=to_image(parts.vae.decode(latents)),
        preset=preset.name,
        weights_hash=parts.weights_hash,
        seed=request.seed,
        num_steps=num_steps,
        guidance=guidance,
        sampler=parts.sampler,
        is_prompt_cut=texts.is_cut[1],
    )


def guided(dit: SparseDiT, context: TextContext, guidance: float) -> Velocity:
    """Velocity under classifier-free guidance, none at 1 and below; `context` holds [negative, positive]."""
    if guidance <= 1:
        positive = context.rows(1)
        return lambda latents, time: network_velocity(dit, latents, time, positive)

    def velocity(latents: Tensor, time: Tensor) -> Tensor:
        both = network_velocity(dit, torch.cat([latents, latents]), time, context)
        v_negative, v_positive = both.chunk(2)
        return guide(v_negative, v_positive, guidance)

    return velocity


def require_size(parts: Parts, size: Size) -> Size:
    """Raises UnsupportedSize for a size that the network was not trained for or cannot hold."""
    preset = parts.preset
    if size not in preset.sizes and not preset.takes_other_sizes:
        known = ", ".join(str(each) for each in preset.sizes)
        raise UnsupportedSize(f"{preset.name} cannot draw {size}; it draws {known}.")
    return require_room(parts, size)


def latent_shape(parts: Parts, size: Size) -> tuple[int, int, int, int]:
    factor = parts.vae.factor
    return (1, parts.dit.config.in_channels, size.height // factor, size.width // factor)
