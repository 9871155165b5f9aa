"""Recipes at the published size: one network, stages of growing resolution, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from engines.sparse_dit.config import PUBLISHED, SparseDiTConfig
from training.data.latent_reader import Taken
from training.data.resize import ResizeRule
from training.errors import BadRecipe
from training.noise_levels import NoiseLevels
from training.recipes import change_settings

__all__ = ["CLUSTER_RECIPES", "ClusterRecipe", "ClusterStage", "find_cluster_recipe"]


@dataclass(frozen=True, kw_only=True)
class ClusterStage:
    """A part of training at one resolution. `batch` is per GPU or in all; a GPU takes at most `most_at_once`
    samples at a time, and adds up the gradients of several batches where its share is larger."""

    name: str
    resolution_px: int
    num_steps: int
    batch: int
    batch_of: Literal["gpu", "all"]
    most_at_once: int
    learning_rate: float
    warmup_steps: int
    resize: ResizeRule = "square"

    def global_batch(self, num_gpus: int) -> int:
        return self.batch * num_gpus if self.batch_of == "gpu" else self.batch

    def at_once(self, num_gpus: int) -> int:
        """Samples of a GPU's pass: the most that divide its share evenly. Raises BadRecipe."""
        share, rest = divmod(self.global_batch(num_gpus), num_gpus)
        if rest or not share:
            raise BadRecipe(
                f"The batch of {self.name}, {self.batch}, cannot be divided evenly among {num_gpus}: "
                "take another number of processes."
            )
        return max(each for each in range(1, min(share, self.most_at_once) + 1) if share % each == 0)

    def num_accumulated(self, num_gpus: int) -> int:
        """Batches of an update."""
        return self.global_batch(num_gpus) // num_gpus // self.at_once(num_gpus)


@dataclass(frozen=True, kw_only=True)
class ClusterRecipe:
    """Stages of one network, each from the weights of the one before.

    `precision` is what blocks compute in; masters are float32. `taken`: a picture's most likely latent, or
    another draw each time. `recomputes`: activations are made again in the backward pass.
    """

    name: str
    config: SparseDiTConfig
    stages: tuple[ClusterStage, ...]
    noise_levels: NoiseLevels
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    recomputes: bool = True
    taken: Taken = "draw"
    caption_drop: float = 0.1
    balance_weight: float = 0.01
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    clip_norm: float = 1.0
    ema_decay: float = 0.9999
    decay_share: float = 0.0
    vae_factor: int = 8
    log_seconds: float = 30.0
    checkpoint_minutes: float = 30.0
    sheet_minutes: float = 120.0
    seed: int = 0
    sheet_prompts: tuple[str, ...] = field(
        default=("a red apple on a table", "a cat", 'a sign that says "OPEN"', "two dogs on a beach")
    )

    @property
    def step_px(self) -> int:
        """Sides of pictures are multiples of it: the autoencoder's factor times the patch."""
        return self.vae_factor * self.config.patch_size

    def stage(self, name: str) -> ClusterStage:
        """Raises BadRecipe."""
        for each in self.stages:
            if each.name == name:
                return each
        names = ", ".join(each.name for each in self.stages)
        raise BadRecipe(f"{self.name} has no stage {name}. It has: {names}.")


def hidream_i1() -> ClusterRecipe:
    """The report's numbers (sections 4.1 and 4.2).

    Not in its text, so chosen here: the learning rate of pre-training (1e-4 is usual at this size), the
    resolutions (256, 512 and 1024 fit its batches and its model), the drop of captions, the moving average,
    and the time law. That is logit-normal with FLUX's shift, whose e^1.15 at 1024 px is what the published
    sampler shifts by. Post-training takes pictures of one area, as the released sizes are.
    """
    pretraining = ((256, 600_000, 24), (512, 200_000, 8), (1024, 200_000, 2))
    return ClusterRecipe(
        name="hidream_i1",
        config=PUBLISHED,
        noise_levels=NoiseLevels(mean=0.0, shift_by="exponential"),
        stages=(
            *(
                ClusterStage(
                    name=f"pretrain-{px}",
                    resolution_px=px,
                    num_steps=steps,
                    batch=batch,
                    batch_of="gpu",
                    most_at_once=batch,
                    learning_rate=1e-4,
                    warmup_steps=1_000,
                )
                for px, steps, batch in pretraining
            ),
            ClusterStage(
                name="posttrain",
                resolution_px=1024,
                num_steps=20_000,
                batch=64,
                batch_of="all",
                most_at_once=2,
                learning_rate=1e-5,
                warmup_steps=1_000,
                resize="area",
            ),
        ),
    )


CLUSTER_RECIPES: dict[str, Callable[[], ClusterRecipe]] = {"hidream_i1": hidream_i1}


def find_cluster_recipe(name: str, changes: Sequence[str] = ()) -> ClusterRecipe:
    """The named recipe with `a.b=value` changes, `stages.0.batch=8` of the first stage. Raises BadRecipe."""
    if name not in CLUSTER_RECIPES:
        raise BadRecipe(f"There is no cluster recipe {name}. Known: {', '.join(CLUSTER_RECIPES)}.")
    return change_settings(CLUSTER_RECIPES[name](), changes)
