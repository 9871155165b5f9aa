"""The sparse feed-forward against a loop over tokens."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engines.sparse_dit.config import SparseDiTConfig
from engines.sparse_dit.moe import MoEFeedForward


def layer(num_experts: int = 4, num_active: int = 2) -> MoEFeedForward:
    torch.manual_seed(0)
    return MoEFeedForward(
        SparseDiTConfig(
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            caption_channels=(8, 8),
            text_emb_dim=8,
            num_routed_experts=num_experts,
            num_activated_experts=num_active,
            axes_dims_rope=(8, 4, 4),
            max_resolution=(8, 8),
            llama_layers=(0, 0),
        )
    )


def token_by_token(moe: MoEFeedForward, x_BTD: Tensor) -> Tensor:
    """The definition, written for reading."""
    outputs = []
    for token in x_BTD.flatten(0, 1):
        scores = (moe.gate.weight @ token).softmax(0)
        total = moe.shared_experts(token)
        for index in scores.argsort(descending=True)[: moe.num_active].tolist():
            total = total + scores[index] * moe.experts[index](token)
        outputs.append(total)
    return torch.stack(outputs).view_as(x_BTD)


@pytest.mark.parametrize(("num_experts", "num_active"), [(4, 2), (3, 1), (5, 5)])
def test_equals_the_sum_over_chosen_experts(num_experts: int, num_active: int) -> None:
    moe = layer(num_experts, num_active)
    x = torch.randn(2, 9, 32)
    torch.testing.assert_close(moe(x)[0], token_by_token(moe, x), atol=1e-5, rtol=1e-5)


def test_grouped_products_equal_the_split_ones() -> None:
    moe = layer().bfloat16()
    x_RD = torch.randn(10, 32).bfloat16()
    ends = torch.tensor([3, 3, 9, 10], dtype=torch.int32)
    torch.testing.assert_close(moe.run_grouped(x_RD, ends), moe.run_split(x_RD, ends))
    weight = torch.randn(10, 32).bfloat16()
    parameters = list(moe.experts.parameters())
    grouped, split = (
        torch.autograd.grad((run(x_RD, ends) * weight).sum(), parameters)
        for run in (moe.run_grouped, moe.run_split)
    )
    for ours, expected in zip(grouped, split, strict=True):
        torch.testing.assert_close(ours, expected, atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_compiled_graph_has_no_breaks_and_the_same_numbers(dtype: torch.dtype) -> None:
    moe = layer().to(dtype)
    x = torch.randn(2, 9, 32).to(dtype)
    compiled = torch.compile(moe, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x)[0], moe(x)[0], atol=2e-2, rtol=2e-2)


def test_gradients_equal_those_of_the_loop_for_every_parameter_and_the_input() -> None:
    moe = layer()
    x = torch.randn(2, 9, 32)
    names = dict(moe.named_parameters())
    twins = []
    for run in (lambda value: moe(value)[0], lambda value: token_by_token(moe, value)):
        value = x.clone().requires_grad_()
        loss = run(value).square().sum()
        twins.append(torch.autograd.grad(loss, [value, *names.values()]))
    for name, ours, expected in zip(["input", *names], *twins, strict=True):
        assert expected.abs().max() > 0, name
        torch.testing.assert_close(ours, expected, atol=1e-4, rtol=1e-4)


def test_an_expert_that_nobody_chose_has_no_part() -> None:
    moe = layer()
    with torch.no_grad():
        moe.gate.weight.zero_()
        moe.gate.weight[:2, 0] = 5.0
    x = torch.randn(1, 6, 32)
    x[..., 0] = 1.0
    output, statistics = moe(x)
    torch.testing.assert_close(output, token_by_token(moe, x), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(statistics.load_E, torch.tensor([0.5, 0.5, 0.0, 0.0]))


def test_statistics_describe_the_routing_and_train_the_gate() -> None:
    moe = layer()
    x = torch.randn(2, 9, 32)
    statistics = moe(x)[1]
    scores = (x.flatten(0, 1) @ moe.gate.weight.T).softmax(-1)
    torch.testing.assert_close(statistics.mean_scores_E, scores.mean(0))
    counts = torch.bincount(scores.topk(2).indices.flatten(), minlength=4)
    torch.testing.assert_close(statistics.load_E, counts / 36)
    (statistics.mean_scores_E * statistics.load_E).sum().backward()
    assert moe.gate.weight.grad is not None
    assert moe.gate.weight.grad.abs().max() > 0
