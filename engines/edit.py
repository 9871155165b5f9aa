"""Change a picture as an instruction says: the target is drawn beside its source (HiDream-E1)."""

from __future__ import annotations

from typing import assert_never

import torch
from PIL import Image

from engines.api import EditRequest, OnProgress, Sample
from engines.mask import Mask, keeper, require_mask
from engines.parts import Parts, require_room, require_steps, watch
from engines.presets import Preset
from engines.sampling import denoise, draw_noise, seeded, start
from engines.sizes import MEGAPIXEL, Size, closest_size, cover, size_of_area, uncover
from engines.text import MAX_TOKENS, Prompt
from engines.vae import to_image, to_pixels
from engines.velocity import edit_velocity

__all__ = ["edit", "fit_source"]


@torch.no_grad()
def edit(parts: Parts, request: EditRequest, on_progress: OnProgress) -> Sample:
    """Fit and encode the source, encode the words, draw noise, denoise, decode; keep what is masked out."""
    preset, place = parts.preset, parts.placement
    num_steps = require_steps(preset.num_steps if request.num_steps is None else request.num_steps)
    guidance = preset.guidance if request.guidance is None else request.guidance
    image_guidance = first_number(request.image_guidance, preset.image_guidance, 1.0)
    on_step = watch(on_progress, parts.preview, num_steps)

    factor = parts.vae.factor * parts.dit.config.patch_size
    source = fit_source(request.image, preset, factor)
    mask = find_mask(request, preset, factor)
    require_room(parts, Size(source.width, source.height), num_pictures=2)
    source_latents = parts.vae.encode(to_pixels(source)).to(place.device)
    negatives = [request.negative_prompt] if guidance > 1 else []
    texts = parts.text.encode(
        [*negatives, Prompt(request.instruction, request.encoder_words)],
        max_tokens=request.max_tokens or MAX_TOKENS,
    )
    generator = seeded(request.seed)
    noise = draw_noise(tuple(source_latents.shape), generator, place.device)
    scheduler = start(parts.scheduler, num_steps, preset.shift)
    velocity = edit_velocity(
        parts.dit,
        texts.context.to(place.device, place.dtype),
        scheduler.timesteps,
        source_latents,
        instructions=[len(negatives)],
        guidance=guidance,
        image_guidance=image_guidance,
        is_clipped=preset.edit_guidance == "clipped",
        ranks=parts.ranks,
    )
    keep = None if mask is None else keeper(mask, source_latents, noise, parts.vae.factor)
    latents = denoise(velocity, noise, scheduler, generator, on_step, keep=keep)
    edited = to_image(parts.vae.decode(latents))
    return Sample(
        image=edited
        if mask is None
        else mask.merge(request.image.convert("RGB"), unfit(edited, request, preset)),
        preset=preset.name,
        weights_hash=parts.weights_hash,
        seed=request.seed,
        num_steps=num_steps,
        guidance=guidance,
        image_guidance=image_guidance,
        sampler=parts.sampler,
        num_tokens=texts.num_tokens[-1],
        is_prompt_cut=texts.is_cut[-1],
        note=texts.warning,
    )


def fit_source(image: Image.Image, preset: Preset, factor: int) -> Image.Image:
    """Bring a picture to a size the editor was trained for. Raises UnsupportedSize for long, thin ones."""
    size = Size(image.width, image.height)
    match preset.fit:
        case "cover":
            return cover(image.convert("RGB"), closest_size(size, preset.sizes))
        case "squash":
            target = preset.sizes[0]
            return image.convert("RGB").resize((target.width, target.height), Image.Resampling.BICUBIC)
        case "area":
            return cover(image.convert("RGB"), size_of_area(size, MEGAPIXEL, factor))
        case _:
            assert_never(preset.fit)


def unfit(edited: Image.Image, request: EditRequest, preset: Preset) -> Image.Image:
    """The edited picture at the source's own size; what `fit_source` cut away is the source's."""
    if preset.fit == "squash":
        return edited.resize(request.image.size, Image.Resampling.BICUBIC)
    return uncover(edited, request.image.convert("RGB"))


def find_mask(request: EditRequest, preset: Preset, factor: int) -> Mask | None:
    if request.mask is None:
        return None
    return require_mask(request.mask, request.image, lambda mask: fit_source(mask, preset, factor))


def first_number(*values: float | None) -> float:
    return next(value for value in values if value is not None)
