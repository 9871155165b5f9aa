"""Stage 4: students that need few steps and no guidance, by DMD and a GAN's term (report, section 5)."""

# B batch, C channels, H height, W width, T tokens, D width of the network

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from engines.flow import clean_estimate, per_sample
from engines.guidance import guide
from engines.sampling import official_scheduler, start
from engines.sparse_dit import SparseDiT
from engines.sparse_dit.blocks import Block, SingleOutput
from engines.text import TextContext, TextStack, encode_tokens
from engines.vae import Vae
from training.checkpoint import below
from training.distillation.distiller import DistillationWeights, Distiller, Judged, Networks
from training.distillation.heads import DiscriminatorHeads
from training.distillation.health import Health, HealthLimits
from training.distillation.paths import PathName, RenoisedReals, SimulatedPath, StudentPath
from training.distillation.pool import Drawn, TrajectoryPool
from training.loop import StepLoss
from training.optim import MasterOptimizer, OptimSettings
from training.preview import draw_few_steps
from training.seeds import rng_for
from training.sheets import sheet
from training.stages.pretrain import SHEET_PROMPTS, PretrainSettings, pretrain_scene
from training.stickers.captions import caption
from training.stickers.models import LATENT_SIDE
from training.velocity import velocity_of

Variant = Literal["dev", "fast"]


