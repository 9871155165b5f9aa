from __future__ import annotations

import pytest
import torch
from PIL import Image

from tests.training.benchmarks.tiny_models import build_clip
from training.benchmarks.clip_model import Clip, load_clip, load_tokenizer
from training.benchmarks.errors import JudgeUnavailable

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return load_clip(str(build_clip(tmp_path_factory.mktemp("clip"))), CPU)


def test_embeddings_have_length_one(clip: Clip) -> None:
    words = clip.words(["a cat", "a red car and a dog"])
    pictures = clip.pictures([Image.new("RGB", (30, 20), "red"), Image.new("RGB", (8, 40), "blue")])
    assert (words.shape, pictures.shape) == ((2, 12), (2, 12))
    torch.testing.assert_close(words.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(pictures.norm(dim=1), torch.ones(2))
    assert not torch.allclose(pictures[0], pictures[1])


def test_words_beside_a_longer_text_are_those_alone(clip: Clip) -> None:
    together = clip.words(["a cat", "a red car and a dog"])
    torch.testing.assert_close(together[:1], clip.words(["a cat"]), atol=1e-5, rtol=1e-4)


def test_missing_models_are_said() -> None:
    with pytest.raises(JudgeUnavailable, match="CLIP model nobody/nothing cannot be loaded"):
        load_clip("nobody/nothing", CPU)
    with pytest.raises(JudgeUnavailable, match="tokenizer of nobody/nothing"):
        load_tokenizer("nobody/nothing")
