from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.api import EditRequest, GenerateRequest, Size
from engines.load_engine import load_engine
from engines.presets import PRESETS, Preset
from tests.engines.tiny import build_folder
from training.benchmarks.painters import EnginePainter, PainterSettings, load_painter_engine
from training.errors import BadRecipe
from training.evaluation.batches import Wish

WISHES = [Wish(words=words, seed=seed) for seed, words in enumerate(("a red cat", "the dog", "a red cat"))]
SOURCE = Image.linear_gradient("L").convert("RGB").resize((64, 64))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_folder(tmp_path_factory.mktemp("weights"))


def tiny(name: str, **changes: object) -> Preset:
    return dataclasses.replace(PRESETS[name], sizes=(Size(64, 64),), num_steps=2, **changes)  # type: ignore[arg-type]


def pixels(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    return np.asarray(picture, np.int16)


@pytest.mark.parametrize("is_embedded", [True, False])
def test_pictures_are_those_the_engine_draws(folder: Path, is_embedded: bool) -> None:
    engine = load_engine(tiny("stickers-full", is_embedded=is_embedded), folder)
    painter = EnginePainter(engine, PainterSettings(batch_size=3))
    assert painter.batch_size == (3 if is_embedded else 1)
    for painted, wish in zip(painter.paint(WISHES), WISHES, strict=True):
        alone = engine.generate(GenerateRequest(prompt=wish.words, seed=wish.seed), lambda progress: None)
        assert np.abs(pixels(painted.image) - pixels(alone.image)).max() <= 1


def test_a_size_is_drawn_one_by_one(folder: Path) -> None:
    engine = load_engine(tiny("stickers-full", takes_other_sizes=True), folder)
    painter = EnginePainter(engine, PainterSettings(size=Size(48, 32)))
    assert [painted.image.size for painted in painter.paint(WISHES[:2])] == [(48, 32)] * 2
    assert painter.settings["size"] == "48x32"


@pytest.mark.parametrize("is_embedded", [True, False])
def test_an_editor_changes_the_source(folder: Path, is_embedded: bool) -> None:
    engine = load_engine(tiny("stickers-edit", is_embedded=is_embedded), folder)
    painter = EnginePainter(engine, PainterSettings())
    wishes = [Wish(words="make it red", seed=1, source=each) for each in (SOURCE, SOURCE.rotate(90))]
    painted = [pixels(each.image) for each in painter.paint(wishes)]
    for picture, wish in zip(painted, wishes, strict=True):
        assert wish.source is not None
        request = EditRequest(image=wish.source, instruction=wish.words, seed=wish.seed)
        alone = engine.edit(request, lambda progress: None)
        assert np.abs(picture - pixels(alone.image)).max() <= 1
    assert (painted[0] != painted[1]).any()
    assert painter.settings["size"] == "the source's"


def test_what_its_pictures_depend_on_is_told(folder: Path) -> None:
    engine = load_engine(tiny("stickers-full"), folder)
    own = EnginePainter(engine, PainterSettings()).settings
    asked = EnginePainter(engine, PainterSettings(num_steps=7, guidance=0.0)).settings
    assert (own["steps"], own["guidance"]) == (2, PRESETS["stickers-full"].guidance)
    assert (asked["steps"], asked["guidance"]) == (7, 0.0)
    assert own["weights"] == engine.info.weights_hash
    assert EnginePainter(engine, PainterSettings(batch_size=1)).settings == own, "a batch changes no picture"


def test_a_benchmark_takes_the_engines_that_fit_it(folder: Path) -> None:
    with pytest.raises(BadRecipe, match="This benchmark edits: --engine is one of e1"):
        load_painter_engine("stickers-full", folder, PainterSettings(), edits=True)
    with pytest.raises(BadRecipe, match="This benchmark draws: --engine is one of full"):
        load_painter_engine("e1", folder, PainterSettings(), edits=False)
    painter = load_painter_engine("stickers-edit", folder, PainterSettings(), edits=True)
    assert painter.settings["engine"] == "stickers-edit"