@dataclass(frozen=True, kw_only=True)
class DistillSettings:
    """The student's grid is that of its preset: `num_steps` of LCM with `shift`.

    The teacher is guided at sigmas up to `guided_to`: by `guidance` where the student regresses to it, by
    `matching_guidance`, less, where distributions are matched, since a stronger one saturates. An update of
    the student follows `critic_updates` of the critics, whose learning rate is `critic_rate`. Discriminator
    heads read the teacher's single-stream blocks `feature_blocks`. `path` names where the student's inputs
    come from.

    The first `regression_steps` teach the student the guided velocity by plain regression, on its own
    trajectories (stage one of Meng et al. 2023): cheap, and it leaves less for its critics to say.
    """

    num_steps: int
    shift: float
    guidance: float = 4.0
    matching_guidance: float = 2.0
    guided_to: float = 0.94
    weights: DistillationWeights = field(default_factory=DistillationWeights)
    feature_blocks: tuple[int, ...] = (1, 3)
    regression_steps: int = 400
    critic_updates: int = 2
    critic_rate: float = 5e-4
    path: PathName = "pool"
    pool_size: int = 1024
    limits: HealthLimits = field(default_factory=HealthLimits)
    batch_size: int = 16
    seed: int = 5

    def sigmas(self) -> Tensor:
        """From 1 down, the last one 0: (num_steps + 1,)."""
        scheduler = start(official_scheduler("lcm", self.shift), self.num_steps, self.shift)
        return torch.as_tensor(scheduler.sigmas).float()


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the samples of a batch are of, and the empty text for guidance, both (B, ...)."""

    texts: TextContext
    empty: TextContext


class DistillStage:
    """One step: the critics learn of the student's samples, then the student of its critics.

    A few first steps go without critics (DistillSettings.regression_steps).
    """

    def __init__(
        self,
        variant: Variant,
        settings: DistillSettings,
        scenes: PretrainSettings,
        latents_NCHW: Tensor,
        teacher: SparseDiT,
        text: TextStack,
        vae: Vae,
    ) -> None:
        """`latents` are those of pre-training's scenes; `teacher` also is where student and critic begin."""
        torch.manual_seed(settings.seed)
        self.name, self.settings, self.batch_size = variant, settings, settings.batch_size
        self.scenes, self.latents, self.text, self.vae = scenes, latents_NCHW, text, vae
        self.sigmas = settings.sigmas()
        self.teacher = teacher.to(torch.bfloat16).eval().requires_grad_(False)
        self.student, self.critic = (copy.deepcopy(teacher).requires_grad_(True) for _ in range(2))
        patch = teacher.config.patch_size
        side = LATENT_SIDE // patch
        self.heads = DiscriminatorHeads(
            len(settings.feature_blocks), teacher.architecture.width, (side, side)
        )
        self.heads.to(torch.bfloat16)
        self.critics = nn.ModuleDict({"critic": self.critic, "heads": self.heads})
        self.optimizer = self._critics_optimizer()
        rng = rng_for(f"{variant}-pool", settings.seed, 0)
        subjects = self._subjects(rng, settings.pool_size)
        self.path = self._new_path(settings.path, subjects, rng)
        self.health = Health(self.latents, settings.limits)
        self._features: list[Tensor] = []
        for index in settings.feature_blocks:
            block = cast(Block, self.teacher.single_stream_blocks[index]).block
            block.register_forward_hook(self._keep_features)
        self.distiller = Distiller(
            networks=Networks(
                student=lambda x, sigma, words: velocity_of(self.student, x, sigma, words.texts),
                critic=lambda x, sigma, words: velocity_of(self.critic, x, sigma, words.texts),
                teacher=self._judge_matching,
                features=lambda x, sigma, words: self._look(x, sigma, words)[1],
                heads=lambda features, sigma: self.heads(features).float(),
            ),
            weights=settings.weights,
        )

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.student.named_parameters())

    def _new_path(self, name: PathName, subjects: Tensor, rng: np.random.Generator) -> StudentPath:
        match name:
            case "pool":
                return TrajectoryPool(self.sigmas, self.latents[subjects].float(), subjects, rng)
            case "reals":
                return RenoisedReals(self.sigmas, self.latents)
            case "simulation":
                return SimulatedPath(self.sigmas, self.latents.shape[1:], len(self.latents), self._step)

    def _step(self, drawn: Drawn) -> Tensor:
        """What the student makes of drawn samples, clean."""
        sigma_B = self.sigmas[drawn.level_B]
        velocity = velocity_of(self.student, drawn.noisy_BX, sigma_B, self._words(drawn).texts)
        return clean_estimate(drawn.noisy_BX, velocity, sigma_B)

    def loss(self, step: int) -> StepLoss:
        if step < self.settings.regression_steps:
            return self._regression(step)
        if step == self.settings.regression_steps:
            self._begin_critics()
        return self._distillation(step)

    def _regression(self, step: int) -> StepLoss:
        """The student's velocity against the teacher's guided one, at the same noisy samples."""
        rng = rng_for(f"{self.name}-regression", self.settings.seed, step)
        drawn = self.path.draw(rng, self.batch_size)
        words, sigma_B = self._words(drawn), self.sigmas[drawn.level_B]
        with torch.no_grad():
            target_BCHW = self._judge(drawn.noisy_BX, sigma_B, words, self.settings.guidance).velocity_BX
        predicted_BCHW = velocity_of(self.student, drawn.noisy_BX, sigma_B, words.texts)
        total = (predicted_BCHW - target_BCHW).square().mean()
        clean_BCHW = clean_estimate(drawn.noisy_BX, predicted_BCHW.detach(), sigma_B)
        self.path.put_back(drawn, clean_BCHW, self._subjects(rng, self.batch_size), rng)
        return StepLoss(total=total, parts={"regression": total.item()})

    def _begin_critics(self) -> None:
        """The critic knows what the student draws: to begin with, all that the student knows."""
        self.critic.load_state_dict(self.student.state_dict())
        self.optimizer = self._critics_optimizer()

    def _critics_optimizer(self) -> MasterOptimizer:
        settings = OptimSettings(
            learning_rate=self.settings.critic_rate, num_steps=10**9, betas=(0.0, 0.99), warmup_steps=50
        )
        return MasterOptimizer(dict(self.critics.named_parameters()), settings)

    def _distillation(self, step: int) -> StepLoss:
        settings, parts = self.settings, {}
        for parameter in self.critics.parameters():
            parameter.grad = None  # of the student's own loss, which went through the heads
        for index in range(settings.critic_updates):
            number = (step - settings.regression_steps) * settings.critic_updates + index
            rng = rng_for(f"{self.name}-critics", settings.seed, number)
            drawn = self.path.draw(rng, settings.batch_size)
            critics = self.distiller.critics_round(
                drawn.noisy_BX,
                self.sigmas[drawn.level_B],
                self._words(drawn),
                self.latents[drawn.subject_B].float(),
                rng,
            )
            critics.total.backward()  # type: ignore[no-untyped-call]
            self.optimizer.update(number)
            self.path.put_back(drawn, critics.clean_BX, self._subjects(rng, settings.batch_size), rng)
            parts = critics.parts
        rng = rng_for(self.name, settings.seed, step)
        drawn = self.path.draw(rng, settings.batch_size)
        student = self.distiller.student_round(
            drawn.noisy_BX, self.sigmas[drawn.level_B], self._words(drawn), rng
        )
        self.path.put_back(drawn, student.clean_BX, self._subjects(rng, settings.batch_size), rng)
        parts = parts | student.parts
        return StepLoss(total=student.total, parts=parts, warnings=self.health.watch(student.clean_BX, parts))

    def state(self) -> dict[str, Tensor]:
        tensors = {f"critics/{name}": value for name, value in self.optimizer.state().items()}
        return tensors | {f"path/{name}": value for name, value in self.path.state().items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.optimizer.load(below(tensors, "critics/"))
        self.path.load(below(tensors, "path/"))

    def contact_sheet(self) -> Image.Image:
        pictures = draw_few_steps(self.student, self.text, self.vae, SHEET_PROMPTS, self.sigmas)
        self.text.cache.clear()
        return sheet(pictures, columns=8)

    def _subjects(self, rng: np.random.Generator, count: int) -> Tensor:
        indices: NDArray[np.int64] = rng.integers(0, len(self.latents), count)
        return torch.from_numpy(indices)

    @torch.no_grad()
    def _words(self, drawn: Drawn) -> Words:
        """A caption stays the same from a trajectory's first step to its last."""
        texts = [
            caption(
                pretrain_scene(self.scenes, int(subject)),
                rng_for(f"{self.name}-caption", self.settings.seed, int(birth)),
            )
            for subject, birth in zip(drawn.subject_B, drawn.birth_B, strict=True)
        ]
        context = encode_tokens(self.text.encoders, self.text.tokenize([*texts, ""]))
        count = len(texts)
        return Words(texts=context.rows(*range(count)), empty=context.rows(*[count] * count))

    def _judge(self, noisy_BCHW: Tensor, sigma_B: Tensor, words: Words, guidance: float) -> Judged:
        v_text, features = self._look(noisy_BCHW, sigma_B, words)
        with torch.no_grad():
            v_empty = velocity_of(self.teacher, noisy_BCHW, sigma_B, words.empty)
            self._features.clear()
            guided = guide(v_empty, v_text.detach(), guidance)
            is_guided = per_sample((sigma_B <= self.settings.guided_to).float(), guided)
            velocity = torch.where(torch.as_tensor(is_guided) > 0, guided, v_text.detach())
        return Judged(velocity_BX=velocity, features=features)

    def _judge_matching(self, noisy_BCHW: Tensor, sigma_B: Tensor, words: Words) -> Judged:
        return self._judge(noisy_BCHW, sigma_B, words, self.settings.matching_guidance)

    def _look(self, noisy_BCHW: Tensor, sigma_B: Tensor, words: Words) -> tuple[Tensor, Sequence[Tensor]]:
        self._features.clear()
        v_text = velocity_of(self.teacher, noisy_BCHW, sigma_B, words.texts)
        num_image = self.heads.grid[0] * self.heads.grid[1]
        features = [rows_BTD[:, :num_image] for rows_BTD in self._features]
        self._features.clear()
        return v_text, features

    def _keep_features(self, module: nn.Module, inputs: object, output: SingleOutput) -> None:
        self._features.append(output.rows_BTD)
