"""Each distinct row once, against the library's models on every padded position."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaModel, T5Config, T5EncoderModel

from engines.text import rows
from engines.text.rows import encode_llama, encode_pooled, encode_t5
from tests.engines.tiny import END, build_clip

PAD, NUM_WORDS = 3, 40
LENGTH = 128
NUM_REAL = (1, 2, 3, 17, 60, 127, 128)


@pytest.fixture(scope="module")
def t5() -> Any:
    torch.manual_seed(0)
    return T5EncoderModel(
        T5Config(
            vocab_size=NUM_WORDS, d_model=16, d_kv=8, d_ff=32, num_layers=3, num_heads=2, is_gated_act=True
        )
    ).eval()


@pytest.fixture(scope="module")
def llama() -> Any:
    torch.manual_seed(0)
    return LlamaModel(
        LlamaConfig(
            vocab_size=NUM_WORDS,
            hidden_size=24,
            intermediate_size=48,
            num_hidden_layers=3,
            num_attention_heads=2,
            num_key_value_heads=1,
            bos_token_id=1,
            eos_token_id=END,
        )
    ).eval()


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def draw_ids(num: int) -> list[int]:
    rng = random.Random(num)
    return [1, *(rng.randrange(4, NUM_WORDS) for _ in range(num - 1))]


def pad(ids: list[int], length: int = LENGTH) -> tuple[Tensor, Tensor]:
    missing = length - len(ids)
    return torch.tensor([ids + [PAD] * missing]), torch.tensor([[1] * len(ids) + [0] * missing])


def padded_t5(t5: Any, ids: list[int], length: int = LENGTH) -> Tensor:
    tokens, mask = pad(ids, length)
    states: Tensor = t5(tokens, attention_mask=mask).last_hidden_state
    return states


def padded_llama(llama: Any, ids: list[int], length: int = LENGTH) -> Tensor:
    tokens, mask = pad(ids, length)
    states = llama(tokens, attention_mask=mask, output_hidden_states=True).hidden_states
    return torch.cat(states[1:])


def test_t5_as_on_padded_texts(t5: Any) -> None:
    texts = [draw_ids(num) for num in NUM_REAL]
    for ids, ours in zip(texts, encode_t5(t5, texts, PAD, LENGTH), strict=True):
        torch.testing.assert_close(ours.at_positions(), padded_t5(t5, ids), atol=1e-5, rtol=1e-5)


def test_llama_as_on_padded_texts(llama: Any) -> None:
    texts = [draw_ids(num) for num in NUM_REAL]
    for ids, ours in zip(texts, encode_llama(llama, texts, PAD, LENGTH), strict=True):
        torch.testing.assert_close(ours.at_positions(), padded_llama(llama, ids), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("length", [2, 24, 256])
def test_other_lengths(t5: Any, llama: Any, length: int) -> None:
    texts = [draw_ids(1), draw_ids(min(length, 20))]
    for ids, ours in zip(texts, encode_t5(t5, texts, PAD, length), strict=True):
        torch.testing.assert_close(ours.at_positions(), padded_t5(t5, ids, length), atol=1e-5, rtol=1e-5)
    for ids, ours in zip(texts, encode_llama(llama, texts, PAD, length), strict=True):
        torch.testing.assert_close(
            ours.at_positions(), padded_llama(llama, ids, length), atol=1e-5, rtol=1e-5
        )


@pytest.mark.parametrize("num_real", NUM_REAL)
def test_t5_computes_as_many_rows_as_differ(t5: Any, num_real: int) -> None:
    """The slow way: padding rows as sets of the buckets of their distances to each real token."""
    attention = t5.encoder.block[0].layer[0].SelfAttention
    at = torch.arange(LENGTH)
    buckets = attention._relative_position_bucket(at[None] - at[:, None], bidirectional=True)
    distinct = {tuple(row) for row in buckets[num_real:, :num_real].tolist()}
    (ours,) = encode_t5(t5, [draw_ids(num_real)], PAD, LENGTH)
    assert ours.rows_LRC.shape[1] == num_real + len(distinct)


def test_llama_computes_two_rows_of_a_text_of_one_token(llama: Any) -> None:
    one, two = encode_llama(llama, [draw_ids(1), draw_ids(2)], PAD, LENGTH)
    assert one.rows_LRC.shape == (3, 2, 24)
    assert two.rows_LRC.shape == (3, LENGTH, 24)
    padding_LTC = padded_llama(llama, draw_ids(2))[:, 2:]
    assert not torch.allclose(padding_LTC[:, 0], padding_LTC[:, -1], atol=1e-4)


def test_more_texts_than_fit_one_pass(llama: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [draw_ids(num) for num in (1, 5, 9, 2)]
    together = encode_llama(llama, texts, PAD, 16)
    monkeypatch.setattr(rows, "MAX_ROWS", 20)
    apart = encode_llama(llama, texts, PAD, 16)
    for one, other in zip(together, apart, strict=True):
        torch.testing.assert_close(one.rows_LRC, other.rows_LRC, atol=1e-5, rtol=1e-5)


def test_clip_as_alone() -> None:
    torch.manual_seed(0)
    clip = build_clip(NUM_WORDS, 8).eval()
    texts = [[1, 5, END], [1, 7, 8, 9, 5, END]]
    for ids, ours in zip(texts, encode_pooled(clip, texts, PAD), strict=True):
        alone = clip(torch.tensor([ids])).text_embeds
        torch.testing.assert_close(ours.at_positions()[0], alone, atol=1e-5, rtol=1e-5)
