"""What a mask leaves out stays to the bit, at any size; a useless mask is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from engines.api import EditRequest
from engines.engine import DiffusionEngine
from engines.errors import EngineError
from engines.load_engine import load_engine
from engines.mask import Mask, keeper
from engines.presets import PRESETS
from engines.sizes import Size, cover, uncover

TINY = dataclasses.replace(PRESETS["stickers-edit"], sizes=(Size(64, 64),))
BOX = (30, 40, 60, 80)


@pytest.fixture(scope="module")
def engine(tiny_folder: Path) -> DiffusionEngine:
    return load_engine(TINY, tiny_folder)


def noise_picture(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def mask_of(size: tuple[int, int], box: tuple[int, int, int, int] = BOX) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=255)
    return mask


def edit(engine: DiffusionEngine, source: Image.Image, mask: Image.Image | None) -> np.ndarray:
    request = EditRequest(image=source, instruction="make it blue", seed=1, num_steps=3, mask=mask)
    return np.asarray(engine.edit(request, lambda progress: None).image)


@pytest.mark.parametrize("fit", ["cover", "squash"])
@pytest.mark.parametrize("size", [(64, 64), (97, 131), (131, 97)])
def test_outside_stays_to_the_bit_at_the_pictures_own_size(
    tiny_folder: Path, engine: DiffusionEngine, size: tuple[int, int], fit: str
) -> None:
    editor = load_engine(dataclasses.replace(TINY, fit=fit), tiny_folder, share=engine)  # type: ignore[arg-type]
    source, mask = noise_picture(*size), mask_of(size, (20, 30, 50, 60))
    edited = edit(editor, source, mask)
    outside = np.asarray(mask) == 0
    assert edited.shape == (size[1], size[0], 3)
    assert np.array_equal(edited[outside], np.asarray(source)[outside])
    assert (edited[~outside] != np.asarray(source)[~outside]).mean() > 0.5


def test_a_mask_of_everything_changes_nothing_of_the_edit(engine: DiffusionEngine) -> None:
    source = noise_picture(64, 64)
    assert np.array_equal(edit(engine, source, Image.new("L", (64, 64), 255)), edit(engine, source, None))


def test_kept_places_hold_the_source_at_each_noise_level() -> None:
    marked = mask_of((64, 64), (0, 0, 33, 64))
    source, noise, latents = torch.randn(3, 1, 4, 8, 8).unbind()
    keep = keeper(Mask(marked=marked, fitted=marked), source, noise, factor=8)

    def place(x: Tensor, column: int) -> Tensor:
        return x[..., column]

    for sigma in (0.9, 0.3, 0.0):
        kept = keep(latents, sigma)
        for column in range(5):  # pixel 32 lies in latent column 4
            assert torch.equal(place(kept, column), place(latents, column))
        for column in range(5, 8):
            expected = (1 - sigma) * place(source, column) + sigma * place(noise, column)
            torch.testing.assert_close(place(kept, column), expected)


def test_the_kept_part_guides_the_changed_part(engine: DiffusionEngine) -> None:
    """Outside, other latents on the way: inside, another picture."""
    source = noise_picture(64, 64)
    half = edit(engine, source, mask_of((64, 64), (0, 0, 32, 64)))
    assert not np.array_equal(half[:, :28], edit(engine, source, None)[:, :28])


@pytest.mark.parametrize("size", [(100, 50), (50, 100), (64, 64), (131, 97)])
def test_a_part_goes_back_where_it_was_cut(size: tuple[int, int]) -> None:
    image = Image.linear_gradient("L").convert("RGB").resize(size)
    back = uncover(cover(image, Size(48, 48)), image)
    assert back.size == size
    difference = np.abs(np.asarray(back, np.int16) - np.asarray(image, np.int16))
    assert difference.mean() < 2


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (Image.new("L", (64, 64), 255), "The mask is 64x64 and the picture 64x96: both must be of one size"),
        (Image.new("L", (64, 96)), "The mask marks nothing of what the engine sees"),
        (mask_of((64, 96), (0, 0, 64, 3)), "The mask marks nothing of what the engine sees"),
    ],
    ids=["another size", "empty", "where the crop does not reach"],
)
def test_useless_masks_are_refused(engine: DiffusionEngine, mask: Image.Image, sentence: str) -> None:
    with pytest.raises(EngineError, match=sentence):
        edit(engine, noise_picture(64, 96), mask)
