"""Eyes that speak, on a tiny random model: its words depend on picture and question."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from engines.errors import ModelNotFound, WeightsDamaged
from engines.eyes.spoken_eyes import SpokenEyes
from tests.engines.eyes.tiny_vision_model import WORDS, write_vision_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vision")
    write_vision_model(folder)
    return folder


def test_a_local_model_answers_in_words(folder: Path) -> None:
    eyes = SpokenEyes.from_pretrained(folder)
    seen = eyes.look(Image.new("RGB", (40, 20), "red"), "what is here")
    assert seen.is_known
    assert seen.size == (40, 20)
    assert seen.things == ()
    assert set(seen.description.split()) <= set(WORDS)
    assert eyes.look(Image.new("RGB", (40, 20), "red"), "what is here") == seen
    assert eyes.locate(Image.new("RGB", (8, 8)), "a cat") == ()


def test_a_folder_without_a_vision_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"config\.json"):
        SpokenEyes.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(WeightsDamaged, match="holds no image-text-to-text model"):
        SpokenEyes.from_pretrained(tmp_path)


def test_a_model_that_does_not_chat_is_refused(tmp_path: Path) -> None:
    write_vision_model(tmp_path, template=None)
    with pytest.raises(WeightsDamaged, match="chat template"):
        SpokenEyes.from_pretrained(tmp_path)
