"""The estimates against what the network is and what torch counts of a small one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from training.cluster_recipes import hidream_i1
from training.commands import main
from training.errors import BadRecipe
from training.materialize import on_meta
from training.plan import attention_flops, estimate, forward_flops, launch_line, num_parameters
from training.stickers.models import LATENT_SIDE, POOLED_WIDTH, TEXT_WIDTH, build_transformer

RECIPE = hidream_i1()


def test_the_network_is_the_published_one() -> None:
    """Its files hold 34.2 GB of float16."""
    assert 2 * num_parameters(on_meta(RECIPE.config)) == pytest.approx(34.2e9, rel=0.002)


@pytest.mark.parametrize("num_texts", [16, 32])
def test_products_are_those_that_torch_counts(num_texts: int) -> None:
    network = build_transformer(width=64, num_dual=1, num_single=2)
    latents = torch.randn(1, 16, LATENT_SIDE, LATENT_SIDE)
    texts = torch.randn(1, num_texts, TEXT_WIDTH)
    llama = torch.randn(3, 1, num_texts, TEXT_WIDTH)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(latents, torch.tensor([500.0]), texts, llama, torch.randn(1, 2 * POOLED_WIDTH))
    counted = counter.get_total_flops()
    num_tokens = (LATENT_SIDE // 2) ** 2
    attention = attention_flops(network.architecture, num_tokens, num_texts)  # an operator torch cannot count
    assert forward_flops(network, num_tokens, num_texts) - attention == pytest.approx(counted, rel=0.03)
    keys, rows = num_tokens + 3 * num_texts, num_tokens + 2 * num_texts
    assert attention == 4 * 64 * keys * (rows + rows + num_tokens)


def test_the_reports_stages_stand_in_the_recipe() -> None:
    stages = [(each.num_steps, each.batch, each.batch_of) for each in RECIPE.stages]
    assert stages == [(600_000, 24, "gpu"), (200_000, 8, "gpu"), (200_000, 2, "gpu"), (20_000, 64, "all")]
    assert [each.warmup_steps for each in RECIPE.stages[:3]] == [1_000] * 3
    assert RECIPE.stages[3].learning_rate == 1e-5
    assert [each.resolution_px for each in RECIPE.stages] == [256, 512, 1024, 1024]


def test_a_share_too_large_for_a_gpu_is_accumulated() -> None:
    post = RECIPE.stages[3]
    assert [(post.at_once(gpus), post.num_accumulated(gpus)) for gpus in (1, 8, 32, 64)] == [
        (2, 32),
        (2, 4),
        (2, 1),
        (1, 1),
    ]
    assert RECIPE.stages[0].at_once(512) == 24
    with pytest.raises(BadRecipe, match="cannot be divided evenly among 48"):
        post.at_once(48)


def test_the_launch_line_is_one_for_each_machine() -> None:
    assert launch_line("hidream_i1", 64, 8).startswith("torchrun --nnodes 8 --rdzv-backend c10d")
    assert "--standalone --nproc-per-node 4 -m training pretrain" in launch_line("hidream_i1", 4, 8)


def test_more_gpus_hold_less_each_and_take_less_time() -> None:
    network, post = on_meta(RECIPE.config), RECIPE.stages[3]
    few, many = (estimate(network, post, gpus, 400.0) for gpus in (8, 64))
    assert few.num_samples == many.num_samples == 20_000 * 64
    assert few.days == pytest.approx(8 * many.days)
    assert few.memory["masters"] == 8 * many.memory["masters"]
    assert few.memory["masters"] * 8 == 4 * num_parameters(network)
    wide = replace(RECIPE.stages[0], batch=48, most_at_once=48)
    inputs = [
        estimate(network, stage, 64, 400.0).memory["block inputs"] for stage in (RECIPE.stages[0], wide)
    ]
    assert inputs[1] == 2 * inputs[0]


def test_the_command_prints_every_stage_and_says_what_does_not_fit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["plan", "--gpus", "64"]) == 0
    printed = capsys.readouterr().out
    for words in (
        "17.11 B parameters",
        "pretrain-256",
        "pretrain-1024",
        "posttrain",
        "days",
        "assumed",
        "torchrun --nnodes 8",
    ):
        assert words in printed
    assert main(["plan", "--gpus", "1", "--gpu-gb", "80"]) == 1
    assert "does not fit into 80 GB" in capsys.readouterr().out
    assert main(["plan", "--recipe", "nothing"]) == 2
    assert main(["plan", "--gpus", "0"]) == 2
    assert "above 0" in capsys.readouterr().err
