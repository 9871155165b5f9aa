"""The losses of DMD and of the adversarial term, each with its source."""

# B batch, X the rest of a sample's shape, H discriminator heads

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

SMALLEST_SCALE = 1e-6


def matching_gradient(clean_BX: Tensor, fake_clean_BX: Tensor, teacher_clean_BX: Tensor) -> Tensor:
    """Where a sample should not go (DMD, Yin et al. 2024, eqs. 7 and 8): what the critic, who knows the
    student's distribution, makes of a noisy sample, less what the teacher makes of it.

    Each sample is scaled by the mean distance that the teacher moves it. Zero where both networks agree.
    """
    others = tuple(range(1, clean_BX.ndim))
    scale = (clean_BX - teacher_clean_BX).abs().mean(others, keepdim=True) + SMALLEST_SCALE
    return (fake_clean_BX - teacher_clean_BX) / scale


def matching_loss(clean_BX: Tensor, gradient_BX: Tensor) -> Tensor:
    """A loss whose gradient by `clean` is `gradient`, divided by the number of its elements."""
    target_BX = (clean_BX - gradient_BX).detach()
    return 0.5 * F.mse_loss(clean_BX, target_BX)


def generator_loss(logits_fake_BH: Tensor) -> Tensor:
    """Non-saturating (Goodfellow et al. 2014): the student's samples shall look real."""
    return F.softplus(-logits_fake_BH).mean()


def discriminator_loss(logits_real_BH: Tensor, logits_fake_BH: Tensor) -> Tensor:
    """Logistic: real samples above zero, the student's below; 2 log 2 where they cannot be told apart."""
    return F.softplus(-logits_real_BH).mean() + F.softplus(logits_fake_BH).mean()
