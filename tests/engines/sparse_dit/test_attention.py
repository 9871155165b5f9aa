"""The kernels that attend, each against the formula in double precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend

from engines.sparse_dit import attention
from engines.sparse_dit.attention import (
    attend,
    attend_by_heads,
    attend_written_out,
    name_attention,
    preferred_kernels,
)


def queries_keys_values(num_queries: int = 21, num_keys: int = 33) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(2, length, 3, 16, generator=generator) for length in (num_queries, num_keys, num_keys)
    ]


def formula(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    logits = torch.einsum("bthc,bshc->bhts", q.double(), k.double()) / 4
    weights = (logits if bias is None else logits + bias.double()).softmax(dim=-1)
    return torch.einsum("bhts,bshc->bthc", weights, v.double()).flatten(2)


BIASES = pytest.mark.parametrize("has_bias", [False, True], ids=["plain", "biased"])


@BIASES
@pytest.mark.parametrize("weights_at_once", [1, 100, 2**20])
@torch.no_grad()
def test_by_heads_equals_written_out(
    has_bias: bool, weights_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "MOST_WEIGHTS_AT_ONCE", weights_at_once)
    rows = queries_keys_values()
    bias = torch.linspace(-2, 2, 33)[None, None, None] if has_bias else None
    q, k, v = (each.transpose(1, 2) for each in rows)
    expected = formula(*rows, bias).float()
    for kernel in (attend_by_heads, attend_written_out):
        attended = kernel(q, k, v, bias).transpose(1, 2).flatten(2)
        torch.testing.assert_close(attended, expected, atol=1e-5, rtol=1e-5)


@BIASES
@pytest.mark.parametrize("weights_at_once", [100, 2**20], ids=["by heads", "at once"])
@torch.no_grad()
def test_bfloat16_on_a_cpu(has_bias: bool, weights_at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logits and weights are rounded where torch's kernel keeps float32: some times its error, below 1 %."""
    monkeypatch.setattr(attention, "MOST_WEIGHTS_AT_ONCE", weights_at_once)
    rows = [each.bfloat16() for each in queries_keys_values()]
    bias = torch.linspace(-2, 2, 33).bfloat16()[None, None, None] if has_bias else None
    expected = formula(*rows, bias)
    q, k, v = (each.transpose(1, 2) for each in rows)
    fused = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    errors = [
        (sample.double() - expected).norm()
        for sample in (attend(*rows, bias), fused.transpose(1, 2).flatten(2))
    ]
    assert 0 < errors[0] < 0.01 * expected.norm()
    assert errors[0] < 4 * errors[1]


def test_gradients_flow_where_they_are_recorded() -> None:
    rows = [each.bfloat16().requires_grad_() for each in queries_keys_values()]
    doubles = [each.detach().double().requires_grad_() for each in rows]
    attend(*rows, None).sum().backward()
    formula(*doubles, None).sum().backward()
    for ours, expected in zip(rows, doubles, strict=True):
        assert ours.grad is not None
        assert expected.grad is not None
        torch.testing.assert_close(ours.grad.double(), expected.grad, atol=0.1, rtol=0.05)


@torch.no_grad()
def test_the_kernel_has_a_name() -> None:
    cpu = torch.device("cpu")
    assert name_attention(cpu, torch.bfloat16) == "written out head by head"
    assert name_attention(cpu, torch.float32) == "flash, else efficient, math"


@pytest.mark.parametrize(
    ("capability", "first"),
    [((9, 0), SDPBackend.CUDNN_ATTENTION), ((8, 0), SDPBackend.FLASH_ATTENTION)],
    ids=["Hopper", "Ampere"],
)
def test_hopper_prefers_cudnn(
    capability: tuple[int, int], first: SDPBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    order = preferred_kernels(torch.device("cuda"))
    assert order[0] is first
    assert order[-1] is SDPBackend.MATH
    assert name_attention(torch.device("cuda"), torch.bfloat16).startswith(first.name.split("_")[0].lower())
