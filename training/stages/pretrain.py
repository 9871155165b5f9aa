"""Stages 2 and 3: the transformer learns to draw, by flow matching on cached latents.

Pre-training (report, section 4.1) trains the text encoders along; post-training (4.2) leaves them as they
are and sees the scenes that are hardest to get right more often.

Legend: B batch, C channels, H height, W width, I image tokens, K labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from engines.flow import interpolate
from engines.sparse_dit.blocks import Block, SingleOutput
from engines.text import SUFFIXES, TextStack, encode_tokens
from engines.vae import Vae
from training.checkpoint import below, fill
from training.data.latents import cached_latents, scene_to_json
from training.loop import Say, StepLoss
from training.losses import balance_loss, flow_matching_loss
from training.noise_levels import NoiseLevels
from training.preview import draw_prompts
from training.seeds import rng_for
from training.sheets import sheet
from training.stickers.captions import caption
from training.stickers.catalogue import WHOLE, World
from training.stickers.layout import LayoutHead, layout_labels
from training.stickers.models import build_text_encoders, build_transformer
from training.stickers.render import render
from training.stickers.scene import Scene, sample_scene
from training.stickers.words import build_tokenizer

SHEET_PROMPTS = (
    "a red car next to a dog",
    "a cat",
    "a blue robot",
    "two apples",
    "three yellow stars at night",
    "four cups",
    "a green tree left of a house",
    "a purple umbrella above a chair",
    "a pink fish, pixel art",
    "a boat on sand",
    "a banana and a book in a room",
    "an orange hat on grass",
    "a blue cake below a bird",
    "an airplane in the sky",
    "a red heart right of a green clock",
    "a giraffe, sepia",
    'a sign saying "OPEN" and a bicycle',
    "a black elephant",
    "a toaster",
    "two brown horses in the snow",
    "a fire hydrant left of a bench",
    "a white teddy bear, watercolor",
    "three donuts",
    "a train on the sea, blueprint",
)


@dataclass(frozen=True, kw_only=True)
class PretrainSettings:
    """Size of the network and its data, and the weights of the losses.

    `num_scenes` are square, `num_other_scenes` of each other shape. `pair_share`: the share of samples taken
    from scenes of two different things, beside their natural share.
    """

    world: World = WHOLE
    width: int = 96
    num_dual: int = 2
    num_single: int = 4
    num_scenes: int = 24_000
    num_other_scenes: int = 4_000
    batch_size: int = 32
    noise_levels: NoiseLevels = field(default_factory=NoiseLevels)
    pair_share: float = 0.0
    caption_drop: float = 0.1
    balance_weight: float = 0.01
    layout_weight: float = 0.1
    layout_block: int = 1
    seed: int = 2


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """Scenes of one shape: a batch comes from one bucket."""

    scenes: Sequence[Scene]
    latents_NCHW: Tensor

    @cached_property
    def pairs(self) -> NDArray[np.int64]:
        """Indices of the scenes that are pairs."""
        return np.array([index for index, scene in enumerate(self.scenes) if is_pair(scene)], np.int64)


class PretrainStage:
    """Flow matching + router balance + a layout loss that is dropped after training.

    The layout loss asks the middle of the network what stands where (the idea of representation alignment,
    Yu et al. 2024, with the world's truth in place of a teacher).
    """

    def __init__(
        self,
        settings: PretrainSettings,
        vae: Vae,
        cache_path: Path,
        say: Say = print,
        start: Mapping[str, Tensor] | None = None,
    ) -> None:
        """`start`: the weights of a finished pre-training; its text encoders then stay as they are.

        Where they come without a layout head, as adopted ones do, a new one is made.
        """
        torch.manual_seed(settings.seed)
        self.name = "pretrain" if start is None else "posttrain"
        self.settings, self.batch_size, self.vae = settings, settings.batch_size, vae
        self.transformer = build_transformer(
            width=settings.width, num_dual=settings.num_dual, num_single=settings.num_single
        )
        self.encoders = build_text_encoders()
        self.layout = LayoutHead(settings.width)
        self.modules = nn.ModuleDict(
            {"transformer": self.transformer, "encoders": self.encoders, "layout": self.layout}
        )
        if start is not None:
            fill(self.transformer, start, "transformer.")
            fill(self.encoders, start, "encoders.")
            if below(start, "layout."):
                fill(self.layout, start, "layout.")
            self.encoders.requires_grad_(False)
        self.modules.to(torch.bfloat16)
        self.text = TextStack(self.encoders, [build_tokenizer() for _ in SUFFIXES])
        self.buckets = [
            Bucket(
                scenes=training_scenes(settings, shape),
                latents_NCHW=drawing_latents(settings, vae, cache_path, say, shape),
            )
            for shape in settings.world.shapes
        ]
        sizes = np.array([len(bucket.scenes) for bucket in self.buckets], np.float64)
        self.bucket_shares = sizes / sizes.sum()
        self._middle: list[Tensor] = []
        block = cast(Block, self.transformer.single_stream_blocks[settings.layout_block]).block
        block.register_forward_hook(self._keep_middle)

    def parameters(self) -> dict[str, nn.Parameter]:
        return {name: each for name, each in self.modules.named_parameters() if each.requires_grad}

    def loss(self, step: int) -> StepLoss:
        settings = self.settings
        rng = rng_for(self.name, settings.seed, step)
        bucket = self.buckets[int(rng.choice(len(self.buckets), p=self.bucket_shares))]
        indices = self._draw_indices(rng, bucket)
        scenes = [bucket.scenes[int(index)] for index in indices]
        texts = ["" if rng.random() < settings.caption_drop else caption(scene, rng) for scene in scenes]
        clean_BCHW = bucket.latents_NCHW[torch.from_numpy(indices)].float()
        noise_BCHW = torch.from_numpy(rng.standard_normal(clean_BCHW.shape, np.float32))
        sigma_B = settings.noise_levels.sample(rng, settings.batch_size)
        noisy_BCHW = interpolate(clean_BCHW, noise_BCHW, sigma_B)
        context = encode_tokens(self.encoders, self.text.tokenize(texts))
        self._middle.clear()
        output = self.transformer(
            noisy_BCHW.bfloat16(), sigma_B * 1000, context.t5_BTC, context.llama_LBTC, context.pooled_BC
        )
        flow = flow_matching_loss(output.sample, clean_BCHW, noise_BCHW)
        balance = balance_loss(output.router)
        layout = self.layout.loss(self._middle[0], layout_labels(scenes))
        total = flow + settings.balance_weight * balance + settings.layout_weight * layout
        parts = {"flow": flow.item(), "balance": balance.item(), "layout": layout.item()}
        return StepLoss(total=total, parts=parts)

    def _draw_indices(self, rng: np.random.Generator, bucket: Bucket) -> NDArray[np.int64]:
        indices = rng.integers(0, len(bucket.scenes), self.batch_size)
        num_pairs = round(self.settings.pair_share * self.batch_size)
        if num_pairs and len(bucket.pairs):
            indices[:num_pairs] = rng.choice(bucket.pairs, num_pairs)
        return indices

    def _keep_middle(self, module: nn.Module, inputs: object, output: SingleOutput) -> None:
        self._middle.append(output.rows_BTD)

    def contact_sheet(self) -> Image.Image:
        pictures = draw_prompts(
            self.transformer, self.text, self.vae, SHEET_PROMPTS, num_steps=16, guidance=4.0
        )
        self.text.cache.clear()
        return sheet(pictures, columns=8)


def drawing_latents(
    settings: PretrainSettings, vae: Vae, path: Path, say: Say, shape: str = "square"
) -> Tensor:
    """Latents (N, C, H, W) of all training scenes of a shape, made once and kept beside `path`."""
    scenes = training_scenes(settings, shape)
    records = [scene_to_json(scene) for scene in scenes]
    own = path.with_stem(f"{path.stem}-{shape}")
    return cached_latents(own, records, lambda index: render(scenes[index]), vae, say).latents_NCHW


def is_pair(scene: Scene) -> bool:
    """Two things that a caption tells apart."""
    return len(scene.things) == 2 and scene.things[0].look != scene.things[1].look


def training_scenes(settings: PretrainSettings, shape: str) -> list[Scene]:
    """All training scenes of a shape."""
    count = settings.num_scenes if shape == "square" else settings.num_other_scenes
    return [pretrain_scene(settings, index, shape) for index in range(count)]


def pretrain_scene(settings: PretrainSettings, index: int, shape: str = "square") -> Scene:
    """Training scene `index` of a shape."""
    rng = rng_for(f"pretrain-scene-{shape}", settings.seed, index)
    return sample_scene(rng, shape=shape, world=settings.world)
