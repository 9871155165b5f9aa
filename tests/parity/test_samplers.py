"""Our denoising loop against diffusers' schedulers and its pipeline, step by step."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    FlowMatchLCMScheduler,
    HiDreamImagePipeline,
    UniPCMultistepScheduler,
)
from torch import Tensor

from engines.api import GenerateRequest, Grid, Progress
from engines.load_engine import load_engine
from engines.presets import GRIDS, PRESETS
from engines.sampling import denoise, draw_noise, official_scheduler, seeded, start
from engines.sizes import Size, size_of_budget

SHAPE = (2, 4, 6, 8)
SEED = 5


def curved_velocity(latents: Tensor, time: Tensor) -> Tensor:
    """A field that bends in space and time, so that every step and its order count."""
    return torch.sin(2 * latents.roll(1, -1)) + latents * float(time) / 1000 + 0.3


def first_noise(generator: torch.Generator, dtype: torch.dtype = torch.float32) -> Tensor:
    return draw_noise(SHAPE, generator, torch.device("cpu")).to(dtype)


def our_states(
    scheduler: Any, generator: torch.Generator, is_parity: bool = False, dtype: torch.dtype = torch.float32
) -> list[Tensor]:
    """The latents that each step starts from, then the last ones."""
    states: list[Tensor] = []

    def velocity(latents: Tensor, time: Tensor) -> Tensor:
        states.append(latents)
        return curved_velocity(latents, time)

    noise = first_noise(generator, dtype)
    last = denoise(velocity, noise, scheduler, generator, lambda step, clean: None, is_parity)
    return [*states, last]


def their_states(scheduler: Any, is_random: bool) -> list[Tensor]:
    generator = seeded(SEED)
    states, draws = [first_noise(generator)], {"generator": generator} if is_random else {}
    for time in scheduler.timesteps:
        v = curved_velocity(states[-1], time)
        states.append(scheduler.step(v, time, states[-1], return_dict=False, **draws)[0])
    return states


def all_equal(ours: list[Tensor], theirs: list[Tensor]) -> bool:
    return len(ours) == len(theirs) and all(map(torch.equal, ours, theirs))


@pytest.mark.parametrize("name", ["dev", "fast"])
def test_students_step_like_diffusers_own_class(name: str) -> None:
    preset = PRESETS[name]
    for num_steps in (preset.num_steps, *preset.other_num_steps):
        theirs = FlowMatchLCMScheduler(shift=preset.shift)
        theirs.set_timesteps(num_steps)
        expected = their_states(theirs, is_random=True)
        ours = start(official_scheduler("lcm", preset.shift or 0), num_steps, preset.shift)
        assert all_equal(our_states(ours, seeded(SEED)), expected)


@pytest.mark.parametrize(("name", "left"), [("dev", 0.03478), ("fast", 0.00893)])
def test_parity_is_the_published_loop(name: str, left: float) -> None:
    """Another class with the same steps, x' = (1 - s') x0 + s' noise; the last one gives its input back."""
    preset = PRESETS[name]
    theirs = FlowMatchEulerDiscreteScheduler(shift=preset.shift, stochastic_sampling=True)
    theirs.set_timesteps(preset.num_steps)
    assert float(theirs.sigmas[-2]) == pytest.approx(left, abs=1e-5)
    published = their_states(theirs, is_random=True)
    published[-1] = published[-2]
    scheduler = start(official_scheduler("lcm", preset.shift or 0), preset.num_steps, preset.shift)
    ours = our_states(scheduler, seeded(SEED), is_parity=True)
    for one, other in zip(ours, published, strict=False):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
    assert len(ours) == preset.num_steps
    torch.testing.assert_close(ours[-1], published[-1], atol=1e-5, rtol=1e-5)


def full_scheduler(num_steps: int) -> UniPCMultistepScheduler:
    """As the published folder of Full configures it."""
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0, solver_order=2
    )
    scheduler.set_timesteps(num_steps)
    return scheduler


@pytest.mark.parametrize("num_steps", [1, 2, 9, 50])
def test_full_on_diffusers_grid_steps_like_diffusers_own_class(num_steps: int) -> None:
    ours = start(official_scheduler("unipc", 3.0), num_steps, 3.0, "diffusers")
    assert all_equal(our_states(ours, seeded(SEED)), their_states(full_scheduler(num_steps), is_random=False))


def test_diffusers_grid_is_its_own_at_any_length() -> None:
    """To the bit: a last digit that differs would cut some times to another whole number."""
    for num_steps in range(1, 201):
        ours = start(official_scheduler("unipc", 3.0), num_steps, 3.0, "diffusers")
        theirs = full_scheduler(num_steps)
        assert torch.equal(ours.sigmas, theirs.sigmas), num_steps
        assert torch.equal(ours.timesteps, theirs.timesteps), num_steps


