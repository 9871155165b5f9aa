"""Editing with the tiny engine."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from engines.api import EditRequest, Progress
from engines.edit import fit_source
from engines.engine import DiffusionEngine
from engines.errors import UnsupportedSize
from engines.guidance import guide_edit, guide_edit_clipped
from engines.load_engine import load_engine
from engines.presets import PRESETS
from engines.sizes import Size
from engines.text import TextContext
from engines.velocity import edit_velocity
from tests.engines.plain_passes import network_velocity

TINY = dataclasses.replace(PRESETS["stickers-edit"], sizes=(Size(64, 64),))
SOURCE = Image.linear_gradient("L").convert("RGB").resize((64, 64))
REQUEST = EditRequest(image=SOURCE, instruction="make it blue", seed=1, num_steps=4)


@pytest.fixture(scope="module")
def engine(tiny_folder: Path) -> DiffusionEngine:
    return load_engine(TINY, tiny_folder)


def ignore(progress: Progress) -> None:
    """Watch nothing."""


def change(engine: DiffusionEngine, **changes: object) -> np.ndarray:
    request = dataclasses.replace(REQUEST, **changes)  # type: ignore[arg-type]
    return np.asarray(engine.edit(request, ignore).image)


def test_a_sample_tells_how_to_make_it_again(engine: DiffusionEngine) -> None:
    sample = engine.edit(REQUEST, ignore)
    assert sample.image.size == (64, 64)
    assert (sample.guidance, sample.image_guidance, sample.num_steps) == (2.5, 2.0, 4)
    assert np.array_equal(np.asarray(sample.image), change(engine))


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 2},
        {"instruction": "make the cat red"},
        {"image": SOURCE.rotate(90)},
        {"image_guidance": 2.5},
        {"guidance": 1.5},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_everything_asked_for_changes_the_picture(
    engine: DiffusionEngine, changes: dict[str, object]
) -> None:
    assert not np.array_equal(change(engine), change(engine, **changes))


@pytest.mark.parametrize("kind", ["plain", "clipped"])
@torch.no_grad()
def test_guidance_combines_three_passes_as_the_formula_says(engine: DiffusionEngine, kind: str) -> None:
    """Prepared and in one batch equals plain passes written out; two sources with different words."""
    parts = engine.parts
    generator = torch.Generator().manual_seed(0)
    latents, source = (torch.randn(2, 4, 8, 8, generator=generator) for _ in range(2))
    context = parts.text.encode(["red", "make it blue", "at night"]).context
    negative, positive = context.rows(0, 0), context.rows(1, 2)

    def one_pass(seen: Tensor, text: TextContext) -> Tensor:
        return network_velocity(parts.dit, torch.cat([latents, seen], dim=-1), 500, text)[..., :8]

    def velocity(guidance: float) -> Tensor:
        velocity = edit_velocity(
            parts.dit,
            context,
            torch.tensor([700, 500]),
            source,
            instructions=[1, 2],
            guidance=guidance,
            image_guidance=1.5,
            is_clipped=kind == "clipped",
        )
        return velocity(latents, torch.tensor(500))

    nothing = torch.zeros_like(source)
    v_source, v_full = one_pass(source, negative), one_pass(source, positive)
    if kind == "plain":
        expected = guide_edit(one_pass(nothing, negative), v_source, v_full, 3.0, 1.5)
    else:
        expected = guide_edit_clipped(one_pass(nothing, positive), v_source, v_full, 3.0, 1.5)
    torch.testing.assert_close(velocity(3.0), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(velocity(1.0), v_full, atol=1e-5, rtol=1e-5)


def test_sources_of_any_size_and_mode_are_taken(engine: DiffusionEngine) -> None:
    for image in (SOURCE.resize((200, 90)), SOURCE.convert("RGBA"), SOURCE.convert("CMYK")):
        assert change(engine, image=image, num_steps=1).shape == (64, 64, 3)


def test_each_editor_fits_sources_its_own_way() -> None:
    image = Image.new("RGB", (640, 480))
    assert fit_source(image, PRESETS["stickers-edit"], 32).size == (256, 256)
    assert fit_source(image, PRESETS["e1"], 16).size == (768, 768)
    assert fit_source(image, PRESETS["e1.1"], 16).size == (1168, 880)


def test_a_pair_that_does_not_fit_is_refused(tiny_folder: Path, engine: DiffusionEngine) -> None:
    larger = dataclasses.replace(TINY, sizes=(Size(96, 96),))
    with pytest.raises(UnsupportedSize, match="96x96 needs 72 image tokens; the network holds 32"):
        change(load_engine(larger, tiny_folder, share=engine))


def test_progress_is_reported(engine: DiffusionEngine) -> None:
    seen: list[Progress] = []
    engine.edit(REQUEST, seen.append)
    assert [progress.step for progress in seen] == [0, 1, 2, 3, 4]
    assert [progress.preview is not None for progress in seen] == [False, True, True, True, False]
