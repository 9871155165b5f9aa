"""A student of few steps and no guidance, and what its lessons share: settings, teacher, inputs, words."""

# B batch, C channels, H height, W width, N training samples

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from engines.flow import clean_estimate
from engines.sampling import official_scheduler, start
from engines.sparse_dit import SparseDiT
from engines.text import TextStack, encode_tokens
from engines.vae import Vae
from training.distillation.distiller import DistillationWeights
from training.distillation.health import HealthLimits
from training.distillation.paths import PathName, RenoisedReals, SimulatedPath, StudentPath
from training.distillation.pool import Drawn, TrajectoryPool
from training.distillation.teacher import Teacher, Words
from training.preview import draw_few_steps
from training.seeds import rng_for
from training.sheets import sheet
from training.stages.pretrain import SHEET_PROMPTS, PretrainSettings, pretrain_scene
from training.stickers.captions import caption
from training.stickers.models import LATENT_SIDE
from training.velocity import velocity_of

__all__ = ["DistillSettings", "Student", "Variant"]

Variant = Literal["dev", "fast"]


@dataclass(frozen=True, kw_only=True)
class DistillSettings:
    """The student's grid is that of its preset: `num_steps` of LCM with `shift`.

    The teacher is guided at sigmas up to `guided_to`: by `guidance` where the student regresses to it, by
    `matching_guidance` where distributions are matched. `path` names where the student's inputs come from.

    Matching: in its first `listening_steps` the critics get to know the student, who goes on regressing
    meanwhile, for critics that have not seen what it draws would push it astray. After these an update of
    the student follows `critic_updates` of the critics, whose learning rate is `critic_rate`;
    `regression_weight` keeps some of regression's loss beside. Discriminator heads read the teacher's
    single-stream blocks `feature_blocks`.
    """

    num_steps: int
    shift: float
    guidance: float = 4.0
    guided_to: float = 0.94
    path: PathName = "pool"
    pool_size: int = 1024
    matching_guidance: float = 2.0
    weights: DistillationWeights = field(default_factory=DistillationWeights)
    regression_weight: float = 0.0
    listening_steps: int = 50
    critic_start: Literal["student", "teacher"] = "teacher"
    critic_updates: int = 2
    critic_rate: float = 5e-4
    feature_blocks: tuple[int, ...] = (1, 3)
    limits: HealthLimits = field(default_factory=HealthLimits)
    batch_size: int = 16
    seed: int = 5

    def sigmas(self) -> Tensor:
        """From 1 down, the last one 0: (num_steps + 1,)."""
        scheduler = start(official_scheduler("lcm", self.shift), self.num_steps, self.shift)
        return torch.as_tensor(scheduler.sigmas).float()


class Student:
    """The network that learns, the one it learns from, and samples on their way through its grid."""

    def __init__(
        self,
        variant: Variant,
        settings: DistillSettings,
        scenes: PretrainSettings,
        latents_NCHW: Tensor,
        teacher: SparseDiT,
        text: TextStack,
        vae: Vae,
        start: SparseDiT | None = None,
    ) -> None:
        """`latents` are those of pre-training's scenes. The network begins as `start`, or as its teacher."""
        self.variant, self.settings, self.scenes = variant, settings, scenes
        self.latents, self.text, self.vae = latents_NCHW, text, vae
        self.sigmas, self.grid_side = settings.sigmas(), LATENT_SIDE // teacher.config.patch_size
        self.network = copy.deepcopy(start or teacher).to(torch.bfloat16).eval().requires_grad_(True)
        self.teacher = Teacher(teacher, settings.guided_to, settings.feature_blocks, self.grid_side**2)
        self.path = self._new_path(settings.path)

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.network.named_parameters())

    def draw(self, rng: np.random.Generator) -> tuple[Drawn, Tensor, Words]:
        """A batch on its way, its noise levels (B,) and what it is of."""
        drawn = self.path.draw(rng, self.settings.batch_size)
        return drawn, self.sigmas[drawn.level_B], self.words(drawn)

    def put_back(self, drawn: Drawn, clean_BCHW: Tensor, rng: np.random.Generator) -> None:
        """What the network made of a batch goes on its way, or gives way to something new."""
        self.path.put_back(drawn, clean_BCHW, self._subjects(rng, self.settings.batch_size), rng)

    def regression(
        self, drawn: Drawn, sigma_B: Tensor, words: Words, guidance: float
    ) -> tuple[Tensor, Tensor]:
        """Mean squared error of the velocity against the teacher's guided one (Meng et al. 2023, eq. 5, in
        velocities), and the clean samples (B, C, H, W) that the network made."""
        with torch.no_grad():
            target_BCHW = self.teacher.judge(drawn.noisy_BX, sigma_B, words, guidance).velocity_BX
        predicted_BCHW = velocity_of(self.network, drawn.noisy_BX, sigma_B, words.texts)
        clean_BCHW = clean_estimate(drawn.noisy_BX, predicted_BCHW.detach(), sigma_B)
        return (predicted_BCHW - target_BCHW).square().mean(), clean_BCHW

    def contact_sheet(self) -> Image.Image:
        pictures = draw_few_steps(self.network, self.text, self.vae, SHEET_PROMPTS, self.sigmas)
        self.text.cache.clear()
        return sheet(pictures, columns=8)

    @torch.no_grad()
    def words(self, drawn: Drawn) -> Words:
        """A caption stays the same from a trajectory's first step to its last."""
        texts = [
            caption(
                pretrain_scene(self.scenes, int(subject)),
                rng_for(f"{self.variant}-caption", self.settings.seed, int(birth)),
            )
            for subject, birth in zip(drawn.subject_B, drawn.birth_B, strict=True)
        ]
        context = encode_tokens(self.text.encoders, self.text.tokenize([*texts, ""]))
        count = len(texts)
        return Words(texts=context.rows(*range(count)), empty=context.rows(*[count] * count))

    def state(self) -> dict[str, Tensor]:
        """What a resume needs beside the network."""
        return {f"path/{name}": value for name, value in self.path.state().items()}

    def _new_path(self, name: PathName) -> StudentPath:
        rng = rng_for(f"{self.variant}-pool", self.settings.seed, 0)
        subjects = self._subjects(rng, self.settings.pool_size)
        match name:
            case "pool":
                return TrajectoryPool(self.sigmas, self.latents[subjects].float(), subjects, rng)
            case "reals":
                return RenoisedReals(self.sigmas, self.latents)
            case "simulation":
                return SimulatedPath(self.sigmas, self.latents.shape[1:], len(self.latents), self._step)

    def _step(self, drawn: Drawn) -> Tensor:
        """What the network makes of drawn samples, clean."""
        sigma_B = self.sigmas[drawn.level_B]
        velocity = velocity_of(self.network, drawn.noisy_BX, sigma_B, self.words(drawn).texts)
        return clean_estimate(drawn.noisy_BX, velocity, sigma_B)

    def _subjects(self, rng: np.random.Generator, count: int) -> Tensor:
        indices: NDArray[np.int64] = rng.integers(0, len(self.latents), count)
        return torch.from_numpy(indices)
