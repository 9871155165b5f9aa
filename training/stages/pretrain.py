"""Stages 2 and 3: the transformer learns to draw, by flow matching on cached latents.

Pre-training (report, section 4.1) trains the text encoders along; post-training (4.2) leaves them as they
are and sees the scenes that are hardest to get right more often.

Legend: B batch, C channels, H height, W width, I image tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from engines.flow import interpolate
from engines.sizes import Size
from engines.sparse_dit.blocks import Block, SingleOutput
from engines.text import SUFFIXES, TextStack, encode_tokens
from engines.vae import Vae
from training.checkpoint import below, fill
from training.data.folder import Captioned
from training.data.order import any_bucket
from training.data.scenes import encode_scenes
from training.distributed import ALONE, Team
from training.loop import Say, StepLoss
from training.losses import balance_loss, flow_matching_loss, router_load
from training.noise_levels import NoiseLevels, TrainedAt
from training.precision import training_dtype
from training.preview import draw_prompts
from training.samples import draw_noise, num_tokens_of, sample_rngs
from training.seeds import rng_for
from training.sheets import sheet
from training.stages.drawings import Drawings, PictureDrawings, SceneDrawings
from training.stickers.catalogue import SHAPES, WHOLE, World
from training.stickers.layout import LayoutHead
from training.stickers.models import build_text_encoders, build_transformer
from training.stickers.scene import Scene, sample_scene
from training.stickers.words import build_tokenizer
from training.velocity import run_network

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

    `num_scenes` are square, `num_other_scenes` of each other shape. `resolution_px`: pictures are made
    smaller, to the area of a square so wide. `pair_share`: the share of samples taken from scenes of two
    different things, beside their natural share. `sheet_steps`: of the pictures on contact sheets.
    """

    world: World = WHOLE
    width: int = 96
    num_dual: int = 2
    num_single: int = 4
    num_scenes: int = 24_000
    num_other_scenes: int = 4_000
    resolution_px: int | None = None
    batch_size: int = 32
    noise_levels: NoiseLevels = field(default_factory=lambda: NoiseLevels(sampled_at=1.5))
    pair_share: float = 0.0
    caption_drop: float = 0.1
    balance_weight: float = 0.01
    layout_weight: float = 0.1
    layout_block: int = 1
    sheet_steps: int = 16
    seed: int = 2


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One sample: which scene of the batch's bucket, by what words, and the rest of its randomness."""

    index: int
    words: str
    rng: np.random.Generator


