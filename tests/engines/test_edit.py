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
from engines.engine import DiffusionEngine
from engines.errors import EngineError, UnsupportedSize
from engines.fit import fit_source
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
    assert fit_source(image, PRESETS["stickers-edit"], 32).size == (320, 192)
    assert fit_source(image.resize((240, 240)), PRESETS["stickers-edit"], 32).size == (256, 256)
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


def test_several_pictures_are_those_of_the_seeds_that_follow(engine: DiffusionEngine) -> None:
    """As a batch, on a source that is not square, they are what each is alone."""
    wide = dataclasses.replace(TINY, sizes=(Size(64, 32),))
    editor = load_engine(wide, engine.parts.folder, share=engine)
    request = dataclasses.replace(REQUEST, num_pictures=3)
    sample = editor.edit(request, ignore)
    assert len(sample.more) == 2
    for index, image in enumerate((sample.image, *sample.more)):
        alone = change(editor, seed=REQUEST.seed + index).astype(int)
        assert image.size == (64, 32)
        assert np.abs(np.asarray(image, int) - alone).max() <= 1
    with pytest.raises(EngineError, match="17 pictures at once cannot be drawn"):
        change(engine, num_pictures=17)


def test_each_grid_draws_its_own_picture(engine: DiffusionEngine) -> None:
    unipc = dataclasses.replace(TINY, sampler="unipc", shift=3.0, grid="diffusers-0.36")
    editor = load_engine(unipc, engine.parts.folder, share=engine)
    pictures = {grid: change(editor, grid=grid).tobytes() for grid in editor.info.grids}
    assert len(set(pictures.values())) == 3
    assert editor.edit(REQUEST, ignore).grid == "diffusers-0.36"
    assert change(editor).tobytes() == pictures["diffusers-0.36"]
    with pytest.raises(EngineError, match="no sigma grid official: none to choose from"):
        change(engine, grid="official")


@pytest.mark.parametrize(
    ("fit", "keeps_size", "expected"),
    [
        ("cover", False, (64, 64)),
        ("cover", True, (200, 100)),
        ("squash", False, (91, 45)),
        ("squash", True, (200, 100)),
    ],
)
def test_a_result_has_the_outline_or_the_size_of_its_source(
    engine: DiffusionEngine, fit: str, keeps_size: bool, expected: tuple[int, int]
) -> None:
    preset = dataclasses.replace(TINY, fit=fit)  # type: ignore[arg-type]
    editor = load_engine(preset, engine.parts.folder, share=engine)
    source = SOURCE.resize((200, 100))
    request = dataclasses.replace(REQUEST, image=source, num_steps=1, keeps_size=keeps_size)
    assert editor.edit(request, ignore).image.size == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), (1360, 768)),
        ((640, 480), (1168, 880)),
        ((3000, 4000), (880, 1168)),
        ((1000, 1500), (832, 1248)),
        ((6001, 4003), (1248, 832)),
    ],
)
def test_e1_1_brings_sources_to_a_megapixel_in_their_outline(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fit_source(Image.new("RGB", size), PRESETS["e1.1"], 16).size == expected


def test_large_sources_are_averaged_first() -> None:
    """A fine checkerboard becomes an even gray, without a pattern."""
    board = Image.fromarray((np.indices((2048, 2048)).sum(0) % 2 * 255).astype(np.uint8))
    assert np.asarray(fit_source(board, PRESETS["e1.1"], 16)).std() < 1


def test_what_adds_something_is_done_by_the_network_that_learnt_it(tiny_folder: Path) -> None:
    both = load_engine(TINY, tiny_folder)
    general = load_engine(dataclasses.replace(TINY, adder=None), tiny_folder)
    adder = load_engine(
        dataclasses.replace(TINY, adder=None, transformer="transformer_add"), tiny_folder, share=general
    )
    added = change(both, instruction="add a red cat")
    assert np.array_equal(added, change(adder, instruction="add a red cat"))
    assert not np.array_equal(added, change(general, instruction="add a red cat"))
    assert np.array_equal(change(both), change(general))


def test_a_folder_without_that_network_edits_all_the_same(tiny_folder: Path, tmp_path: Path) -> None:
    preset = dataclasses.replace(TINY, adder="transformer_nobody_made")
    engine = load_engine(preset, tiny_folder)
    assert engine.parts.adder is None
    assert change(engine, instruction="add a red cat").shape == (64, 64, 3)
