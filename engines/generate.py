"""Draw a picture from words."""

from __future__ import annotations

import torch
from torch import Tensor

from engines.api import GenerateRequest, OnProgress, Sample
from engines.errors import UnsupportedSize
from engines.guidance import guide
from engines.parts import Parts, require_steps, watch
from engines.presets import Preset
from engines.sampling import Velocity, denoise, draw_noise, network_velocity, seeded, start
from engines.sizes import MEGAPIXEL, Size, size_of_budget
from engines.sparse_dit import SparseDiT
from engines.text import TextContext
from engines.vae import to_image

__all__ = ["generate"]


@torch.no_grad()
def generate(parts: Parts, request: GenerateRequest, on_progress: OnProgress) -> Sample:
    """Encode, draw noise, denoise, decode."""
    preset, place = parts.preset, parts.placement
    size = find_size(parts, request)
    num_steps = require_steps(preset.num_steps if request.num_steps is None else request.num_steps)
    guidance = preset.guidance if request.guidance is None else request.guidance
    on_step = watch(on_progress, parts.vae, num_steps)

    texts = parts.text.encode([request.negative_prompt, request.prompt])
    velocity = guided(parts.dit, texts.context.to(place.device, place.dtype), guidance)
    generator = seeded(request.seed)
    noise = draw_noise(latent_shape(parts, size), generator, place.device)
    scheduler = start(parts.scheduler, num_steps, preset.shift, request.grid)
    latents = denoise(velocity, noise, scheduler, generator, on_step, request.is_parity)
    return Sample(
        image=to_image(parts.vae.decode(latents)),
        preset=preset.name,
        weights_hash=parts.weights_hash,
        seed=request.seed,
        num_steps=num_steps,
        guidance=guidance,
        sampler=parts.sampler,
        is_prompt_cut=texts.is_cut[1],
        note=area_note(preset, size),
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


def find_size(parts: Parts, request: GenerateRequest) -> Size:
    """Raises UnsupportedSize for a size that the network cannot take or, being small, was not trained for."""
    preset = parts.preset
    size = request.size or preset.sizes[0]
    factor = parts.vae.factor * parts.dit.config.patch_size
    if not preset.takes_other_sizes:
        if size not in preset.sizes:
            known = ", ".join(str(each) for each in preset.sizes)
            raise UnsupportedSize(f"{preset.name} cannot draw {size}; it draws {known}.")
        return size
    if request.fits_budget and size not in preset.sizes:
        return size_of_budget(size, MEGAPIXEL, factor)
    return size.require_multiple_of(factor)


def area_note(preset: Preset, size: Size) -> str:
    """A warning above the area that the model was trained at."""
    trained_px = max(each.width * each.height for each in preset.sizes)
    if size.width * size.height <= trained_px:
        return ""
    return (
        f"{size} is {size.width * size.height / trained_px:.1f} times the area this model was trained at: "
        "things may repeat. Smaller sizes draw better."
    )


def latent_shape(parts: Parts, size: Size) -> tuple[int, int, int, int]:
    factor = parts.vae.factor
    return (1, parts.dit.config.in_channels, size.height // factor, size.width // factor)
