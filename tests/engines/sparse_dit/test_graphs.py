"""No graph breaks, no recompiling, and no value read on the host in a denoising step."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._dynamo.utils import counters
from torch.utils._python_dispatch import TorchDispatchMode

from engines.sparse_dit import SparseDiT
from tests.engines.sparse_dit.test_prepared import prepare
from tests.parity.test_sparse_dit import TINY, random_inputs, random_pair

SMALL = TINY | {"num_layers": 1, "num_single_layers": 2, "llama_layers": [0, 1, 2]}
READS = ("_local_scalar_dense", "nonzero", "masked_select", "bincount", "equal", "unique")
"""Operators whose result, or its shape, the host must wait for."""


class Operators(TorchDispatchMode):
    """Counts every operator by name."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.counts[func.overloadpacket._qualified_op_name.removeprefix("aten::")] += 1
        return func(*args, **(kwargs or {}))

    @property
    def reads(self) -> list[str]:
        return [name for name in self.counts if name.startswith(READS)]


def on_meta(inputs: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    return {name: tensor.to("meta", dtype) for name, tensor in inputs.items()}


@pytest.fixture(autouse=True)
def _fresh_compiler() -> None:
    torch.compiler.reset()
    counters.clear()


@pytest.mark.parametrize("is_fused", [False, True], ids=["plain", "fused"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
@torch.no_grad()
def test_a_step_on_an_accelerator_reads_nothing_on_the_host(dtype: torch.dtype, is_fused: bool) -> None:
    """Tensors without values take the accelerators' path and fail at any read; the grouped products run."""
    model = random_pair(SMALL)[0]
    inputs = random_inputs(model, 2, 8, 12)
    model = (model.fuse() if is_fused else model).to("meta", dtype)
    inputs = on_meta(inputs, dtype)
    prepared = prepare(model, inputs)
    for run in (lambda: prepared(inputs["hidden_states"], 1), lambda: model(**inputs).sample):
        with Operators() as operators:
            assert run().shape == (2, 4, 8, 12)
        assert operators.reads == []
        num_grouped = operators.counts["_grouped_mm"]
        assert num_grouped == (2 * 3 if dtype is torch.bfloat16 else 0)


def test_the_watch_catches_a_read() -> None:
    with Operators() as operators:
        torch.ones(3).sum().item()
        torch.ones(3).nonzero()
    assert sorted(operators.reads) == ["_local_scalar_dense", "nonzero"]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
@torch.no_grad()
def test_every_block_is_one_graph_compiled_once(dtype: torch.dtype) -> None:
    model = random_pair(SMALL)[0].to(dtype)
    inputs = random_inputs(model, 2, 8, 12)
    inputs = {name: each if name == "timesteps" else each.to(dtype) for name, each in inputs.items()}
    prepared = prepare(model, inputs)
    latents = inputs["hidden_states"]
    expected = [prepared(latents, step) for step in range(3)]
    model.compile_repeated_blocks(fullgraph=True, dynamic=False, backend="eager")
    first = prepared(latents, 0)
    num_graphs = counters["stats"]["unique_graphs"]
    assert 2 <= num_graphs <= 3  # a kind of block each, and the last one, which asks with fewer rows
    tolerance = {"atol": 1e-5, "rtol": 1e-5} if dtype is torch.float32 else {"atol": 0.05, "rtol": 0.05}
    torch.testing.assert_close(first, expected[0], **tolerance)
    for step in (1, 2):
        torch.testing.assert_close(prepared(latents, step), expected[step], **tolerance)
    assert counters["stats"]["unique_graphs"] == num_graphs
    assert sum(counters["graph_break"].values()) == 0


@torch.no_grad()
def test_the_whole_network_is_one_graph() -> None:
    model: SparseDiT = random_pair(SMALL)[0].fuse()
    inputs = random_inputs(model, 2, 8, 12)
    expected = model(**inputs).sample
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(**inputs).sample, expected, atol=1e-5, rtol=1e-5)
    assert sum(counters["graph_break"].values()) == 0
    assert counters["stats"]["unique_graphs"] == 1
