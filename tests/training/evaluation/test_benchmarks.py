"""The benchmarks with engines that are perfect, blind or lazy."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest
from PIL import Image
from torch import Tensor

from engines.load_engine import STICKERS
from engines.vae import Vae
from engines.vocabulary import read_vocabulary
from training.evaluation.batches import Wish
from training.evaluation.benchmarks import drawing_panel, others, score_drawing, score_editing
from training.evaluation.editing import own_edits
from training.evaluation.prompts import Prompt, own_prompts
from training.evaluation.truth import true_scene
from training.seeds import rng_for
from training.stickers.catalogue import world_of
from training.stickers.detector import JUDGES, Detector
from training.stickers.edits import Edit, EditType
from training.stickers.render import render

pytestmark = pytest.mark.font


def same(tensor: Tensor) -> Tensor:
    return tensor


LOSSLESS = cast(Vae, SimpleNamespace(encode=same, decode=same))
WORLD = world_of(read_vocabulary(STICKERS))
"""What the shipped judge knows as well."""
PROMPTS = own_prompts(4, seed=0, world=WORLD)
EDITS = own_edits(4, seed=1, world=WORLD)
BY_TYPE = {
    type.value: [each for each in EDITS if each.type is type] for type in EditType if type in WORLD.edits
}


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.from_pretrained(JUDGES / "starter")


def draw_truth(wishes: Sequence[Wish]) -> list[Image.Image]:
    by_words = {prompt.prompt: prompt for prompt in PROMPTS}
    return [render(true_scene(by_words[wish.words], rng_for("test", wish.seed, 0))) for wish in wishes]


def draw_nothing(wishes: Sequence[Wish]) -> list[Image.Image]:
    return [Image.new("RGB", (256, 256), (244, 242, 236)) for _ in wishes]


def edit_truth(wishes: Sequence[Wish]) -> list[Image.Image]:
    by_source: dict[bytes, Edit] = {render(edit.source).tobytes(): edit for edit in EDITS}
    return [render(by_source[wish.source.tobytes()].target) for wish in wishes if wish.source]


def edit_nothing(wishes: Sequence[Wish]) -> list[Image.Image]:
    return [wish.source for wish in wishes if wish.source]


def test_a_perfect_engine_reaches_the_ceiling_and_leaves_the_floor(detector: Detector) -> None:
    scored = score_drawing(drawing_panel(PROMPTS, 1), {"full": draw_truth}, detector, LOSSLESS)
    engine, ceiling, decoded, floor = scored.table.rows
    assert engine.overall.mean > 0.85
    assert ceiling.overall.mean > 0.85
    assert decoded == pytest.approx(ceiling) or decoded.overall.mean == ceiling.overall.mean
    assert floor.overall.mean < 0.35
    assert len(scored.failures) < 0.15 * len(PROMPTS)


def test_an_engine_that_draws_nothing_gets_nothing(detector: Detector) -> None:
    makes = {"blind": draw_nothing, "perfect": draw_truth}
    scored = score_drawing(drawing_panel(PROMPTS, 2), makes, detector, LOSSLESS)
    blind, perfect, *_ = scored.table.rows
    assert (blind.name, perfect.name) == ("blind", "perfect")
    assert blind.overall.mean == 0.0
    assert perfect.overall.mean > 0.85
    of_blind = [failure for failure in scored.failures if failure.startswith("blind: ")]
    assert len(of_blind) == 2 * len(PROMPTS)


def test_variety_stands_beside_that_of_true_renders(detector: Detector) -> None:
    truth = drawing_panel(PROMPTS, 2).truth
    makes = {"perfect": draw_truth, "blind": draw_nothing}
    scored = score_drawing(drawing_panel(PROMPTS, 2), makes, detector, LOSSLESS, training=truth[::2])
    perfect, blind, fresh = scored.more[0].rows
    assert blind.cells["between seeds"].mean == 0
    assert perfect.cells["between seeds"].mean == pytest.approx(fresh.cells["between seeds"].mean, rel=0.3)
    assert fresh.cells["to training"].mean < perfect.cells["to training"].mean


def test_a_perfect_editor_gets_ten_and_a_lazy_one_nothing(detector: Detector) -> None:
    perfect = score_editing(BY_TYPE, 1, edit_truth, detector, LOSSLESS).table.rows
    assert perfect[0].overall.mean > 8.5
    assert perfect[2].overall.mean == 10.0
    lazy = score_editing(BY_TYPE, 1, edit_nothing, detector, LOSSLESS).table.rows
    assert lazy[0].overall.mean < 1.0
    assert lazy[0].overall == lazy[3].overall


def test_other_words_are_of_the_same_task_and_differ() -> None:
    asked: list[Prompt] = [prompt for prompt in PROMPTS for _ in range(2)]
    swapped = others(asked)
    assert [prompt.tag for prompt in swapped] == [prompt.tag for prompt in asked]
    assert all(a.prompt != b.prompt for a, b in zip(asked, swapped, strict=True))
