"""What the text stack returns and refuses; tests/parity/test_text.py compares numbers with diffusers."""

from __future__ import annotations

import json
import os
import shutil
import weakref
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from engines.api import LLAMA_ONLY, EncoderWords
from engines.errors import EngineError, ModelNotFound, WeightsDamaged
from engines.text import EncoderFolder, PlainHost, Prompt, TextCache, TextContext, TextStack, encode_tokens
from tests.engines.tiny import MAX_TOKENS, build_text

TEXTS = ["", "a red cat on the left of a car"]


@pytest.fixture(scope="module")
def stack(tiny_folder: Path) -> TextStack:
    return TextStack.from_pretrained(tiny_folder)


@pytest.fixture
def copy(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "weights"))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[nn.Module]]:
    """Every encoder that is loaded during the test, while it lives."""
    encoders: list[weakref.ref[nn.Module]] = []
    load = EncoderFolder.load

    def watched(self: EncoderFolder, device: str = "cpu") -> nn.Module:
        encoder = load(self, device)
        if device != "meta":
            encoders.append(weakref.ref(encoder))
        return encoder

    monkeypatch.setattr(EncoderFolder, "load", watched)
    return encoders


def num_alive(encoders: list[weakref.ref[nn.Module]]) -> int:
    return sum(encoder() is not None for encoder in encoders)


def assert_same(one: TextContext, other: TextContext, tolerance: float = 0.0) -> None:
    for name, ours in vars(one).items():
        torch.testing.assert_close(ours, getattr(other, name), atol=tolerance, rtol=tolerance)


def lengthen(stack: TextStack) -> None:
    """Tokenizers that know no end, as the Llama's."""
    for tokenizer in stack.tokenizers:
        tokenizer.model_max_length = 10**9


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
    assert encoded.counts[0] == stack.encode(["dog " * 10]).counts[0]
    assert encoded.cuts == (
        "",
        "The end of a text is left out: t5 reads 12 of its 13 tokens, llama reads 12 of its 13 tokens.",
    )
    assert encoded.warning == ""


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


def test_same_as_the_slow_twin(stack: TextStack) -> None:
    texts = [*TEXTS, "dog"]
    slow = encode_tokens(stack.encoders, stack.tokenize(texts))
    assert_same(stack.encode(texts).context, slow, 1e-5)


def test_each_encoder_runs_once_without_logits_attentions_or_a_key_cache() -> None:
    stack, runs, extras = build_text(), Counter[str](), []

    def watch(name: str, module: nn.Module) -> None:
        def count(module: nn.Module, inputs: Any, output: Any) -> None:
            runs[name] += 1
            extras.extend({"logits", "attentions", "past_key_values"} & set(output if name != "t5" else ()))

        module.register_forward_hook(count)

    encoders: Any = stack.encoders
    for name in ("clip_l", "clip_g", "llama"):
        watch(name, getattr(encoders, name))
    watch("t5", encoders.t5.encoder.block[-1])
    stack.encode(TEXTS)
    assert runs == {"clip_l": 1, "clip_g": 1, "t5": 1, "llama": 1}
    assert extras == []
    stack.encode(list(reversed(TEXTS)))
    assert runs.total() == 4
    stack.encode([*TEXTS, "dog"])
    assert runs.total() == 8


def test_more_tokens_by_choice(tiny_folder: Path) -> None:
    stack = TextStack.from_pretrained(tiny_folder)
    lengthen(stack)
    encoded = stack.encode(["cat " * 150], max_tokens=160)
    assert encoded.context.t5_BTC.shape == (1, 160, 16)
    assert encoded.context.llama_LBTC.shape == (2, 1, 160, 24)
    assert encoded.warning == "The models were trained at 128 tokens; at 160 they may draw noise."
    assert encoded.cuts == (
        "The end of a text is left out: "
        "clip_l reads 128 of its 152 tokens, clip_g reads 128 of its 152 tokens.",
    )
    short = stack.encode(["cat " * 150])
    assert short.context.t5_BTC.shape == (1, 128, 16)
    assert short.is_cut == (True,)
    assert not torch.allclose(short.context.t5_BTC, encoded.context.t5_BTC[:, :128], atol=1e-3)
    assert stack.encode(["cat"], max_tokens=128).warning == ""


def test_what_cannot_be_read_is_refused(stack: TextStack) -> None:
    with pytest.raises(EngineError, match="at 1 tokens: choose at least 2"):
        stack.encode(["cat"], max_tokens=1)
    with pytest.raises(EngineError, match="no text"):
        stack.encode([])


def test_a_prompt_of_its_own_for_each_encoder(stack: TextStack) -> None:
    words = {"clip_l": "red", "clip_g": "green", "t5": "a dog", "llama": "on the left"}
    mixed = stack.encode([Prompt("cat", EncoderWords(**words))])
    for name, word in words.items():
        alone = stack.encode([word])
        assert getattr(mixed.counts[0], name) == getattr(alone.counts[0], name)
    apart = {name: stack.encode([word]).context for name, word in words.items()}
    expected = TextContext(
        pooled_BC=torch.cat([apart["clip_l"].pooled_BC[:, :8], apart["clip_g"].pooled_BC[:, 8:]], dim=-1),
        t5_BTC=apart["t5"].t5_BTC,
        llama_LBTC=apart["llama"].llama_LBTC,
    )
    assert_same(mixed.context, expected)
    assert_same(stack.encode([Prompt("cat")]).context, stack.encode(["cat"]).context)
    partly = stack.encode([Prompt("cat", EncoderWords(llama="a dog"))]).context
    assert torch.equal(partly.t5_BTC, stack.encode(["cat"]).context.t5_BTC)


