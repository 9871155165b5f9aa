"""A fused model against the same one that is not: numbers, gradients, names, and the way back."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engines.sparse_dit import SparseDiT
from engines.sparse_dit.attention import SingleAttention
from engines.sparse_dit.moe import JoinedExperts, MoEFeedForward
from tests.parity.test_sparse_dit import CONFIGS, TINY, random_inputs, random_pair


def twins(keys: dict[str, Any] = TINY) -> tuple[SparseDiT, SparseDiT]:
    """(as loaded, fused), of the same weights."""
    plain = random_pair(keys)[0]
    return plain, copy.deepcopy(plain).fuse()


def same_state(one: nn.Module, other: nn.Module) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", CONFIGS)
@torch.no_grad()
def test_same_numbers_and_the_official_names(name: str) -> None:
    plain, fused = twins(CONFIGS[name])
    inputs = random_inputs(plain, 2, 8, 12)
    torch.testing.assert_close(fused(**inputs).sample, plain(**inputs).sample, atol=1e-6, rtol=1e-5)
    assert same_state(plain, fused)
    assert len(list(fused.parameters())) < len(list(plain.parameters()))


def test_everything_is_joined_and_parted_again() -> None:
    plain, fused = twins()
    attention = [each for each in fused.modules() if isinstance(each, SingleAttention)]
    assert all(each.joined and not hasattr(each, "to_q") for each in attention)
    feeds = [each for each in fused.modules() if isinstance(each, MoEFeedForward)]
    assert all(isinstance(each.experts, JoinedExperts) for each in feeds)
    assert {name for name, _ in fused.unfuse().named_parameters()} == dict(plain.named_parameters()).keys()
    assert same_state(plain, fused)
    assert fused.single_stream_blocks[0].block.attn1.to_k.out_features == plain.architecture.width


def test_training_takes_the_same_step() -> None:
    plain, fused = twins()
    inputs = random_inputs(plain, 2, 8, 8)
    before = copy.deepcopy(plain.state_dict())
    for model in (plain, fused):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model(**inputs).sample.square().mean().backward()
        optimizer.step()
    after, expected = fused.state_dict(), plain.state_dict()
    for name, tensor in expected.items():
        assert not torch.equal(tensor, before[name]), name
        torch.testing.assert_close(after[name], tensor, atol=1e-6, rtol=1e-4)


@torch.no_grad()
def test_loads_saves_and_moves_by_the_official_names(tmp_path: Path) -> None:
    plain, fused = twins()
    other = random_pair(TINY | {"text_emb_dim": 20})[0]
    for parameter in other.parameters():
        parameter.mul_(2)
    fused.load_state_dict(other.state_dict())
    assert same_state(other, fused)
    fused.save_pretrained(tmp_path)
    assert same_state(other, SparseDiT.from_pretrained(tmp_path))
    halved = fused.bfloat16().state_dict()
    assert all(torch.equal(halved[name], other.state_dict()[name].bfloat16()) for name in halved)
    assert not same_state(plain, fused)


def test_a_missing_part_is_refused() -> None:
    plain, fused = twins()
    state = plain.state_dict()
    del state["single_stream_blocks.0.block.attn1.to_k.weight"]
    with pytest.raises(RuntimeError, match=r"single_stream_blocks\.0\.block\.attn1\.to_qkv\.weight"):
        fused.load_state_dict(state)


class Quantised(nn.Linear):
    """Stands for a layer whose weight cannot be read as it is."""


@torch.no_grad()
def test_layers_that_are_not_plain_stay_as_they_are() -> None:
    plain, _ = twins()
    model = copy.deepcopy(plain)
    block = model.single_stream_blocks[0].block
    for owner, name in (
        (block.attn1, "to_v"),
        (block.ff_i.experts[2], "w2"),
        (block.ff_i.shared_experts, "w1"),
    ):
        linear = getattr(owner, name)
        linear.__class__ = Quantised
    model.fuse()
    assert block.attn1.to_qkv is None
    assert isinstance(block.ff_i.experts, nn.ModuleList)
    assert block.ff_i.shared_experts.w13 is None
    assert model.single_stream_blocks[1].block.attn1.to_qkv is not None
    inputs = random_inputs(plain, 2, 8, 8)
    torch.testing.assert_close(model(**inputs).sample, plain(**inputs).sample, atol=1e-6, rtol=1e-5)
    assert same_state(plain, model)
