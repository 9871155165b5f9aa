"""Scale, shift, chunks and picture conversion."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engines.errors import ModelNotFound, NonFiniteOutput, WeightsDamaged
from engines.vae import Vae, to_image, to_pixels
from tests.engines.tiny import build_vae


def gradient(width: int, height: int) -> Image.Image:
    red = np.linspace(0, 255, width, dtype=np.uint8)[None].repeat(height, 0)
    return Image.fromarray(np.stack([red, 255 - red, np.full_like(red, 7)], axis=-1))


def test_picture_to_pixels_and_back_is_exact() -> None:
    image = gradient(256, 3)
    pixels = to_pixels(image)
    assert pixels.shape == (1, 3, 3, 256)
    assert (float(pixels.min()), float(pixels.max())) == (-1.0, 1.0)
    assert np.array_equal(np.asarray(to_image(pixels)), np.asarray(image))


def test_latents_are_shifted_and_scaled_both_ways() -> None:
    torch.manual_seed(0)
    model = build_vae().eval()
    vae = Vae(model)
    assert vae.factor == 8
    pixels = to_pixels(gradient(32, 16)).repeat(5, 1, 1, 1)
    with torch.no_grad():
        mode = model.encode(pixels).latent_dist.mode()
        torch.testing.assert_close(vae.encode(pixels), (mode - 0.1) * 0.8)
        torch.testing.assert_close(vae.decode((mode - 0.1) * 0.8), model.decode(mode).sample)
    assert vae.encode(pixels).shape == (5, 4, 2, 4)


def test_not_a_number_is_no_picture() -> None:
    with pytest.raises(NonFiniteOutput):
        to_image(torch.full((1, 3, 2, 2), float("nan")))


def test_missing_and_foreign_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        Vae.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"_class_name": "UNet2DModel"}))
    with pytest.raises(WeightsDamaged, match="UNet2DModel"):
        Vae.from_pretrained(tmp_path)
