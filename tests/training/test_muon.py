"""Muon beside torch's, which takes one matrix at a time, and in the optimiser of the stages."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.training.line import LineStage
from training.errors import CorruptCheckpoint
from training.loop import LoopSettings, train
from training.muon import Muon, orthogonalised
from training.optim import MasterOptimizer, OptimSettings, is_by_muon
from training.stickers.models import build_transformer

SHAPES = ((24, 16), (16, 24), (24, 16), (16, 16))


def parameters(seed: int = 0) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def test_what_is_made_one_is_the_singular_values_alone() -> None:
    matrices_NRC = torch.randn(3, 40, 24, generator=torch.Generator().manual_seed(1))
    u, _, vt = torch.linalg.svd(matrices_NRC, full_matrices=False)
    made = orthogonalised(matrices_NRC)
    in_its_frame = u.mT @ made @ vt.mT
    values = in_its_frame.diagonal(dim1=-2, dim2=-1)
    assert values.min() > 0.5
    assert values.max() < 1.3
    assert (in_its_frame - torch.diag_embed(values)).abs().max() < 1e-3, "the singular vectors stay"


def test_it_goes_where_the_one_of_torch_goes() -> None:
    ours, theirs = parameters(), parameters()
    rate, decay = 0.02, 0.1
    muons = (
        Muon(ours, rate, decay),
        torch.optim.Muon(theirs, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
    )
    generator = torch.Generator().manual_seed(2)
    for _ in range(8):
        gradients = [torch.randn(shape, generator=generator) for shape in SHAPES]
        for group in (ours, theirs):
            for each, gradient in zip(group, gradients, strict=True):
                each.grad = gradient.clone()
        for muon in muons:
            muon.step()
    begun = parameters()
    for one, other, start in zip(ours, theirs, begun, strict=True):
        moved = (other - start).norm()
        assert (one - other).norm() < 0.02 * moved, "theirs multiplies in bfloat16"


def test_only_matrices_are_moved() -> None:
    with pytest.raises(ValueError, match="matrices"):
        Muon([nn.Parameter(torch.zeros(3))], 0.1, 0.0)


def test_gates_tables_and_the_ends_are_left_to_adamw() -> None:
    network = build_transformer(width=32, num_dual=1, num_single=1)
    optimizer = MasterOptimizer(
        dict(network.named_parameters()), OptimSettings(learning_rate=1e-3, num_steps=4, method="muon")
    )
    by_muon = {name for name, moved in optimizer.moved_by.items() if isinstance(moved, Muon)}
    assert by_muon == {name for name, each in network.named_parameters() if is_by_muon(name, each)}
    assert "double_stream_blocks.0.block.attn1.to_q.weight" in by_muon
    assert "double_stream_blocks.0.block.ff_i.experts.3.w2.weight" in by_muon
    left = set(optimizer.moved_by) - by_muon
    assert {"final_layer.linear.weight", "x_embedder.proj.weight"} <= left
    assert "double_stream_blocks.0.block.ff_i.gate.weight" in left
    assert all(not name.endswith("bias") for name in by_muon)


def muon_settings(num_steps: int, stop_after: float | None = None) -> LoopSettings:
    optim = OptimSettings(learning_rate=0.02, num_steps=num_steps, warmup_steps=2, method="muon")
    return LoopSettings(optim=optim, log_seconds=0, checkpoint_minutes=0.0, minutes=stop_after)


def test_a_run_learns_and_a_resume_repeats_it_to_the_bit(tmp_path: Path) -> None:
    whole = train(LineStage(), muon_settings(30), tmp_path / "whole", lambda _: None)
    for _ in range(30):  # a sitting of no minutes is one step
        broken = train(LineStage(), muon_settings(30, stop_after=0), tmp_path / "broken", lambda _: None)
    for name, master in whole.masters.items():
        assert torch.equal(master, broken.masters[name]), name
        assert torch.equal(whole.ema[name], broken.ema[name]), name
    begun = LineStage()
    done = LineStage()
    whole.write(whole.masters)
    for name, parameter in done.parameters().items():
        parameter.data.copy_(whole.masters[name])
    assert done.loss(31).total < 0.7 * begun.loss(31).total


def test_moments_of_the_other_method_are_refused(tmp_path: Path) -> None:
    train(LineStage(), muon_settings(4, stop_after=0), tmp_path, lambda _: None)
    by_adamw = LoopSettings(optim=OptimSettings(learning_rate=0.02, num_steps=8))
    with pytest.raises(CorruptCheckpoint, match="another method"):
        train(LineStage(), by_adamw, tmp_path, lambda _: None)
