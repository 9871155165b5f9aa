"""diffusers' own pipeline draws the same picture as our engine."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import HiDreamImagePipeline, HiDreamImageTransformer2DModel
from peft import LoraConfig, get_peft_model_state_dict
from PIL import Image

from engines.api import GenerateRequest, Progress
from engines.load_engine import STICKERS, load_engine
from engines.presets import PRESETS
from engines.sampling import draw_noise
from engines.sizes import Size
from engines.sparse_dit import SparseDiT

NUM_STEPS = 6


def psnr(one: Image.Image, other: Image.Image) -> float:
    error = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    return 10 * math.log10(255**2 / max(float((error**2).mean()), 1e-9))


def ignore(progress: Progress) -> None:
    """Watch nothing."""


def draw_with_both(folder: Path, size: Size, prompt: str) -> tuple[Image.Image, Image.Image]:
    # The pipeline guides every step.
    preset = dataclasses.replace(PRESETS["stickers-full"], sizes=(size,), guided=(0.0, 1.0))
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
    assert psnr(ours, other) < psnr(ours, theirs) - 6  # other words move the picture, little as it is


@pytest.mark.skipif(not STICKERS.is_dir(), reason="the embedded weights are not there")
def test_embedded_weights() -> None:
    ours, theirs = draw_with_both(STICKERS, Size(256, 256), "a red car")
    assert psnr(ours, theirs) > 40


@pytest.fixture
def pair(tiny_folder: Path) -> tuple[HiDreamImagePipeline, HiDreamImagePipeline]:
    """diffusers' pipeline as it is, and the same with our transformer in its place."""
    ours = SparseDiT.from_pretrained(tiny_folder, "transformer").fuse()
    return (
        HiDreamImagePipeline.from_pretrained(tiny_folder, dtype=torch.float32),
        HiDreamImagePipeline.from_pretrained(tiny_folder, transformer=ours, dtype=torch.float32),
    )


def latents_of(pipeline: HiDreamImagePipeline, size: tuple[int, int], **options: object) -> torch.Tensor:
    pipeline.set_progress_bar_config(disable=True)
    pipeline.default_sample_size = 10  # the pipeline scales every request to this area, 80 x 80 px
    height, width = size
    latents: torch.Tensor = pipeline(
        "a red cat",
        height=height,
        width=width,
        num_inference_steps=2,
        generator=torch.Generator().manual_seed(3),
        output_type="latent",
        **options,
    ).images
    return latents


@pytest.mark.parametrize("size", [(64, 64), (64, 96)], ids=["square", "wide"])
def test_our_transformer_in_the_pipeline(
    size: tuple[int, int], pair: tuple[HiDreamImagePipeline, HiDreamImagePipeline]
) -> None:
    theirs, ours = (latents_of(pipeline, size) for pipeline in pair)
    assert theirs.std() > 0.1
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_the_pipeline_saves_our_transformer(
    pair: tuple[HiDreamImagePipeline, HiDreamImagePipeline], tmp_path: Path
) -> None:
    theirs, ours = pair
    ours.save_pretrained(tmp_path)
    again = HiDreamImageTransformer2DModel.from_pretrained(tmp_path / "transformer")
    state, expected = again.state_dict(), theirs.transformer.state_dict()
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[name], expected[name]) for name in expected)


def make_adapter(pipeline: HiDreamImagePipeline, folder: Path, targets: list[str]) -> None:
    """A LoRA file as diffusers' own training script writes it."""
    model = pipeline.transformer
    model.add_adapter(LoraConfig(r=4, lora_alpha=8, target_modules=targets, init_lora_weights=False))
    pipeline.save_lora_weights(folder, transformer_lora_layers=get_peft_model_state_dict(model))
    pipeline.unload_lora_weights()


@pytest.mark.parametrize(
    "targets", [["to_q", "to_k", "to_v", "to_out"], ["w1", "w3", "to_v_t"]], ids=["attention", "experts"]
)
def test_adapters_load_weigh_and_melt_in(
    targets: list[str], pair: tuple[HiDreamImagePipeline, HiDreamImagePipeline], tmp_path: Path
) -> None:
    theirs, ours = pair
    plain = latents_of(theirs, (64, 64))
    make_adapter(theirs, tmp_path, targets)
    for pipeline in pair:
        pipeline.load_lora_weights(tmp_path, adapter_name="one")
    adapted, half = latents_of(theirs, (64, 64)), {"attention_kwargs": {"scale": 0.5}}
    assert (adapted - plain).abs().max() > 1e-2
    torch.testing.assert_close(latents_of(ours, (64, 64)), adapted, atol=1e-4, rtol=1e-4)
    weighed = latents_of(theirs, (64, 64), **half)
    assert (adapted - weighed).abs().max() > 1e-3
    torch.testing.assert_close(latents_of(ours, (64, 64), **half), weighed, atol=1e-4, rtol=1e-4)
    ours.fuse_lora()
    ours.unload_lora_weights()
    ours.transformer.fuse()
    torch.testing.assert_close(latents_of(ours, (64, 64)), adapted, atol=1e-4, rtol=1e-4)


def test_other_attention_arguments_are_refused(
    pair: tuple[HiDreamImagePipeline, HiDreamImagePipeline],
) -> None:
    with pytest.raises(ValueError, match="take a LoRA scale only, not mask"):
        latents_of(pair[1], (64, 64), attention_kwargs={"mask": None})
