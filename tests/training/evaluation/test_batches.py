"""A batch's pictures are those that the engine makes one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.api import EditRequest, GenerateRequest, Progress
from engines.engine import DiffusionEngine
from engines.load_engine import load_engine
from engines.presets import PRESETS, Preset
from engines.sizes import Size
from tests.engines.tiny import build_folder
from training.evaluation.batches import Sampling, Wish, draw_all, edit_all

SOURCE = Image.linear_gradient("L").convert("RGB").resize((64, 64))
WISHES = [
    Wish(words=words, seed=seed, source=SOURCE.rotate(90 * seed))
    for seed, words in enumerate(("a red cat", "the dog", "a red cat"))
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_folder(tmp_path_factory.mktemp("weights"))


def tiny(name: str, **changes: object) -> Preset:
    return dataclasses.replace(PRESETS[name], sizes=(Size(64, 64),), **changes)  # type: ignore[arg-type]


def largest_difference(first: list[Image.Image], second: list[Image.Image]) -> int:
    pairs = zip(first, second, strict=True)
    return max(int(np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16)).max()) for a, b in pairs)


@pytest.mark.parametrize("guidance", [1.0, 4.0])
def test_drawn_together_or_alone(folder: Path, guidance: float) -> None:
    check(load_engine(tiny("stickers-full"), folder), guidance, draw_all, draw_one)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_edited_together_or_alone(folder: Path, guidance: float) -> None:
    check(load_engine(tiny("stickers-edit"), folder), guidance, edit_all, edit_one)


def test_what_another_network_edits_is_in_a_batch_of_its_own(folder: Path) -> None:
    engine = load_engine(tiny("stickers-edit"), folder)
    words = ("add a red cat", "make the dog red", "put a dog left of the cat")
    wishes = [dataclasses.replace(wish, words=each) for wish, each in zip(WISHES, words, strict=True)]
    sampling = Sampling(num_steps=2)
    together = edit_all(engine, wishes, sampling, lambda count: None)
    alone = [edit_one(engine, wish, sampling) for wish in wishes]
    assert largest_difference(together, alone) <= 2


def test_a_sampler_that_draws_noise_takes_each_pictures_own(folder: Path) -> None:
    preset = tiny("stickers-full", sampler="lcm", shift=3.0)
    check(load_engine(preset, folder), 1.0, draw_all, draw_one)


def draw_one(engine: DiffusionEngine, wish: Wish, sampling: Sampling) -> Image.Image:
    request = GenerateRequest(
        prompt=wish.words, seed=wish.seed, num_steps=sampling.num_steps, guidance=sampling.guidance
    )
    return engine.generate(request, ignore).image


def edit_one(engine: DiffusionEngine, wish: Wish, sampling: Sampling) -> Image.Image:
    assert wish.source is not None
    request = EditRequest(
        image=wish.source,
        instruction=wish.words,
        seed=wish.seed,
        num_steps=sampling.num_steps,
        guidance=sampling.guidance,
    )
    return engine.edit(request, ignore).image


def ignore(progress: Progress) -> None:
    """Nobody watches."""


def check(
    engine: DiffusionEngine,
    guidance: float,
    together: Callable[..., list[Image.Image]],
    alone: Callable[[DiffusionEngine, Wish, Sampling], Image.Image],
) -> None:
    sampling = Sampling(num_steps=3, guidance=guidance, batch_size=2)
    counts: list[int] = []
    pictures = together(engine, WISHES, sampling, counts.append)
    assert counts == [2, 3]
    singles = [alone(engine, wish, sampling) for wish in WISHES]
    assert largest_difference(pictures, singles) <= 2
    assert largest_difference(pictures[:1], singles[1:2]) > 2
