"""Change a picture as an instruction says: the target is drawn beside its source (HiDream-E1)."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from engines.api import EditRequest, OnProgress, Sample
from engines.errors import EngineError
from engines.fit import find_mask, finish, fit_source
from engines.lora import turn_off
from engines.mask import keeper
from engines.parts import (
    Parts,
    find_grid,
    find_guided,
    find_step_cache,
    require_room,
    require_steps,
    seeded_each,
    watch,
)
from engines.presets import Preset
from engines.sampling import Velocity, denoise, draw_noise, start
from engines.sizes import Size
from engines.sparse_dit import SparseDiT
from engines.text import MAX_TOKENS, Prompt, TextContext
from engines.vae import to_image, to_pixels
from engines.velocity import edit_velocity, prompt_velocity

__all__ = ["edit"]

DESCRIPTION = "Target Image Description:"
"""What comes before the description in HiDream-E1-Full's words."""


@torch.no_grad()
def edit(parts: Parts, request: EditRequest, on_progress: OnProgress) -> Sample:
    """Fit and encode the source, encode the words, draw noise, denoise, decode; keep what is masked out.

    Several pictures are one batch, seeded as in `generate`. With a refining network the last steps draw the
    described picture without the source, as I1 does, from where the edit stands.
    """
    preset, place = parts.preset, parts.placement
    num_steps = require_steps(preset.num_steps if request.num_steps is None else request.num_steps)
    guidance = preset.guidance if request.guidance is None else request.guidance
    image_guidance = first_number(request.image_guidance, preset.image_guidance, 1.0)
    grid = find_grid(preset, request.grid)
    guided, step_cache = find_guided(preset, request.guided), find_step_cache(parts, request.uses_step_cache)
    refine = find_refine(parts, request)
    generators = seeded_each(request.seed, request.num_pictures)
    on_step = watch(on_progress, parts.preview, num_steps)

    factor = parts.vae.factor * parts.dit.config.patch_size
    source = fit_source(request.image, preset, factor)
    mask = find_mask(request, preset, factor)
    require_room(parts, Size(source.width, source.height), num_pictures=2)
    source_latents = parts.vae.encode(to_pixels(source)).to(place.device)
    negatives = [request.negative_prompt] if guidance > 1 else []
    wanted = [Prompt(words_of(preset, request), request.encoder_words)]
    if refine:
        wanted.append(Prompt(description_of(request)))
    texts = parts.text.encode([*negatives, *wanted], max_tokens=request.max_tokens or MAX_TOKENS)
    instruction, first_texts = len(negatives), range(len(negatives) + 1)
    context = texts.context.to(place.device, place.dtype)
    noise = torch.cat([draw_noise(tuple(source_latents.shape), each, place.device) for each in generators])
    scheduler = start(parts.scheduler, num_steps, preset.shift, grid)
    velocity = edit_velocity(
        parts.dit,
        context.rows(*first_texts),
        scheduler.timesteps,
        source_latents.expand_as(noise),
        instructions=[instruction] * request.num_pictures,
        guidance=guidance,
        image_guidance=image_guidance,
        is_clipped=preset.edit_guidance == "clipped",
        guided=guided,
        step_cache=step_cache,
        ranks=parts.ranks,
    )
    if refine:
        words = context.rows(*range(len(negatives)), len(negatives) + 1)
        velocity = then_refine(velocity, parts, words, scheduler.timesteps, noise, guidance, refine)
    keep = None if mask is None else keeper(mask, source_latents, noise, parts.vae.factor)
    latents = denoise(velocity, noise, scheduler, generators, on_step, keep=keep)
    first, *more = (finish(to_image(each[None]), request, preset, mask) for each in parts.vae.decode(latents))
    return Sample(
        image=first,
        more=tuple(more),
        preset=preset.name,
        weights_hash=parts.weights_hash,
        seed=request.seed,
        num_steps=num_steps,
        guidance=guidance,
        image_guidance=image_guidance,
        refine=refine,
        guided=guided,
        step_cache=step_cache,
        sampler=parts.sampler,
        grid=grid,
        num_tokens=texts.num_tokens[instruction],
        is_prompt_cut=texts.is_cut[instruction],
        note=texts.warning,
    )


def then_refine(
    editing: Velocity,
    parts: Parts,
    context: TextContext,
    times_S: Tensor,
    noise: Tensor,
    guidance: float,
    share: float,
) -> Velocity:
    """`editing`, and for the last `share` of the steps what I1 makes of the description.

    `context` holds the negative text, unless there is no guidance, and the description. I1's network is
    readied when its first step comes, since it may be the editor's with an adapter off.
    """
    times_R = times_S[max(1, int(len(times_S) * (1 - share))) :]

    @cache
    def refining() -> Velocity:
        return prompt_velocity(
            refining_network(parts),
            context,
            times_R,
            (noise.shape[-2], noise.shape[-1]),
            positives=[int(guidance > 1)] * len(noise),
            guidance=guidance,
            ranks=parts.ranks,
        )

    def velocity(latents: Tensor, time: Tensor) -> Tensor:
        is_late = len(times_R) > 0 and time <= times_R[0]
        return (refining() if is_late else editing)(latents, time)

    return velocity


def refining_network(parts: Parts) -> SparseDiT:
    """I1's network: one of its own, or the editor's without what makes it edit, until the next request."""
    if parts.refiner is not None:
        return parts.refiner
    if parts.editor is not None:
        turn_off(parts.dit, parts.editor.name)
    return parts.dit


def words_of(preset: Preset, request: EditRequest) -> str:
    """The instruction as the editor was trained to read it."""
    if not preset.reads_description or DESCRIPTION in request.instruction:
        return request.instruction
    words = f"Editing Instruction: {request.instruction.strip().rstrip('.')}."
    return f"{words} {DESCRIPTION} {request.description}" if request.description else words


def description_of(request: EditRequest) -> str:
    """What the result shows: as described, else what the instruction says of it, else the instruction."""
    return request.description or request.instruction.rpartition(DESCRIPTION)[2].strip()


def find_refine(parts: Parts, request: EditRequest) -> float:
    """Raises EngineError for a share that cannot be, or without a network to refine with."""
    can_refine = parts.refiner is not None or parts.editor is not None
    if request.refine is None:
        return parts.preset.refine if can_refine else 0.0
    if not 0 <= request.refine < 1:
        raise EngineError(f"{request.refine} of the steps cannot be refined: choose a share from 0 to 0.9.")
    if request.refine and not can_refine:
        raise EngineError(
            "Refining needs HiDream-I1-Full beside the editor: load it with --refiner and the folder of its "
            "weights, or refine no steps."
        )
    return request.refine


def first_number(*values: float | None) -> float:
    return next(value for value in values if value is not None)