def unipc_by_hand(sigmas: list[float], times: list[int], noise: Tensor) -> list[Tensor]:
    """UniPC-2 in data prediction with B(h) = e^-h - 1 (Zhao et al. 2023, algorithms 5 and 6), written out."""
    alphas, logs = [1 - s for s in sigmas], [math.log((1 - s) / s) if s else math.inf for s in sigmas]
    states, cleans = [noise], []
    before, order = noise, 1
    for i, time in enumerate(times):
        x = states[-1]
        cleans.append(x - sigmas[i] * curved_velocity(x, torch.tensor(time)))
        if i:
            h = logs[i] - logs[i - 1]
            grown = math.expm1(-h)
            base = sigmas[i] / sigmas[i - 1] * before - alphas[i] * grown * cleans[i - 1]
            step = cleans[i] - cleans[i - 1]
            if order == 1:
                x = base - alphas[i] * grown * step / 2
            else:
                r = (logs[i - 2] - logs[i - 1]) / h
                g1 = grown / -h - 1
                b1, b2 = g1 / grown, 2 * (g1 / -h - 1 / 2) / grown
                rho_old = (b2 - b1) / (r - 1)
                slope = (cleans[i - 2] - cleans[i - 1]) / r
                x = base - alphas[i] * grown * (rho_old * slope + (b1 - rho_old) * step)
        order = min(2, i + 1, len(times) - i)
        h = logs[i + 1] - logs[i]
        grown = math.expm1(-h)
        before, x = x, sigmas[i + 1] / sigmas[i] * x - alphas[i + 1] * grown * cleans[i]
        if order == 2:
            r = (logs[i - 1] - logs[i]) / h
            x = x - alphas[i + 1] * grown * (cleans[i - 1] - cleans[i]) / r / 2
        states.append(x)
    return states


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("num_steps", [1, 2, 12])
def test_full_steps_by_the_formulas_on_every_grid(grid: Grid, num_steps: int) -> None:
    scheduler = start(official_scheduler("unipc", 3.0), num_steps, 3.0, grid)
    noise = first_noise(seeded(SEED), torch.float64)
    expected = unipc_by_hand(scheduler.sigmas.tolist(), scheduler.timesteps.tolist(), noise)
    ours = our_states(scheduler, seeded(SEED), dtype=torch.float64)
    assert len(ours) == len(expected)
    for one, other in zip(ours, expected, strict=True):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=2e-5)


def ignore(progress: Progress) -> None:
    """Watch nothing."""


def pipeline_of(folder: Path, scheduler: Any, size: Size) -> HiDreamImagePipeline:
    pipeline = HiDreamImagePipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = scheduler
    pipeline.default_sample_size = round(math.sqrt(size.area_px)) // pipeline.vae_scale_factor
    return pipeline


@pytest.mark.parametrize(
    ("name", "grid", "scheduler"),
    [
        ("full", "diffusers", full_scheduler(1)),
        ("dev", None, FlowMatchLCMScheduler(shift=6.0)),
        ("fast", None, FlowMatchLCMScheduler(shift=3.0)),
    ],
    ids=["full", "dev", "fast"],
)
def test_each_preset_draws_what_diffusers_pipeline_draws(
    tiny_folder: Path, name: str, grid: Grid | None, scheduler: Any
) -> None:
    """The pipeline's samplers take their noise from the global generator: it is put where ours stands."""
    size = Size(64, 64)
    preset = dataclasses.replace(PRESETS[name], sizes=(size,))
    request = GenerateRequest(prompt="a red cat", seed=SEED, num_steps=6, grid=grid)
    ours = load_engine(preset, tiny_folder).generate(request, ignore).image

    pipeline = pipeline_of(tiny_folder, scheduler, size)
    torch.manual_seed(SEED)
    latents = torch.randn(1, pipeline.transformer.config.in_channels, 8, 8)
    theirs = pipeline(
        request.prompt,
        height=size.height,
        width=size.width,
        latents=latents,
        guidance_scale=preset.guidance,
        num_inference_steps=6,
    ).images[0]
    difference = np.asarray(ours, dtype=np.int16) - np.asarray(theirs, dtype=np.int16)
    assert np.asarray(ours).std() > 5
    assert np.abs(difference).max() <= 2


def test_the_budget_is_the_pipelines(tiny_folder: Path) -> None:
    budget = Size(64, 64)
    pipeline = pipeline_of(tiny_folder, full_scheduler(1), budget)
    for asked in (Size(64, 64), Size(32, 32), Size(100, 50), Size(31, 77), Size(1920, 1080)):
        image = pipeline(
            "a cat", height=asked.height, width=asked.width, guidance_scale=0.0, num_inference_steps=1
        ).images[0]
        assert Size(*image.size) == size_of_budget(asked, budget.area_px, 16)
