"""The frozen teacher's guidance, and the features that a gradient reaches."""

from __future__ import annotations

import pytest
import torch

from engines.text import TextContext
from training.distillation.teacher import Teacher, Words
from training.stickers.models import LATENT_SIDE, build_transformer
from training.velocity import velocity_of

WIDTH, SIDE = 32, LATENT_SIDE // 2


@pytest.fixture
def teacher() -> Teacher:
    torch.manual_seed(0)
    network = build_transformer(width=WIDTH, num_dual=1, num_single=2)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return Teacher(network, guided_to=0.94, feature_blocks=(0, 1))


def some_words(teacher: Teacher, count: int) -> Words:
    config = teacher.network.config
    t5_width, llama_width = config.caption_channels

    def context() -> TextContext:
        return TextContext(
            t5_BTC=torch.randn(count, 6, t5_width).to(teacher.network.dtype),
            llama_LBTC=torch.randn(max(config.llama_layers) + 1, count, 6, llama_width).to(
                teacher.network.dtype
            ),
            pooled_BC=torch.randn(count, config.text_emb_dim).to(teacher.network.dtype),
        )

    return Words(texts=context(), empty=context())


def test_it_is_guided_below_its_bound_alone(teacher: Teacher) -> None:
    noisy, sigmas = torch.randn(2, 16, LATENT_SIDE, LATENT_SIDE), torch.tensor([0.95, 0.5])
    words = some_words(teacher, 2)
    with torch.no_grad():
        judged = teacher.judge(noisy, sigmas, words, 3.0)
        plain = velocity_of(teacher.network, noisy, sigmas, words.texts)
        empty = velocity_of(teacher.network, noisy, sigmas, words.empty)
    torch.testing.assert_close(judged.velocity_BX[0], plain[0])
    expected = empty[1] + 3 * (plain[1] - empty[1])
    torch.testing.assert_close(judged.velocity_BX[1], expected)
    assert [rows.shape for rows in judged.features] == [(2, SIDE, SIDE, WIDTH)] * 2


def test_a_gradient_reaches_the_samples_through_features_and_not_through_the_velocity(
    teacher: Teacher,
) -> None:
    noisy = torch.randn(1, 16, LATENT_SIDE, LATENT_SIDE, requires_grad=True)
    judged = teacher.judge(noisy, torch.tensor([0.5]), some_words(teacher, 1), 2.0)
    assert not judged.velocity_BX.requires_grad
    torch.autograd.backward(sum(rows.float().sum() for rows in judged.features))
    assert noisy.grad is not None
    assert noisy.grad.abs().sum() > 0
    assert all(p.grad is None for p in teacher.network.parameters())


def test_a_copy_of_its_network_keeps_no_features(teacher: Teacher) -> None:
    with torch.no_grad():
        teacher.look(
            torch.randn(1, 16, LATENT_SIDE, LATENT_SIDE), torch.tensor([0.5]), some_words(teacher, 1)
        )
    assert not any(module._forward_hooks for module in teacher.network.modules())
