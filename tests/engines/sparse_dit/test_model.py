"""SparseDiT on its own: initial state, gradients, precision, compilation, refusals."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engines.sparse_dit import SparseDiT, SparseDiTOutput
from engines.sparse_dit.attention import attend, attend_written_out
from tests.parity.test_sparse_dit import TINY, random_inputs, random_pair


def test_starts_by_predicting_zero() -> None:
    model = SparseDiT(**TINY)
    output = model(**random_inputs(model, 2, 8, 8))
    assert output.sample.abs().max() == 0


def test_returns_one_set_of_router_statistics_for_each_block() -> None:
    model = SparseDiT(**TINY)
    output = model(**random_inputs(model, 2, 8, 8))
    assert isinstance(output, SparseDiTOutput)
    assert len(output.router) == 4
    for statistics in output.router:
        torch.testing.assert_close(statistics.load_E.sum(), torch.tensor(1.0))
        torch.testing.assert_close(statistics.mean_scores_E.sum(), torch.tensor(1.0))


def test_every_parameter_learns_in_training_and_in_evaluation_mode() -> None:
    model = random_pair(TINY)[0]
    inputs = random_inputs(model, 2, 8, 8)
    for mode in (model.train(), model.eval()):
        model.zero_grad()
        mode(**inputs).sample.square().mean().backward()
        still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
        assert still == []


@pytest.mark.parametrize("is_fused", [False, True], ids=["plain", "fused"])
def test_gradient_checkpointing_gives_the_same_gradients(is_fused: bool) -> None:
    """Every block runs twice: once without keeping anything, once for its backward pass."""
    model = random_pair(TINY)[0]
    model = model.fuse() if is_fused else model
    inputs = random_inputs(model, 2, 8, 12)
    runs: list[str] = []
    for block in model.blocks():
        block.block.register_forward_pre_hook(lambda module, args: runs.append(type(module).__name__))
    gradients = []
    for has_checkpoints in (False, True):
        if has_checkpoints:
            model.enable_gradient_checkpointing()
        model.zero_grad()
        output = model(**inputs)
        balance = sum((each.mean_scores_E * each.load_E).sum() for each in output.router)
        (output.sample.square().mean() + balance).backward()
        gradients.append([parameter.grad.clone() for parameter in model.parameters()])
    assert len(runs) == 4 + 8
    for plain, checkpointed in zip(*gradients, strict=True):
        torch.testing.assert_close(checkpointed, plain)


def test_router_statistics_are_for_training() -> None:
    model = SparseDiT(**TINY)
    with torch.no_grad():
        assert model(**random_inputs(model, 2, 8, 8)).router == ()


@torch.no_grad()
def test_the_output_reads_like_diffusers() -> None:
    model = random_pair(TINY)[0]
    inputs = random_inputs(model, 1, 8, 8)
    output = model(**inputs)
    assert output[0] is output.sample
    assert torch.equal(model(**inputs, return_dict=False)[0], output.sample)
    assert model.config.in_channels == model.config["in_channels"] == 4
    assert torch.equal(SparseDiT.from_config(model.config).x_embedder.proj.weight[:0], torch.empty(0, 16))


@torch.no_grad()
def test_bfloat16_stays_close_to_float32() -> None:
    model = random_pair(TINY)[0]
    inputs = random_inputs(model, 2, 8, 12)
    expected = model(**inputs).sample
    halved = {name: value.bfloat16() for name, value in inputs.items()} | {"timesteps": inputs["timesteps"]}
    sample = model.bfloat16()(**halved).sample
    assert sample.dtype is torch.bfloat16
    assert (sample.float() - expected).norm() / expected.norm() < 0.05


@torch.no_grad()
def test_compiles_into_one_graph() -> None:
    """One block of each kind and a padded input."""
    model = random_pair(TINY | {"num_layers": 1, "num_single_layers": 1, "llama_layers": [0, 1]})[0]
    inputs = random_inputs(model, 2, 8, 12)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(**inputs).sample, model(**inputs).sample, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"llama_layers": [0]}, "llama_layers names 1 layers for 4 blocks"),
        ({"axes_dims_rope": [4, 4, 4]}, "covers 12 of 16"),
        ({"num_activated_experts": 5}, "5 of 4 experts"),
    ],
)
def test_impossible_configurations_are_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        SparseDiT(**TINY | change)


@torch.no_grad()
def test_more_patches_than_the_reference_holds_run_without_padding() -> None:
    model = random_pair(TINY)[0].eval()
    inputs = random_inputs(model, 1, 8, 40)
    sample = model(**inputs).sample
    assert sample.shape == (1, model.config.out_channels, 8, 40)
    model.max_seq = 4 * 20
    torch.testing.assert_close(model(**inputs).sample, sample)
    model.max_seq += 1
    assert not torch.allclose(model(**inputs).sample, sample)


@torch.no_grad()
def test_written_out_attention_equals_the_fused_one() -> None:
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, length, 3, 16, generator=generator) for length in (5, 7, 7))
    bias = torch.randn(1, 1, 1, 7, generator=generator)
    expected = attend(q, k, v, bias)
    written = attend_written_out(*(x.transpose(1, 2) for x in (q, k, v)), bias).transpose(1, 2).flatten(-2)
    torch.testing.assert_close(written, expected, atol=1e-5, rtol=1e-5)
    halved = attend(q.bfloat16(), k.bfloat16(), v.bfloat16(), bias.bfloat16())
    torch.testing.assert_close(halved.float(), expected, atol=3e-2, rtol=3e-2)
