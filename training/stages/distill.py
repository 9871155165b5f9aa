"""Stage 4: Dev and Fast (report, section 5): regression to the guided teacher, then distribution matching."""

# B batch, C channels, H height, W width

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from engines.sparse_dit import SparseDiT
from training.checkpoint import below
from training.distillation.distiller import Distiller, Judged, Networks
from training.distillation.heads import DiscriminatorHeads
from training.distillation.health import Health
from training.distillation.teacher import Words
from training.loop import StepLoss
from training.optim import MasterOptimizer, OptimSettings
from training.precision import training_dtype
from training.seeds import rng_for
from training.stages.student import Student
from training.velocity import velocity_of

__all__ = ["MatchingStage", "RegressionStage"]


class RegressionStage:
    """The student's velocity against the teacher's guided one, on the student's own trajectories: it learns
    where it will be asked. Cheap, and it leaves less for critics to say."""

    def __init__(self, student: Student) -> None:
        self.student, self.name = student, student.variant
        self.batch_size = student.settings.batch_size

    def parameters(self) -> dict[str, nn.Parameter]:
        return self.student.parameters()

    def loss(self, step: int) -> StepLoss:
        settings = self.student.settings
        rng = rng_for(f"{self.name}-regression", settings.seed, step)
        lot = self.student.draw(rng)
        total, clean_BCHW = self.student.regression(lot)
        self.student.put_back(lot, clean_BCHW, rng)
        return StepLoss(total=total, parts={"regression": total.item()})

    def state(self) -> dict[str, Tensor]:
        return self.student.state()

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.student.load(tensors)

    def contact_sheet(self) -> Image.Image:
        return self.student.contact_sheet()


class MatchingStage:
    """One step: the critics learn of the student's samples, then the student of its critics (DMD2, Yin et
    al. 2024; discriminator on the frozen teacher's features as in the report)."""

    def __init__(self, student: Student) -> None:
        self.student, self.name = student, f"{student.variant}-matching"
        settings, teacher = student.settings, student.teacher
        self.settings, self.batch_size = settings, settings.batch_size
        torch.manual_seed(settings.seed)
        self.critic = copy.deepcopy(first_critic(student)).requires_grad_(True)
        width = teacher.network.architecture.width
        self.heads = DiscriminatorHeads(len(settings.feature_blocks), width).to(
            student.device, training_dtype(student.device)
        )
        self.critics = nn.ModuleDict({"critic": self.critic, "heads": self.heads})
        self.optimizer = MasterOptimizer(
            dict(self.critics.named_parameters()),
            OptimSettings(
                learning_rate=settings.critic_rate, num_steps=10**9, betas=(0.0, 0.99), warmup_steps=50
            ),
        )
        everything = torch.cat([each.flatten() for each in student.latents.values()])
        self.health = Health(everything, settings.limits)
        self.distiller = Distiller(
            networks=Networks(
                student=lambda x, sigma, words: velocity_of(student.network, x, sigma, words.texts),
                critic=lambda x, sigma, words: velocity_of(self.critic, x, sigma, words.texts),
                teacher=self._judge,
                features=lambda x, sigma, words: teacher.look(x, sigma, words)[1],
                heads=lambda features, sigma: self.heads(features).float(),
            ),
            weights=settings.weights,
        )

    def parameters(self) -> dict[str, nn.Parameter]:
        return self.student.parameters()

    def loss(self, step: int) -> StepLoss:
        told = self._teach_critics(step)
        rng = rng_for(self.name, self.settings.seed, step)
        listens = step < self.settings.listening_steps
        return self._listen(rng, told) if listens else self._match(rng, told)

    def _teach_critics(self, step: int) -> dict[str, float]:
        """The critics' updates before step `step` of the student; their last losses by name."""
        settings, parts = self.settings, dict[str, float]()
        for parameter in self.critics.parameters():
            parameter.grad = None  # of the student's own loss, which went through the heads
        for index in range(settings.critic_updates):
            number = step * settings.critic_updates + index
            rng = rng_for(f"{self.student.variant}-critics", settings.seed, number)
            lot = self.student.draw(rng)
            critics = self.distiller.critics_round(
                lot.noisy_BCHW, lot.sigma_B, lot.words, self.student.reals(lot), rng
            )
            critics.total.backward()  # type: ignore[no-untyped-call]
            self.optimizer.update(number)
            self.student.put_back(lot, critics.clean_BX, rng)
            parts = critics.parts
        return parts

    def _listen(self, rng: np.random.Generator, told: Mapping[str, float]) -> StepLoss:
        """The student regresses on, while its critics get to know it."""
        lot = self.student.draw(rng)
        total, clean_BCHW = self.student.regression(lot)
        self.student.put_back(lot, clean_BCHW, rng)
        return StepLoss(total=total, parts={**told, "regression": total.item()})

    def _match(self, rng: np.random.Generator, told: Mapping[str, float]) -> StepLoss:
        lot = self.student.draw(rng)
        matched = self.distiller.student_round(lot.noisy_BCHW, lot.sigma_B, lot.words, rng)
        self.student.put_back(lot, matched.clean_BX, rng)
        total, parts = matched.total, {**told, **matched.parts}
        if weight := self.settings.regression_weight:
            regression, _ = self.student.regression(lot)
            total, parts = total + weight * regression, {**parts, "regression": regression.item()}
        return StepLoss(total=total, parts=parts, warnings=self.health.watch(matched.clean_BX, parts))

    def _judge(self, noisy_BCHW: Tensor, sigma_B: Tensor, words: Words) -> Judged:
        return self.student.teacher.judge(noisy_BCHW, sigma_B, words, self.settings.matching_guidance)

    def state(self) -> dict[str, Tensor]:
        tensors = {f"critics/{name}": value for name, value in self.optimizer.state().items()}
        return tensors | self.student.state()

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.optimizer.load(below(tensors, "critics/"))
        self.student.load(tensors)

    def contact_sheet(self) -> Image.Image:
        return self.student.contact_sheet()


def first_critic(student: Student) -> SparseDiT:
    """What the critic knows to begin with."""
    match student.settings.critic_start:
        case "student":
            return student.network
        case "teacher":
            return student.teacher.network
