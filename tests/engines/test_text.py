"""What the text stack returns and refuses; tests/parity/test_text.py compares numbers with diffusers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engines.errors import ModelNotFound, WeightsDamaged
from engines.text import TextStack, encode_tokens
from tests.engines.tiny import MAX_TOKENS


@pytest.fixture(scope="module")
def stack(tiny_folder: Path) -> TextStack:
    return TextStack.from_pretrained(tiny_folder)


def test_shapes(stack: TextStack) -> None:
    context = stack.encode(["a cat", "a red dog"]).context
    assert context.pooled_BC.shape == (2, 20)
    assert context.t5_BTC.shape == (2, MAX_TOKENS, 16)
    assert context.llama_LBTC.shape == (2, 2, MAX_TOKENS, 24)


def test_texts_do_not_depend_on_their_neighbours_or_on_the_cache(stack: TextStack) -> None:
    together = stack.encode(["a cat", "a red dog on the left of a car"]).context
    stack.cache.clear()
    alone = stack.encode(["a cat"]).context
    torch.testing.assert_close(alone.pooled_BC, together.pooled_BC[:1], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(alone.llama_LBTC, together.llama_LBTC[:, :1], atol=1e-5, rtol=1e-5)
    again = stack.encode(["a cat", "a cat"]).context
    assert torch.equal(again.pooled_BC[0], again.pooled_BC[1])
    assert torch.equal(again.t5_BTC[:1], alone.t5_BTC)


def test_long_texts_are_counted_and_said_to_be_cut(stack: TextStack) -> None:
    encoded = stack.encode(["cat " * 10, "cat " * 11])
    assert encoded.num_tokens == (12, 13)
    assert encoded.is_cut == (False, True)


def test_the_cache_stays_small(stack: TextStack) -> None:
    for word in "a an the red blue green cat dog car star".split():
        stack.encode([word])
    assert len(stack.cache) == 8
    assert "star" in stack.cache


def test_rows_pick_and_repeat(stack: TextStack) -> None:
    context = stack.encode(["a cat", "a dog"]).context
    rows = context.rows(1, 0, 1)
    assert torch.equal(rows.llama_LBTC[:, 2], context.llama_LBTC[:, 1])
    assert torch.equal(rows.pooled_BC[1], context.pooled_BC[0])


def test_encoding_is_differentiable_for_training(stack: TextStack) -> None:
    encoders = stack.encoders.requires_grad_(True)
    context = encode_tokens(encoders, stack.tokenize(["a red cat"]))
    parts = (context.pooled_BC, context.t5_BTC, context.llama_LBTC)
    loss = torch.stack([part.square().sum() for part in parts]).sum()
    for encoder in (encoders.clip_l, encoders.clip_g, encoders.t5, encoders.llama):
        weights = [
            p for name, p in encoder.named_parameters() if name.endswith("o.weight") or "fc1.weight" in name
        ]
        weights = weights or [p for name, p in encoder.named_parameters() if "o_proj" in name]
        for gradient in torch.autograd.grad(loss, weights, retain_graph=True):
            assert gradient.any()
    encoders.requires_grad_(False)


def test_a_missing_llama_is_named(tiny_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(tiny_folder, folder)
    shutil.rmtree(folder / "text_encoder_4")
    with pytest.raises(ModelNotFound, match=r"text_encoder_4: put Llama 3\.1 8B Instruct there"):
        TextStack.from_pretrained(folder)


def test_a_missing_tensor_is_named(tiny_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(tiny_folder, folder)
    file = folder / "text_encoder_3" / "model.safetensors"
    tensors = load_file(file)
    del tensors["encoder.final_layer_norm.weight"]
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(WeightsDamaged, match=r"text_encoder_3 lacks 1 tensors.*final_layer_norm"):
        TextStack.from_pretrained(folder)


def test_a_cut_file_is_named(tiny_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(tiny_folder, folder)
    file = folder / "text_encoder" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(WeightsDamaged, match="text_encoder does not hold a loadable CLIP"):
        TextStack.from_pretrained(folder)
