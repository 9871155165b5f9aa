"""Draw a picture from words."""

from __future__ import annotations

import torch

from engines.api import GenerateRequest, OnProgress, Sample
from engines.errors import UnsupportedSize
from engines.parts import (
    Parts,
    find_grid,
    find_guided,
    find_step_cache,
    require_steps,
    seeded_each,
    watch,
)
from engines.presets import Preset
from engines.sampling import denoise, draw_noise, start
from engines.sizes import Size, size_of_budget
from engines.text import MAX_TOKENS, Prompt
from engines.vae import to_image
from engines.velocity import prompt_velocity

__all__ = ["generate"]


@torch.no_grad()
def generate(parts: Parts, request: GenerateRequest, on_progress: OnProgress) -> Sample:
    """Encode, draw noise, denoise, decode.

    Several pictures are one batch, each with a generator of its own, seeded one higher than the last: what is
    drawn is the same alone and in company, up to rounding.
    """
    preset, place = parts.preset, parts.placement
    size = find_size(parts, request)
    grid = find_grid(preset, request.grid)
    num_steps = require_steps(preset.num_steps if request.num_steps is None else request.num_steps)
    guidance = preset.guidance if request.guidance is None else request.guidance
    guided, step_cache = find_guided(preset, request.guided), find_step_cache(parts, request.uses_step_cache)
    generators = seeded_each(request.seed, request.num_pictures)
    on_step = watch(on_progress, parts.preview, num_steps)

    negatives = [request.negative_prompt] if guidance > 1 else []
    texts = parts.text.encode(
        [*negatives, Prompt(request.prompt, request.encoder_words)],
        max_tokens=request.max_tokens or MAX_TOKENS,
    )
    noise = torch.cat([draw_noise(latent_shape(parts, size), each, place.device) for each in generators])
    scheduler = start(parts.scheduler, num_steps, preset.shift, grid)
    velocity = prompt_velocity(
        parts.dit,
        texts.context.to(place.device, place.dtype),
        scheduler.timesteps,
        (noise.shape[-2], noise.shape[-1]),
        positives=[len(negatives)] * request.num_pictures,
        guidance=guidance,
        guided=guided,
        step_cache=step_cache,
        ranks=parts.ranks,
    )
    latents = denoise(
        velocity,
        noise,
        scheduler,
        generators,
        on_step,
        request.is_parity,
    )
    first, *more = (to_image(each[None]) for each in parts.vae.decode(latents))
    return Sample(
        image=first,
        more=tuple(more),
        preset=preset.name,
        weights_hash=parts.weights_hash,
        seed=request.seed,
        num_steps=num_steps,
        guidance=guidance,
        sampler=parts.sampler,
        grid=grid,
        is_parity=request.is_parity,
        guided=guided,
        step_cache=step_cache,
        num_tokens=texts.num_tokens[-1],
        is_prompt_cut=texts.is_cut[-1],
        note=" ".join(filter(None, [size_note(preset, request.size or size, size), texts.warning])),
    )


def find_size(parts: Parts, request: GenerateRequest) -> Size:
    """Raises UnsupportedSize for a size that the network cannot take or, being small, was not trained for."""
    preset = parts.preset
    size = request.size or preset.sizes[0]
    factor = parts.vae.factor * parts.dit.config.patch_size
    if not preset.takes_other_sizes:
        if size not in preset.sizes:
            known = ", ".join(str(each) for each in preset.sizes)
            raise UnsupportedSize(f"{preset.name} cannot draw {size}; it draws {known}.")
    elif request.fits_budget:
        return size_of_budget(size, preset.trained_px, factor)
    return size.require_multiple_of(factor)


def size_note(preset: Preset, asked: Size, size: Size) -> str:
    """What to say of a size that is not the one asked for, or above the area the model was trained at."""
    if size != asked:
        return f"{asked} was brought to {size}, the area this model was trained at."
    if size.area_px <= preset.trained_px:
        return ""
    return (
        f"{size} is {size.area_px / preset.trained_px:.1f} times the area this model was trained at: "
        "things may repeat. Smaller sizes draw better."
    )


def latent_shape(parts: Parts, size: Size) -> tuple[int, int, int, int]:
    factor = parts.vae.factor
    return (1, parts.dit.config.in_channels, size.height // factor, size.width // factor)
