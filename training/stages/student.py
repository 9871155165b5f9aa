"""A student of few steps and no guidance, and what its lessons share: settings, teacher, inputs, words."""

# B batch, C channels, H height, W width, N training samples

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
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
from training.checkpoint import below
from training.distillation.distiller import DistillationWeights
from training.distillation.health import HealthLimits
from training.distillation.paths import PathName, RenoisedReals, SimulatedPath, StudentPath
from training.distillation.pool import Drawn, TrajectoryPool
from training.distillation.teacher import Teacher, Words
from training.precision import training_dtype
from training.preview import draw_few_steps
from training.seeds import rng_for
from training.sheets import sheet
from training.stages.drawings import is_pair
from training.stages.pretrain import SHEET_PROMPTS, PretrainSettings, pretrain_scene, training_scenes
from training.stickers.captions import caption
from training.velocity import velocity_of

__all__ = ["DistillSettings", "Lot", "Student", "Variant"]

Variant = Literal["dev", "fast"]


@dataclass(frozen=True, kw_only=True)
class DistillSettings:
    """The student's grid is that of its preset: `num_steps` of LCM with `shift`.

    `pair_share`: the share of trajectories that are of scenes of two different things, beside their natural
    share. The teacher is guided at sigmas up to `guided_to`: by `guidance` where the student regresses to
    it, by `matching_guidance` where distributions are matched. `path` names where the student's inputs come
    from.

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
    pair_share: float = 0.0
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


@dataclass(frozen=True, kw_only=True)
class Lot:
    """A batch of one shape on its way: the samples, their noise levels and what they are of, where the
    networks are; `drawn` says which of the path they are."""

    shape: str
    drawn: Drawn
    noisy_BCHW: Tensor
    sigma_B: Tensor
    words: Words


class Student:
    """The network that learns, the one it learns from, and samples on their way through its grid.

    Samples of one shape share a path; a batch is of one shape, each as often as its share of the data.
    """

    def __init__(
        self,
        variant: Variant,
        settings: DistillSettings,
        scenes: PretrainSettings,
        latents: Mapping[str, Tensor],
        teacher: SparseDiT,
        text: TextStack,
        vae: Vae,
        start: SparseDiT | None = None,
    ) -> None:
        """`latents` are those of pre-training's scenes by shape, (N, C, H, W). The network begins as `start`,
        or as its teacher; it learns where `text` is read, paths stay in main memory."""
        self.variant, self.settings, self.scenes = variant, settings, scenes
        self.latents, self.text, self.vae, self.device = dict(latents), text, vae, text.device
        self.sigmas = settings.sigmas()
        network = copy.deepcopy(start or teacher)
        self.network = network.to(self.device, training_dtype(self.device)).eval().requires_grad_(True)
        self.teacher = Teacher(teacher.to(self.device), settings.guided_to, settings.feature_blocks)
        self.pairs = {shape: find_pairs(scenes, shape) if settings.pair_share else () for shape in latents}
        self.paths = {shape: self._new_path(shape) for shape in self.latents}
        counts = np.array([len(each) for each in self.latents.values()], np.float64)
        self.shares = counts / counts.sum()

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.network.named_parameters())

    def draw(self, rng: np.random.Generator) -> Lot:
        shape = tuple(self.latents)[int(rng.choice(len(self.shares), p=self.shares))]
        drawn = self.paths[shape].draw(rng, self.settings.batch_size)
        return Lot(
            shape=shape,
            drawn=drawn,
            noisy_BCHW=drawn.noisy_BX.to(self.device),
            sigma_B=self.sigmas[drawn.level_B].to(self.device),
            words=self.words(drawn, shape),
        )

    def put_back(self, lot: Lot, clean_BCHW: Tensor, rng: np.random.Generator) -> None:
        """What the network made of a batch goes on its way, or gives way to something new."""
        following = self._subjects(lot.shape, rng, self.settings.batch_size)
        self.paths[lot.shape].put_back(lot.drawn, clean_BCHW.cpu(), following, rng)

    def reals(self, lot: Lot) -> Tensor:
        """Data of what a batch is of, (B, C, H, W)."""
        return self.latents[lot.shape][lot.drawn.subject_B].float().to(self.device)

    def regression(self, lot: Lot) -> tuple[Tensor, Tensor]:
        """Mean squared error of the velocity against the teacher's guided one (Meng et al. 2023, eq. 5, in
        velocities), and the clean samples (B, C, H, W) that the network made."""
        noisy_BCHW, sigma_B, words = lot.noisy_BCHW, lot.sigma_B, lot.words
        with torch.no_grad():
            judged = self.teacher.judge(noisy_BCHW, sigma_B, words, self.settings.guidance)
        predicted_BCHW = velocity_of(self.network, noisy_BCHW, sigma_B, words.texts)
        clean_BCHW = clean_estimate(noisy_BCHW, predicted_BCHW.detach(), sigma_B)
        return (predicted_BCHW - judged.velocity_BX).square().mean(), clean_BCHW

    def contact_sheet(self) -> Image.Image:
        pictures = draw_few_steps(self.network, self.text, self.vae, SHEET_PROMPTS, self.sigmas)
        self.text.cache.clear()
        return sheet(pictures, columns=8)

    @torch.no_grad()
    def words(self, drawn: Drawn, shape: str) -> Words:
        """A caption stays the same from a trajectory's first step to its last."""
        texts = [
            caption(
                pretrain_scene(self.scenes, int(subject), shape),
                rng_for(f"{self.variant}-caption", self.settings.seed, int(birth)),
            )
            for subject, birth in zip(drawn.subject_B, drawn.birth_B, strict=True)
        ]
        context = encode_tokens(self.text.encoders, self.text.tokenize([*texts, ""]))
        count = len(texts)
        return Words(texts=context.rows(*range(count)), empty=context.rows(*[count] * count))

    def state(self) -> dict[str, Tensor]:
        """What a resume needs beside the network."""
        return {
            f"path/{shape}/{name}": value
            for shape, path in self.paths.items()
            for name, value in path.state().items()
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Weights that were adopted bring no trajectories: new ones begin."""
        for shape, path in self.paths.items():
            if own := below(tensors, f"path/{shape}/"):
                path.load(own)

    def _new_path(self, shape: str) -> StudentPath:
        latents_NCHW = self.latents[shape]
        subjects = partial(self._subjects, shape)
        match self.settings.path:
            case "pool":
                rng = rng_for(f"{self.variant}-pool-{shape}", self.settings.seed, 0)
                first = subjects(rng, self.settings.pool_size)
                return TrajectoryPool(self.sigmas, latents_NCHW[first].float(), first, rng)
            case "reals":
                return RenoisedReals(self.sigmas, latents_NCHW, subjects)
            case "simulation":
                step = partial(self._step, shape)
                return SimulatedPath(self.sigmas, latents_NCHW.shape[1:], subjects, step)

    def _step(self, shape: str, drawn: Drawn) -> Tensor:
        """What the network makes of drawn samples, clean."""
        noisy_BCHW = drawn.noisy_BX.to(self.device)
        sigma_B = self.sigmas[drawn.level_B].to(self.device)
        velocity = velocity_of(self.network, noisy_BCHW, sigma_B, self.words(drawn, shape).texts)
        return clean_estimate(noisy_BCHW, velocity, sigma_B).cpu()

    def _subjects(self, shape: str, rng: np.random.Generator, count: int) -> Tensor:
        indices: NDArray[np.int64] = rng.integers(0, len(self.latents[shape]), count)
        if pairs := self.pairs[shape]:
            is_pair_B = rng.random(count) < self.settings.pair_share
            indices = np.where(is_pair_B, rng.choice(pairs, count), indices)
        return torch.from_numpy(indices)


def find_pairs(scenes: PretrainSettings, shape: str) -> list[int]:
    """The numbers of training's scenes of a shape that show two different things."""
    return [index for index, scene in enumerate(training_scenes(scenes, shape)) if is_pair(scene)]
