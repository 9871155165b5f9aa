"""From noise to a clean latent: sigma grids, diffusers' schedulers, and the denoising loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import torch
from diffusers import FlowMatchLCMScheduler, UniPCMultistepScheduler
from numpy.typing import NDArray
from torch import Tensor

from engines.errors import EngineError, ModelNotFound, NonFiniteOutput, WeightsDamaged
from engines.flow import clean_estimate, shift_time
from engines.presets import Grid
from engines.sparse_dit.checkpoint import read_json

__all__ = [
    "Grid",
    "Scheduler",
    "Velocity",
    "denoise",
    "draw_noise",
    "load_scheduler",
    "official_scheduler",
    "seeded",
    "start",
]

Scheduler: TypeAlias = UniPCMultistepScheduler | FlowMatchLCMScheduler
Sampler = Literal["unipc", "lcm"]
Velocity = Callable[[Tensor, Tensor], Tensor]
"""(latents, a time on the 0..1000 scale) to noise - clean."""
OnStep = Callable[[int, Tensor], None]
"""Told the number of finished steps and the current estimate of the clean latents."""

SCHEDULERS: dict[str, type[Scheduler]] = {
    "UniPCMultistepScheduler": UniPCMultistepScheduler,
    "FlowMatchLCMScheduler": FlowMatchLCMScheduler,
}
FULL_SHIFT = math.exp(1.15)
"""exp(mu) of the official script at 4096 image tokens."""
NUM_TRAIN_TIMES = 1000


def official_scheduler(sampler: Sampler, shift: float) -> Scheduler:
    """HiDream-I1's own set-up: UniPC of order 2 for Full, LCM with `shift` for Dev and Fast."""
    if sampler == "lcm":
        return FlowMatchLCMScheduler(shift=shift)
    return UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=FULL_SHIFT, solver_order=2
    )


def load_scheduler(folder: Path) -> Scheduler:
    """The scheduler that a diffusers folder names. Raises ModelNotFound or WeightsDamaged."""
    file = folder / "scheduler_config.json"
    if not file.is_file():
        raise ModelNotFound(f"No scheduler at {folder}: give a folder in diffusers layout.")
    name = str(read_json(file).get("_class_name"))
    if name not in SCHEDULERS:
        raise WeightsDamaged(f"{file} names {name}; known are {', '.join(SCHEDULERS)}.")
    return SCHEDULERS[name].from_pretrained(folder)


@dataclass(frozen=True, kw_only=True)
class UnshiftedSigmas:
    """Sigmas before `shift` moves them: sigma = shift_time(start, shift)."""

    starts_N: NDArray[np.float64]
    shift: float


def unshifted_sigmas(grid: Grid, num_steps: int, shift: float) -> UnshiftedSigmas:
    """Full's grid: N descending starts in 0..1, the final 0 left out.

    In the official script `shift`, 3, moves the first start only, and FULL_SHIFT moves them all. Each grid is
    computed in the order of its publication: times are cut to whole numbers, and for some N another order of
    the same operations would cut to another number.
    """
    times_M = np.linspace(1, 1 / NUM_TRAIN_TIMES, num_steps + 1)
    match grid:
        case "official":
            first = float(shift_time(torch.tensor(1 - 1 / NUM_TRAIN_TIMES), shift))
            return UnshiftedSigmas(starts_N=np.linspace(first, 0, num_steps + 1)[:-1], shift=FULL_SHIFT)
        case "diffusers-0.36":
            return UnshiftedSigmas(starts_N=(1 - times_M)[:0:-1], shift=shift)
        case "diffusers":
            return UnshiftedSigmas(starts_N=times_M[:-1], shift=shift)


def start(prototype: Scheduler, num_steps: int, shift: float | None, grid: Grid | None = None) -> Scheduler:
    """A fresh scheduler with its timesteps set; schedulers remember a run, so each run takes its own.

    `shift` gives HiDream's grid (one of several for UniPC, by default the official one; one for LCM); None
    the one that diffusers makes from the scheduler's own configuration.
    """
    kind = type(prototype)
    if shift is None or kind is not UniPCMultistepScheduler:
        scheduler = kind.from_config(prototype.config)
        scheduler.set_timesteps(num_steps)
    else:
        sigmas = unshifted_sigmas(grid or "official", num_steps, shift)
        scheduler = kind.from_config(prototype.config, flow_shift=sigmas.shift)
        scheduler.set_timesteps(sigmas=sigmas.starts_N)
    # Else diffusers looks the first time up, and begins one step late where the second is cut to the same.
    scheduler.set_begin_index(0)
    return scheduler


def seeded(seed: int) -> torch.Generator:
    """The one source of randomness of a run. Raises EngineError for a number that torch cannot take."""
    if not 0 <= seed < 2**63:
        raise EngineError(f"{seed} is no seed: choose a whole number from 0 to {2**63 - 1}.")
    return torch.Generator().manual_seed(seed)


def draw_noise(shape: tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
    """Noise from a CPU generator, so that a seed means the same picture on every device."""
    return torch.randn(shape, generator=generator).to(device)


def denoise(
    velocity: Velocity,
    noise: Tensor,
    scheduler: Scheduler,
    generator: torch.Generator | list[torch.Generator],
    on_step: OnStep,
    is_parity: bool = False,
    keep: Callable[[Tensor, float], Tensor] | None = None,
) -> Tensor:
    """Run all steps in float32. Raises NonFiniteOutput; whatever on_step raises passes through.

    LCM draws fresh noise at each step: from `generator`, or for each row of a batch from its own.
    `is_parity` ends Dev and Fast as their published script does, whose last step gives its input back: the
    last sigma's noise stays in the picture. `keep` is given the latents of each step and their sigma, and
    gives back those to go on with.
    """
    latents = noise
    is_lcm = isinstance(scheduler, FlowMatchLCMScheduler)
    draws = {"generator": generator} if is_lcm else {}
    for index, time in enumerate(scheduler.timesteps):
        if is_parity and is_lcm and index == len(scheduler.timesteps) - 1:
            on_step(index + 1, latents)
            break
        v = velocity(latents, time)
        if not torch.isfinite(v).all():
            raise NonFiniteOutput(
                f"The network returned NaN at step {index + 1}; use another seed or less guidance."
            )
        clean = clean_estimate(latents, v, float(scheduler.sigmas[index]))
        latents = scheduler.step(v, time, latents, return_dict=False, **draws)[0]
        if keep is not None:
            latents = keep(latents, float(scheduler.sigmas[index + 1]))
        on_step(index + 1, clean)
    return latents
