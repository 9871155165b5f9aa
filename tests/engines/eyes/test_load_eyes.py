"""The eyes that are shipped: listed, small, and seeing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from engines.errors import ModelNotFound
from engines.eyes.load_eyes import load_eyes
from engines.eyes.spoken_eyes import SpokenEyes
from engines.eyes.sticker_eyes import EYES, StickerEyes
from engines.load_engine import STICKERS
from engines.manifest import check_manifest
from engines.seen import Eyes
from engines.vae import Vae
from engines.vocabulary import read_vocabulary
from tests.engines.eyes.tiny_vision_model import write_vision_model
from training.eyes.accuracy import error_of
from training.eyes.outside import outside_picture
from training.eyes.store import roundtrip
from training.eyes.views import natural_colors, sample_view
from training.seeds import rng_for
from training.stickers.catalogue import STARTER, world_of
from training.stickers.render import render
from training.stickers.scene import Scene, Thing


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    return load_eyes()


def test_they_are_listed_in_the_manifest_and_small() -> None:
    check_manifest(STICKERS)
    files = json.loads((STICKERS / "manifest.json").read_text())["files"]
    assert 100_000 < files[f"{EYES}/model.safetensors"]["bytes"] < 3_000_000
    assert f"{EYES}/config.json" in files


def test_they_know_all_that_the_weights_draw(eyes: Eyes) -> None:
    world = world_of(read_vocabulary(STICKERS))
    assert set(world.classes) <= set(eyes.vocabulary["classes"])
    assert set(world.colors) <= set(eyes.vocabulary["colors"])
    assert set(world.backgrounds) <= set(eyes.vocabulary["backgrounds"])
    assert set(world.styles) <= set(eyes.vocabulary["styles"])


@pytest.mark.font
def test_they_read_a_scene(eyes: Eyes) -> None:
    things = (
        Thing(kind="cat", color="green", x=70, y=128, size=90),
        Thing(kind="car", color=None, x=186, y=128, size=90),
    )
    seen = eyes.look(render(Scene(background="grass", style=None, things=things)))
    assert seen.is_known
    assert {(thing.kind, thing.color) for thing in seen.things} == {("cat", "green"), ("car", None)}
    assert (seen.background, seen.style) == ("grass", None)
    cat = next(thing for thing in seen.things if thing.kind == "cat")
    assert abs(cat.centre[0] - 70) < 8
    assert abs(cat.centre[1] - 128) < 8
    (box,) = eyes.locate(render(Scene(background="grass", style=None, things=things)), "the car")
    assert 130 < box[0] < box[2] < 245


@pytest.mark.font
def test_they_read_most_of_what_the_autoencoder_gives_back(eyes: Eyes) -> None:
    alike = natural_colors(STARTER)
    views = [sample_view(rng_for("test-shipped-eyes", 0, index), STARTER, alike) for index in range(40)]
    pictures = roundtrip(Vae.from_pretrained(STICKERS / "vae"), [view.picture for view in views])
    error = error_of(views, [eyes.look(picture) for picture in pictures])
    assert (error.exact or 0) > 0.75
    assert (error.color or 0) > 0.95
    assert (error.background or 0) > 0.95
    assert (error.known or 0) > 0.95


def test_pictures_of_no_stickers_are_not_taken_for_some(eyes: Eyes) -> None:
    pictures = [outside_picture(rng_for("test-shipped-outside", 0, index), 256, 256) for index in range(40)]
    taken = [eyes.look(picture).is_known for picture in pictures]
    assert sum(taken) <= 3


def test_other_folders(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="No eyes at"):
        load_eyes(tmp_path)
    write_vision_model(tmp_path)
    assert isinstance(load_eyes(vision_model=tmp_path, device="cpu"), SpokenEyes)
    assert isinstance(load_eyes(STICKERS), StickerEyes)
    assert load_eyes(vision_model=tmp_path, device="cpu").look(Image.new("RGB", (16, 16)), "what").is_known
