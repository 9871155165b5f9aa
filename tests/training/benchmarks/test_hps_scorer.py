from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional as F
from transformers import CLIPModel

from tests.training.benchmarks.test_open_clip_names import picture_embedding, random_weights, words_embedding
from tests.training.benchmarks.tiny_models import build_tokenizer, clip_config
from training.benchmarks.errors import JudgeUnavailable
from training.benchmarks.hps_scorer import MEAN, STD, HpsJudge, Prepare, read_checkpoint

PICTURE = Image.linear_gradient("L").convert("RGB").resize((64, 64))
CPU = torch.device("cpu")


@pytest.fixture
def tokenizer(tmp_path: Path) -> str:
    build_tokenizer().save_pretrained(tmp_path / "tokenizer")
    return str(tmp_path / "tokenizer")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """As it is published: a dictionary with the weights under state_dict."""
    torch.save({"epoch": 1, "state_dict": random_weights()}, tmp_path / "HPS.pt")
    return tmp_path / "HPS.pt"


def test_a_hundred_times_the_cosine_of_open_clips_embeddings(checkpoint: Path, tokenizer: str) -> None:
    judge = HpsJudge(checkpoint, tokenizer, CPU, clip_config("gelu"))
    pixels = Prepare(16)([PICTURE], "pt")["pixel_values"]
    tokens = build_tokenizer()(["a red cat"], return_tensors="pt")["input_ids"]
    weights = random_weights()
    expected = 100 * F.cosine_similarity(picture_embedding(weights, pixels), words_embedding(weights, tokens))
    assert judge.score(PICTURE, "a red cat") == pytest.approx(float(expected), abs=1e-3)
    assert judge.score(PICTURE, "a blue dog") != pytest.approx(float(expected), abs=1e-3)
    assert judge.version == f"HPS.pt, {checkpoint.stat().st_size} bytes"


def test_words_beyond_the_last_position_are_cut(checkpoint: Path, tokenizer: str) -> None:
    judge = HpsJudge(checkpoint, tokenizer, CPU, clip_config("gelu"))
    assert np.isfinite(judge.score(PICTURE, "word " * 100))


def test_safetensors_give_the_same_weights(checkpoint: Path, tmp_path: Path) -> None:
    save_file(random_weights(), tmp_path / "HPS.safetensors")
    first, second = read_checkpoint(checkpoint), read_checkpoint(tmp_path / "HPS.safetensors")
    assert first.keys() == second.keys()
    torch.testing.assert_close(first, second, atol=0, rtol=0)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("it ran",))


def test_nothing_in_a_pickle_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": Evil()}, tmp_path / "evil.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Evil(), protocol=2))
    for name in ("evil.pt", "plain.pt"):
        with pytest.raises(JudgeUnavailable, match="cannot be read as weights"):
            read_checkpoint(tmp_path / name)
    assert "it ran" not in capsys.readouterr().out


def test_other_files_are_refused_in_a_sentence(tmp_path: Path, tokenizer: str) -> None:
    with pytest.raises(JudgeUnavailable, match="--judge-weights"):
        HpsJudge(tmp_path / "none.pt", tokenizer, CPU)
    torch.save({"state_dict": {"a": 1}}, tmp_path / "a.pt")
    with pytest.raises(JudgeUnavailable, match="no table of weights"):
        read_checkpoint(tmp_path / "a.pt")
    torch.save({"state_dict": CLIPModel(clip_config()).state_dict()}, tmp_path / "b.pt")
    with pytest.raises(JudgeUnavailable, match="does not hold ViT-H/14"):
        HpsJudge(tmp_path / "b.pt", tokenizer, CPU, clip_config()).score(PICTURE, "a")


def test_a_wide_picture_is_fitted_and_centred_on_black() -> None:
    pixels = Prepare(16)([Image.new("RGB", (64, 32), "white")], "pt")["pixel_values"][0]
    values = pixels.permute(1, 2, 0).numpy() * np.array(STD) + MEAN
    np.testing.assert_allclose(values[4:12], 1, atol=1e-6)
    np.testing.assert_allclose(values[[0, 3, 12, 15]], 0, atol=1e-6)
