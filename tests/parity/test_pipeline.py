"""diffusers' own pipeline draws the same picture as our engine."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import HiDreamImagePipeline
from PIL import Image

from engines.api import GenerateRequest, Progress
from engines.load_engine import STICKERS, load_engine
from engines.presets import PRESETS
from engines.sampling import draw_noise
from engines.sizes import Size

NUM_STEPS = 6


def psnr(one: Image.Image, other: Image.Image) -> float:
    error = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    return 10 * math.log10(255**2 / max(float((error**2).mean()), 1e-9))


def ignore(progress: Progress) -> None:
    """Watch nothing."""


def draw_with_both(folder: Path, size: Size, prompt: str) -> tuple[Image.Image, Image.Image]:
    # The pipeline guides every step.
    preset = dataclasses.replace(PRESETS["stickers-full"], sizes=(size,), guided_below=1.0)
    engine = load_engine(preset, folder)
    ours = engine.generate(GenerateRequest(prompt=prompt, seed=5, num_steps=NUM_STEPS), ignore).image

    pipeline = HiDreamImagePipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    factor = pipeline.vae_scale_factor
    pipeline.default_sample_size = size.height // factor
    channels = pipeline.transformer.config.in_channels
    shape = (1, channels, size.height // factor, size.width // factor)
    latents = draw_noise(shape, torch.Generator().manual_seed(5), torch.device("cpu"))
    theirs = pipeline(
        prompt,
        height=size.height,
        width=size.width,
        latents=latents,
        guidance_scale=PRESETS["stickers-full"].guidance,
        num_inference_steps=NUM_STEPS,
    ).images[0]
    return ours, theirs


def test_tiny_random_weights(tiny_folder: Path) -> None:
    ours, theirs = draw_with_both(tiny_folder, Size(64, 64), "a red cat")
    assert np.asarray(ours).std() > 5
    assert psnr(ours, theirs) > 40
    other = draw_with_both(tiny_folder, Size(64, 64), "a blue dog")[0]
    assert psnr(ours, other) < 40


@pytest.mark.skipif(not STICKERS.is_dir(), reason="the embedded weights are not there")
def test_embedded_weights() -> None:
    ours, theirs = draw_with_both(STICKERS, Size(256, 256), "a red car")
    assert psnr(ours, theirs) > 40