def test_llama_only_is_the_empty_text_for_the_others(stack: TextStack) -> None:
    context = stack.encode([Prompt("a red cat", LLAMA_ONLY)]).context
    empty, full = stack.encode([""]).context, stack.encode(["a red cat"]).context
    assert torch.equal(context.llama_LBTC, full.llama_LBTC)
    assert torch.equal(context.t5_BTC, empty.t5_BTC)
    assert torch.equal(context.pooled_BC, empty.pooled_BC)
    assert empty.t5_BTC.any()


def test_kept_and_streamed_encoders_say_the_same(
    tiny_folder: Path, loaded: list[weakref.ref[nn.Module]]
) -> None:
    kept = TextStack.from_pretrained(tiny_folder)
    assert loaded == []
    expected = kept.encode(TEXTS).context
    assert num_alive(loaded) == 4
    kept.encode(["dog"])
    assert len(loaded) == 4
    kept.release()
    assert num_alive(loaded) == 0
    loaded.clear()

    streamed = TextStack.from_pretrained(tiny_folder, host=PlainHost(keeps_encoders=False))
    assert_same(streamed.encode(TEXTS).context, expected)
    assert len(loaded) == 4
    assert num_alive(loaded) == 0
    streamed.encode(TEXTS)
    assert len(loaded) == 4


def test_no_more_than_one_streamed_encoder_is_there_at_a_time(
    tiny_folder: Path, loaded: list[weakref.ref[nn.Module]], monkeypatch: pytest.MonkeyPatch
) -> None:
    alive_before: list[int] = []
    load = EncoderFolder.load

    def counted(self: EncoderFolder, device: str = "cpu") -> nn.Module:
        alive_before.append(num_alive(loaded))
        return load(self, device)

    stack = TextStack.from_pretrained(tiny_folder, host=PlainHost(keeps_encoders=False))
    monkeypatch.setattr(EncoderFolder, "load", counted)
    stack.encode(TEXTS)
    assert alive_before == [0, 0, 0, 0]
    assert len(loaded) == 4


def test_texts_on_disk_need_no_encoder(
    tiny_folder: Path, tmp_path: Path, loaded: list[weakref.ref[nn.Module]]
) -> None:
    def fresh() -> TextStack:
        return TextStack.from_pretrained(tiny_folder, weights_hash="one", cache=TextCache(tmp_path / "texts"))

    before = fresh().encode([*TEXTS, "cat " * 20])
    loaded.clear()
    after = fresh().encode([*TEXTS, "cat " * 20])
    assert loaded == []
    assert_same(after.context, before.context)
    assert (after.counts, after.cuts, after.warning) == (before.counts, before.cuts, before.warning)
    fresh().encode([Prompt("a dog", LLAMA_ONLY)])
    assert [type(encoder()).__name__ for encoder in loaded] in (["LlamaModel"], ["NoneType"])


def test_a_damaged_text_on_disk_is_encoded_again(tiny_folder: Path, tmp_path: Path) -> None:
    def fresh() -> TextStack:
        return TextStack.from_pretrained(tiny_folder, cache=TextCache(tmp_path / "texts"))

    before = fresh().encode(TEXTS).context
    for file in (tmp_path / "texts").iterdir():
        content = file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert_same(fresh().encode(TEXTS).context, before)


def test_other_weights_are_not_answered_from_disk(
    copy: Path, tmp_path: Path, loaded: list[weakref.ref[nn.Module]]
) -> None:
    def num_loaded(weights_hash: str | None, dtype: torch.dtype = torch.float32) -> int:
        loaded.clear()
        cache = TextCache(tmp_path / "texts")
        TextStack.from_pretrained(copy, dtype, weights_hash=weights_hash, cache=cache).encode(TEXTS)
        return len(loaded)

    assert num_loaded("one") == 4
    assert num_loaded("one") == 0
    assert num_loaded("two") == 4
    assert num_loaded("one", torch.bfloat16) == 4
    assert num_loaded(None) == 4
    os.utime(copy / "text_encoder_4" / "model.safetensors", (1, 1))
    assert num_loaded("one") == 1
    tokenizer = copy / "tokenizer_2" / "tokenizer_config.json"
    tokenizer.write_text(tokenizer.read_text() + " ")
    assert num_loaded("one") == 1


def test_encoders_in_training_are_not_cached_on_disk(tmp_path: Path) -> None:
    given = build_text()
    with pytest.raises(EngineError, match="give their folder"):
        TextStack(given.encoders, given.tokenizers, cache=TextCache(tmp_path))
    before = given.encode(["cat"]).context
    with torch.no_grad():
        for parameter in given.encoders.parameters():
            parameter.add_(0.1)
    given.cache.clear()
    assert not torch.allclose(given.encode(["cat"]).context.t5_BTC, before.t5_BTC, atol=1e-3)


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


def test_another_kind_of_encoder_is_named(copy: Path) -> None:
    config = copy / "text_encoder_4" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_type": "mistral"}))
    with pytest.raises(
        WeightsDamaged, match=r"text_encoder_4 does not hold a loadable Llama.* a mistral model"
    ):
        TextStack.from_pretrained(copy)


def test_damage_is_found_before_weights_are_read(copy: Path, loaded: list[weakref.ref[nn.Module]]) -> None:
    file = copy / "text_encoder_4" / "model.safetensors"
    file.rename(file.with_name("pytorch_model.bin"))
    with pytest.raises(WeightsDamaged, match="text_encoder_4 does not hold a loadable Llama"):
        TextStack.from_pretrained(copy)
    assert loaded == []
