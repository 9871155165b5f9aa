"""A real pipeline class of diffusers with tiny random weights, saved to a folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engines.api import Size
from tests.training.benchmarks.tiny_models import build_pipeline
from training.benchmarks.painters import PainterSettings
from training.benchmarks.pipeline import PipelinePainter, load_pipeline, version_of
from training.errors import BadRecipe
from training.evaluation.batches import Wish

ASKED = PainterSettings(num_steps=2, guidance=3.0, size=Size(16, 16), batch_size=3)
WISHES = [Wish(words=words, seed=seed) for words, seed in (("a cat", 1), ("a dog", 2), ("a cat", 3))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_pipeline(tmp_path_factory.mktemp("pipeline") / "tiny")


def load(folder: Path | str, asked: PainterSettings = ASKED, *, edits: bool = False) -> PipelinePainter:
    return load_pipeline(str(folder), asked, dtype="float32", device="cpu", offloads=False, edits=edits)


def test_a_picture_is_the_same_in_a_batch_and_alone(folder: Path) -> None:
    painter = load(folder)
    together = painter.paint(WISHES)
    alone = [painter.paint([wish])[0] for wish in reversed(WISHES)][::-1]
    for one, other in zip(together, alone, strict=True):
        first, second = (np.asarray(painted.image, np.int16) for painted in (one, other))
        assert np.abs(first - second).max() <= 1
    assert np.asarray(together[0].image).tolist() != np.asarray(together[2].image).tolist()
    assert together[0].image.size == (16, 16)


def test_what_its_pictures_depend_on_is_told(folder: Path) -> None:
    settings = load(folder).settings
    assert settings["class"] == "StableDiffusionPipeline"
    assert settings["sampler"] == "DDIMScheduler"
    assert (settings["steps"], settings["guidance"], settings["size"]) == (2, 3.0, "16x16")
    assert settings["weights"] == version_of(folder)
    own = load(folder, PainterSettings()).settings
    assert (own["steps"], own["guidance"], own["size"]) == (50, 7.5, None), "the pipeline's own"


def test_an_editor_takes_the_picture(tmp_path: Path) -> None:
    asked = dataclasses.replace(ASKED, size=None)
    painter = load(build_pipeline(tmp_path / "editor", edits=True), asked, edits=True)
    sources = [Image.new("RGB", (16, 16), color) for color in ("red", "blue")]
    wishes = [Wish(words="make it red", seed=1, source=source) for source in sources]
    red, blue = painter.paint(wishes)
    assert np.asarray(red.image).tolist() != np.asarray(blue.image).tolist()
    lone = painter.paint(wishes[1:])[0].image
    assert np.abs(np.asarray(lone, np.int16) - np.asarray(blue.image, np.int16)).max() <= 1


def test_a_pipeline_that_takes_no_picture_cannot_edit(folder: Path) -> None:
    with pytest.raises(BadRecipe, match="takes no picture: it cannot edit"):
        load(folder, edits=True)


def test_what_is_no_pipeline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="neither a folder nor an id"):
        load("nowhere")
    with pytest.raises(BadRecipe, match="cannot be loaded as a diffusers pipeline"):
        load(tmp_path)
    with pytest.raises(BadRecipe, match="cannot be fetched"):
        load("nobody/nothing")


def test_pickled_weights_are_not_opened(folder: Path, tmp_path: Path) -> None:
    copied = build_pipeline(tmp_path / "pickled")
    weights = copied / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({}, weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(BadRecipe, match="cannot be loaded"):
        load(copied)


def test_a_flag_that_the_pipeline_does_not_know_is_refused(folder: Path) -> None:
    pipeline = load(folder).pipeline

    class Fixed:
        """A pipeline with as many steps as it likes."""

        def __call__(self, prompt: list[str], generator: object = None) -> object:
            return pipeline(prompt=prompt, generator=generator)

    with pytest.raises(BadRecipe, match="knows no num_inference_steps: leave --steps out"):
        PipelinePainter(Fixed(), "fixed", "1", "float32", dataclasses.replace(ASKED, size=None))

    class Unseeded:
        def __call__(self, prompt: list[str]) -> None:
            """Draws as it likes."""

    with pytest.raises(BadRecipe, match="takes no generator"):
        PipelinePainter(Unseeded(), "unseeded", "1", "float32", PainterSettings())


def test_a_size_that_it_refuses_is_said(folder: Path) -> None:
    painter = load(folder, dataclasses.replace(ASKED, size=Size(15, 16)))
    with pytest.raises(BadRecipe, match="refuses what it is asked"):
        painter.paint(WISHES[:1])


def test_a_commit_names_what_came_from_the_hub(tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    assert version_of(snapshot) == "0123abcd"
