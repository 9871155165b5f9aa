"""The terms of the distillation loss, at values that can be checked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from training.distillation.losses import (
    discriminator_loss,
    generator_loss,
    matching_gradient,
    matching_loss,
)

CLEAN = torch.tensor([[1.0, 3.0], [0.0, 0.0]])
TEACHER = torch.tensor([[2.0, 2.0], [4.0, 0.0]])
CRITIC = torch.tensor([[1.0, 2.0], [4.0, 6.0]])


def test_where_critic_and_teacher_agree_nothing_is_pushed() -> None:
    assert torch.equal(matching_gradient(CLEAN, TEACHER, TEACHER), torch.zeros(2, 2))


def test_samples_are_scaled_by_the_way_that_the_teacher_moves_them() -> None:
    """The teacher moves the first by (1, 1), the second by (4, 0): means 1 and 2."""
    expected = torch.tensor([[-1.0, 0.0], [0.0, 3.0]])
    torch.testing.assert_close(matching_gradient(CLEAN, CRITIC, TEACHER), expected)


def test_the_gradient_of_the_loss_is_the_one_given() -> None:
    clean = CLEAN.clone().requires_grad_()
    gradient = matching_gradient(clean, CRITIC, TEACHER)
    matching_loss(clean, gradient).backward()
    torch.testing.assert_close(clean.grad, gradient.detach() / clean.numel())


def test_a_step_goes_from_the_critic_to_the_teacher() -> None:
    """The critic says that the student draws too much at 1, the teacher that the data lie at 2."""
    clean = torch.tensor([[1.0]], requires_grad=True)
    matching_loss(clean, matching_gradient(clean, torch.tensor([[1.0]]), torch.tensor([[2.0]]))).backward()
    assert clean.grad is not None
    assert clean.grad.item() < 0


def test_who_cannot_tell_them_apart_pays_two_log_two() -> None:
    assert discriminator_loss(torch.zeros(4, 2), torch.zeros(4, 2)) == pytest.approx(2 * math.log(2))
    assert discriminator_loss(torch.full((4, 2), 9.0), torch.full((4, 2), -9.0)) < 1e-3
    assert generator_loss(torch.zeros(4, 2)) == pytest.approx(math.log(2))
    assert generator_loss(torch.full((4, 2), 9.0)) < generator_loss(torch.zeros(4, 2))