class PretrainStage:
    """Flow matching + router balance + a layout loss that is dropped after training.

    The layout loss asks the middle of the network what stands where (the idea of representation alignment,
    Yu et al. 2024, with the world's truth in place of a teacher).
    """

    def __init__(
        self,
        settings: PretrainSettings,
        vae: Vae,
        cache: Path,
        say: Say = print,
        *,
        name: str = "pretrain",
        start: Mapping[str, Tensor] | None = None,
        keeps_text: bool = False,
        team: Team = ALONE,
        pictures: Sequence[Captioned] | None = None,
    ) -> None:
        """Latents are kept in the folder `cache`. `start`: the weights of a stage before. `pictures` in place
        of the recipe's scenes: without the truth about them there is no layout loss.

        With `keeps_text` the text encoders stay as they are. Where `start` comes without a layout head, as
        adopted weights do, a new one is made. In a team of many each rank takes its part of a batch.
        """
        torch.manual_seed(settings.seed)
        self.name, self.team = name, team
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
        self.encoders.requires_grad_(not keeps_text)
        self.layout.requires_grad_(pictures is None)
        self.modules.to(team.device, training_dtype(team.device))
        self.text = TextStack(self.encoders, [build_tokenizer() for _ in SUFFIXES])
        self.drawings = find_drawings(settings, pictures, vae, cache, say, team)
        self.latents = self.drawings.latents
        self._middle: list[Tensor] = []
        block = cast(Block, self.transformer.single_stream_blocks[settings.layout_block]).block
        block.register_forward_hook(self._keep_middle)

    def parameters(self) -> dict[str, nn.Parameter]:
        return {name: each for name, each in self.modules.named_parameters() if each.requires_grad}

    def loss(self, step: int) -> StepLoss:
        settings, device = self.settings, self.team.device
        bucket = any_bucket(self.latents.counts, rng_for(f"{self.name}-bucket", settings.seed, step))
        samples = [
            self._draw(rng, bucket)
            for rng in sample_rngs(self.name, settings.seed, step, self.batch_size, self.team)
        ]
        rngs = [each.rng for each in samples]
        indices = [each.index for each in samples]
        clean_BCHW = self.latents.latents(bucket, indices)
        patch = self.transformer.architecture.patch_size
        drawn = draw_noise(rngs, clean_BCHW.shape[1:], settings.noise_levels, patch)
        clean_BCHW, noise_BCHW = clean_BCHW.to(device), drawn.noise_BCHW.to(device)
        sigma_B = drawn.sigma_B.to(device)
        noisy_BCHW = interpolate(clean_BCHW, noise_BCHW, sigma_B)
        context = encode_tokens(self.encoders, self.text.tokenize([each.words for each in samples]))
        self._middle.clear()
        output = run_network(self.transformer, noisy_BCHW, sigma_B, context)
        flow = flow_matching_loss(output.sample, clean_BCHW, noise_BCHW)
        load_LE = router_load(output.router, self.team)
        balance = balance_loss(output.router, load_LE)
        total = flow + settings.balance_weight * balance
        parts = {"flow": flow.item(), "balance": balance.item()}
        grid = (clean_BCHW.shape[-2] // patch, clean_BCHW.shape[-1] // patch)
        labels_2BI = self.drawings.layout(bucket, indices, grid)
        if labels_2BI is not None:
            layout = self.layout.loss(self._middle[0], labels_2BI.to(device))
            total, parts["layout"] = total + settings.layout_weight * layout, layout.item()
        return StepLoss(total=total, parts=parts, load_LE=load_LE)

    def _draw(self, rng: np.random.Generator, bucket: int) -> Drawn:
        pairs = self.drawings.pairs[bucket]
        if pairs and rng.random() < self.settings.pair_share:
            index = pairs[int(rng.integers(len(pairs)))]
        else:
            index = int(rng.integers(self.latents.counts[bucket]))
        is_dropped = rng.random() < self.settings.caption_drop
        words = "" if is_dropped else self.drawings.words(bucket, index, rng)
        return Drawn(index=index, words=words, rng=rng)

    def notes(self) -> Mapping[str, str]:
        return TrainedAt(
            noise_levels=self.settings.noise_levels,
            num_tokens=num_tokens_of(
                self.latents.buckets[0].latent_shape, self.transformer.architecture.patch_size
            ),
        ).to_notes()

    def _keep_middle(self, module: nn.Module, inputs: object, output: SingleOutput) -> None:
        self._middle.append(output.rows_BTD)

    def contact_sheet(self) -> Image.Image:
        pictures = draw_prompts(
            self.transformer,
            self.text,
            self.vae,
            SHEET_PROMPTS,
            num_steps=self.settings.sheet_steps,
            guidance=4.0,
        )
        self.text.cache.clear()
        return sheet(pictures, columns=8)


def drawing_latents(
    settings: PretrainSettings, vae: Vae, cache: Path, say: Say, shape: str = "square"
) -> Tensor:
    """Latents (N, C, H, W) of all training scenes of a shape, float16, made once and kept in `cache`."""
    scenes = {each: some for each in settings.world.shapes if (some := training_scenes(settings, each))}
    every = [scene for some in scenes.values() for scene in some]
    latents = encode_scenes(cache, every, vae, say, ALONE)
    return latents.latents(list(scenes).index(shape), range(len(scenes[shape]))).half()


def find_drawings(
    settings: PretrainSettings,
    pictures: Sequence[Captioned] | None,
    vae: Vae,
    cache: Path,
    say: Say,
    team: Team,
) -> Drawings:
    """The pictures if there are some, else the recipe's scenes."""
    shapes, resolution_px = settings.world.shapes, settings.resolution_px
    if pictures is not None:
        outlines = [Size(*SHAPES[shape]) for shape in shapes]
        return PictureDrawings(pictures, outlines, vae, cache, say, team, resolution_px)
    scenes = [training_scenes(settings, shape) for shape in shapes]
    return SceneDrawings(scenes, vae, cache, say, team, resolution_px)


def training_scenes(settings: PretrainSettings, shape: str) -> list[Scene]:
    """All training scenes of a shape."""
    count = settings.num_scenes if shape == "square" else settings.num_other_scenes
    return [pretrain_scene(settings, index, shape) for index in range(count)]


def pretrain_scene(settings: PretrainSettings, index: int, shape: str = "square") -> Scene:
    """Training scene `index` of a shape."""
    rng = rng_for(f"pretrain-scene-{shape}", settings.seed, index)
    return sample_scene(rng, shape=shape, world=settings.world)
