"""Stage 3: the drawing model learns to edit, source and target side by side (report, section 6).

Legend: B batch, C channels, H height, W width.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from engines.flow import interpolate
from engines.sparse_dit import SparseDiT
from engines.text import TextStack, encode_tokens
from engines.vae import Vae
from training.adapters import put_adapter_on
from training.data.latents import cached_latents
from training.loop import Say, StepLoss
from training.losses import balance_loss, spatial_edit_weight, weighted_flow_matching_loss
from training.noise_levels import NoiseLevels
from training.preview import edit_latents
from training.seeds import rng_for
from training.sheets import sheet
from training.stickers.catalogue import WHOLE, World
from training.stickers.edits import Edit, EditType, sample_edit
from training.stickers.models import build_transformer
from training.stickers.render import render

TYPE_SHARES = {
    EditType.ADD: 0.22,
    EditType.REMOVE: 0.16,
    EditType.LOCAL: 0.18,
    EditType.COLOR: 0.16,
    EditType.BACKGROUND: 0.1,
    EditType.STYLE: 0.06,
    EditType.GLOBAL: 0.06,
    EditType.TEXT: 0.06,
}
"""Backgrounds and styles are soon learnt; which thing an instruction means takes many triplets."""
_SHEET_EDITS = 16
TRAINED_WHOLE = ("final_layer.linear.weight", "final_layer.linear.bias", ".gate.weight")
"""What learns as a whole beside LoRA pairs."""


@dataclass(frozen=True, kw_only=True)
class EditSettings:
    """Three dropouts make two-condition guidance possible: no text, no source, neither.

    `num_edits` are square, `num_other_edits` of each other shape. `type_shares`: how often each type of edit
    comes, relative to the others. `mode`: all weights learn (HiDream-E1.1), or LoRA pairs of `rank`, with the
    last layer and the gates as a whole (HiDream-E1-Full).
    """

    mode: Literal["full", "lora"] = "full"
    rank: int = 16
    world: World = WHOLE
    width: int = 96
    num_dual: int = 2
    num_single: int = 4
    num_edits: int = 24_000
    num_other_edits: int = 3_000
    type_shares: Mapping[EditType, float] = field(default_factory=lambda: dict(TYPE_SHARES))
    batch_size: int = 16
    noise_levels: NoiseLevels = field(default_factory=NoiseLevels)
    text_drop: float = 0.05
    source_drop: float = 0.05
    both_drop: float = 0.05
    largest_weight: float = 4.0
    balance_weight: float = 0.01
    seed: int = 3


@dataclass(frozen=True, kw_only=True)
class EditRecord:
    """What the loss knows of cached edit i, whose latents are rows 2i (source) and 2i + 1 (target)."""

    instruction: str
    type: EditType


@dataclass(frozen=True, kw_only=True)
class EditBucket:
    """Edits of one shape: a batch comes from one bucket."""

    records: Sequence[EditRecord]
    latents_NCHW: Tensor


class EditStage:
    """Spatially weighted flow matching on the target half. The text encoders stay as drawing left them."""

    name = "edit"

    def __init__(
        self,
        settings: EditSettings,
        vae: Vae,
        text: TextStack,
        start: SparseDiT,
        cache_path: Path,
        say: Say = print,
    ) -> None:
        self.settings, self.batch_size, self.vae, self.text = settings, settings.batch_size, vae, text
        self.transformer = build_transformer(
            width=settings.width, num_dual=settings.num_dual, num_single=settings.num_single, is_edit=True
        )
        self.transformer.load_state_dict(start.state_dict())
        self.transformer.to(torch.bfloat16)
        has_pairs = settings.mode == "lora"
        self.adapter = put_adapter_on(self.transformer, settings.rank, TRAINED_WHOLE) if has_pairs else None
        self.buckets = [
            _encode_edits(settings, vae, cache_path, say, shape) for shape in settings.world.shapes
        ]
        sizes = np.array([len(bucket.records) for bucket in self.buckets], np.float64)
        self.bucket_shares = sizes / sizes.sum()

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.adapter.parameters if self.adapter else self.transformer.named_parameters())

    def loss(self, step: int) -> StepLoss:
        settings = self.settings
        rng = rng_for("edit", settings.seed, step)
        bucket = self.buckets[int(rng.choice(len(self.buckets), p=self.bucket_shares))]
        indices = rng.integers(0, len(bucket.records), settings.batch_size)
        source_BCHW = bucket.latents_NCHW[torch.from_numpy(2 * indices)].float()
        target_BCHW = bucket.latents_NCHW[torch.from_numpy(2 * indices + 1)].float()
        has_text, has_source = _draw_conditions(rng, settings)
        texts = [
            bucket.records[int(index)].instruction if kept else ""
            for index, kept in zip(indices, has_text, strict=True)
        ]
        shown_BCHW = source_BCHW * torch.from_numpy(has_source).float().view(-1, 1, 1, 1)
        noise_BCHW = torch.from_numpy(rng.standard_normal(target_BCHW.shape, np.float32))
        sigma_B = settings.noise_levels.sample(rng, settings.batch_size)
        noisy_BCHW = interpolate(target_BCHW, noise_BCHW, sigma_B)
        with torch.no_grad():
            context = encode_tokens(self.text.encoders, self.text.tokenize(texts))
        output = self.transformer(
            torch.cat([noisy_BCHW, shown_BCHW], dim=-1).bfloat16(),
            sigma_B * 1000,
            context.t5_BTC,
            context.llama_LBTC,
            context.pooled_BC,
        )
        predicted_BCHW = output.sample[..., : target_BCHW.shape[-1]]
        weight_B1HW = spatial_edit_weight(source_BCHW, target_BCHW, settings.largest_weight)
        flow = weighted_flow_matching_loss(predicted_BCHW, target_BCHW, noise_BCHW, weight_B1HW)
        balance = balance_loss(output.router)
        parts = {"flow": flow.item(), "balance": balance.item()}
        return StepLoss(total=flow + settings.balance_weight * balance, parts=parts)

    def contact_sheet(self) -> Image.Image:
        """Rows of source, edited, true target."""
        edits = [sheet_edit(index) for index in range(_SHEET_EDITS)]
        sources = [render(edit.source) for edit in edits]
        edited = edit_latents(
            self.transformer, self.text, self.vae, sources, [edit.instruction for edit in edits], num_steps=16
        )
        self.text.cache.clear()
        return sheet([*sources, *edited, *(render(edit.target) for edit in edits)], columns=_SHEET_EDITS)


def sheet_edit(index: int) -> Edit:
    """A held-out square edit, two of each type."""
    types = tuple(EditType)
    return sample_edit(rng_for("edit-sheet", 0, index), types[index % len(types)], shape="square")


def _draw_conditions(rng: np.random.Generator, settings: EditSettings) -> tuple[np.ndarray, np.ndarray]:
    """Which samples keep their text and which their source: two arrays of booleans (B,)."""
    draw = rng.random(settings.batch_size)
    text_end = settings.text_drop
    source_end = text_end + settings.source_drop
    both_end = source_end + settings.both_drop
    loses_text = (draw < text_end) | ((draw >= source_end) & (draw < both_end))
    loses_source = (draw >= text_end) & (draw < both_end)
    return ~loses_text, ~loses_source


def training_edit(settings: EditSettings, index: int, shape: str = "square") -> Edit:
    """Training edit `index` of a shape: its type by share, the rest at random."""
    rng = rng_for(f"edit-triplet-{shape}", settings.seed, index)
    shares = {type: share for type, share in settings.type_shares.items() if type in settings.world.edits}
    types, weights = list(shares), np.array(list(shares.values()))
    type = types[int(rng.choice(len(types), p=weights / weights.sum()))]
    return sample_edit(rng, type, shape=shape, world=settings.world)


def _encode_edits(settings: EditSettings, vae: Vae, path: Path, say: Say, shape: str) -> EditBucket:
    count = settings.num_edits if shape == "square" else settings.num_other_edits
    edits = [training_edit(settings, index, shape) for index in range(count)]
    records = [json.dumps({"instruction": edit.instruction, "type": edit.type}) for edit in edits]

    def draw(index: int) -> Image.Image:
        edit = edits[index // 2]
        return render(edit.source if index % 2 == 0 else edit.target)

    own = path.with_stem(f"{path.stem}-{shape}")
    latents_NCHW = cached_latents(own, records, draw, vae, say, per_record=2).latents_NCHW
    return EditBucket(
        records=tuple(EditRecord(**json.loads(record)) for record in records), latents_NCHW=latents_NCHW
    )
