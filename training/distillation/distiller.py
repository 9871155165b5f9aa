"""One round of DMD2 (Yin et al. 2024): what the critics learn of the student, and what it learns of them."""

# B batch, X the rest of a sample's shape, H discriminator heads

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from engines.flow import clean_estimate, interpolate
from training.distillation.losses import (
    discriminator_loss,
    generator_loss,
    matching_gradient,
    matching_loss,
)

C = TypeVar("C")
"""What a sample is of: the condition that every network reads."""

Velocity = Callable[[Tensor, Tensor, C], Tensor]
"""(noisy samples, sigmas (B,), condition) to noise - clean in float32."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The frozen teacher's view of noisy samples: its velocity under guidance, without gradient, and what
    its blocks hold, through which a gradient reaches the samples."""

    velocity_BX: Tensor
    features: Sequence[Tensor]


@dataclass(frozen=True, kw_only=True)
class Networks(Generic[C]):
    """Those that play. `student` has no guidance; `teacher` is frozen; `features` are the teacher's alone,
    where its velocity is not asked for; `critic`, which begins as a copy of the teacher, knows what the
    student draws; `heads` tell real from drawn by features and sigmas, in logits (B, H)."""

    student: Velocity[C]
    critic: Velocity[C]
    teacher: Callable[[Tensor, Tensor, C], Judged]
    features: Callable[[Tensor, Tensor, C], Sequence[Tensor]]
    heads: Callable[[Sequence[Tensor], Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class DistillationWeights:
    """Of the loss's terms: 0 leaves one out. Samples are judged at noise levels uniform in `sigmas`."""

    matching: float = 1.0
    adversarial: float = 0.03
    sigmas: tuple[float, float] = (0.02, 0.98)


@dataclass(frozen=True, kw_only=True)
class Round:
    """A loss, its parts by name for the log, and the clean samples that the student made."""

    total: Tensor
    parts: dict[str, float]
    clean_BX: Tensor


@dataclass(frozen=True, kw_only=True)
class Distiller(Generic[C]):
    """The losses of both sides, of one batch of the student's steps."""

    networks: Networks[C]
    weights: DistillationWeights

    def critics_round(
        self, noisy_BX: Tensor, sigma_B: Tensor, condition: C, reals_BX: Tensor, rng: np.random.Generator
    ) -> Round:
        """Denoising of what the student draws, and telling it from `reals` of the same conditions.

        No gradient reaches the student.
        """
        networks = self.networks
        with torch.no_grad():
            clean_BX = clean_estimate(noisy_BX, networks.student(noisy_BX, sigma_B, condition), sigma_B)
        time_B, noise_BX = self._draw(clean_BX, rng)
        fake_BX = interpolate(clean_BX, noise_BX, time_B)
        predicted_BX = networks.critic(fake_BX, time_B, condition)
        denoising = (predicted_BX - (noise_BX - clean_BX)).square().mean()
        total, parts = denoising, {"critic": denoising.item()}
        if self.weights.adversarial:
            with torch.no_grad():
                seen_fake = networks.features(fake_BX, time_B, condition)
                real_BX = interpolate(reals_BX, noise_BX, time_B)
                seen_real = networks.features(real_BX, time_B, condition)
            fake_BH, real_BH = networks.heads(seen_fake, time_B), networks.heads(seen_real, time_B)
            telling = discriminator_loss(real_BH, fake_BH)
            total = total + telling
            right = torch.cat([real_BH > 0, fake_BH < 0]).float().mean()
            parts |= {"discriminator": telling.item(), "told_apart": right.item()}
        return Round(total=total, parts=parts, clean_BX=clean_BX)

    def student_round(
        self, noisy_BX: Tensor, sigma_B: Tensor, condition: C, rng: np.random.Generator
    ) -> Round:
        """One step of the student, judged by teacher and critics. Drop the gradients that the heads get."""
        networks, weights = self.networks, self.weights
        clean_BX = clean_estimate(noisy_BX, networks.student(noisy_BX, sigma_B, condition), sigma_B)
        time_B, noise_BX = self._draw(clean_BX, rng)
        seen_BX = interpolate(clean_BX, noise_BX, time_B)
        with torch.set_grad_enabled(bool(weights.adversarial)):
            judged = networks.teacher(seen_BX, time_B, condition)
        with torch.no_grad():
            teacher_clean_BX = clean_estimate(seen_BX, judged.velocity_BX, time_B)
            critic_clean_BX = clean_estimate(seen_BX, networks.critic(seen_BX, time_B, condition), time_B)
        gradient_BX = matching_gradient(clean_BX.detach(), critic_clean_BX, teacher_clean_BX)
        matching = matching_loss(clean_BX, gradient_BX)
        total, parts = weights.matching * matching, {"matching": matching.item()}
        if weights.adversarial:
            looking_real = generator_loss(networks.heads(judged.features, time_B))
            total = total + weights.adversarial * looking_real
            parts["adversarial"] = looking_real.item()
        parts |= {"mean": clean_BX.mean().item(), "spread": clean_BX.std().item()}
        return Round(total=total, parts=parts, clean_BX=clean_BX.detach())

    def _draw(self, like_BX: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """A sigma for each sample, and noise."""
        low, high = self.weights.sigmas
        time_B = torch.from_numpy(rng.uniform(low, high, len(like_BX)).astype(np.float32))
        noise_BX = torch.from_numpy(rng.standard_normal(like_BX.shape, np.float32))
        return time_B.to(like_BX.device), noise_BX.to(like_BX.device)
