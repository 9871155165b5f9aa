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
from torch import nn

from engines.flow import interpolate
from engines.sparse_dit import SparseDiT
from engines.text import TextStack, encode_tokens
from engines.vae import Vae
from training.adapters import put_adapter_on
from training.data.latent_reader import LatentReader
from training.data.order import any_bucket
from training.data.scenes import scene_size, scene_to_json
from training.data.shards import encode_shards, members_by_size
from training.distributed import ALONE, Team
from training.errors import BadRecipe
from training.loop import Say, StepLoss
from training.losses import balance_loss, router_load, spatial_edit_weight, weighted_flow_matching_loss
from training.noise_levels import NoiseLevels
from training.precision import training_dtype
from training.preview import edit_latents
from training.samples import draw_noise, sample_rngs
from training.seeds import rng_for
from training.sheets import sheet
from training.stickers.captions import caption
from training.stickers.catalogue import WHOLE, World
from training.stickers.edits import Edit, EditType, sample_edit
from training.stickers.models import build_transformer
from training.stickers.render import font_version, render
from training.velocity import run_network

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

    Without a source the words are the target's caption: what drawing learnt goes on, and adding needs it.
    `num_edits` are square, `num_other_edits` of each other shape. `type_shares`: how often each type of edit
    comes, relative to the others; `only`: the one to learn. `mode`: all weights learn (HiDream-E1.1), or LoRA
    pairs of `rank`, with the last layer and the gates as a whole (HiDream-E1-Full).
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
    only: EditType | None = None
    batch_size: int = 16
    noise_levels: NoiseLevels = field(default_factory=NoiseLevels)
    text_drop: float = 0.05
    source_drop: float = 0.05
    both_drop: float = 0.05
    largest_weight: float = 4.0
    balance_weight: float = 0.01
    sheet_steps: int = 16
    seed: int = 3


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a sample is shown; guidance by text and by source needs some that lack one or both."""

    has_text: bool
    has_source: bool


class EditStage:
    """Spatially weighted flow matching on the target half. The text encoders stay as drawing left them."""

    name = "edit"

    def __init__(
        self,
        settings: EditSettings,
        vae: Vae,
        text: TextStack,
        start: SparseDiT,
        cache: Path,
        say: Say = print,
        team: Team = ALONE,
    ) -> None:
        """Latents are kept in the folder `cache`. In a team of many each rank takes its part of a batch."""
        self.settings, self.batch_size, self.vae, self.text = settings, settings.batch_size, vae, text
        self.team = team
        self.transformer = build_transformer(
            width=settings.width, num_dual=settings.num_dual, num_single=settings.num_single, is_edit=True
        )
        self.transformer.load_state_dict(start.state_dict())
        self.transformer.to(team.device, training_dtype(team.device))
        has_pairs = settings.mode == "lora"
        self.adapter = put_adapter_on(self.transformer, settings.rank, TRAINED_WHOLE) if has_pairs else None
        edits = training_edits(settings)
        self.triplets = _encode_edits(edits, vae, cache, say, team)
        self.edits = [
            [edits[place] for place in some]
            for some in members_by_size([scene_size(each.target) for each in edits]).values()
        ]
        self.learnt = [places_of(some, settings.only) for some in self.edits]

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.adapter.parameters if self.adapter else self.transformer.named_parameters())

    def loss(self, step: int) -> StepLoss:
        settings, triplets, device = self.settings, self.triplets, self.team.device
        bucket = any_bucket(triplets.counts, rng_for("edit-bucket", settings.seed, step))
        learnt = self.learnt[bucket]
        rngs = sample_rngs("edit", settings.seed, step, settings.batch_size, self.team)
        places = [2 * learnt[int(rng.integers(len(learnt)))] for rng in rngs]
        shown = [_draw_condition(rng, settings) for rng in rngs]
        source_BCHW = triplets.latents(bucket, places).to(device)
        target_BCHW = triplets.latents(bucket, [place + 1 for place in places]).to(device)
        texts = [
            self._words(bucket, place, each, rng)
            for place, each, rng in zip(places, shown, rngs, strict=True)
        ]
        has_source_B = torch.tensor([float(each.has_source) for each in shown], device=device)
        shown_BCHW = source_BCHW * has_source_B.view(-1, 1, 1, 1)
        drawn = draw_noise(
            rngs, target_BCHW.shape[1:], settings.noise_levels, self.transformer.architecture.patch_size
        )
        noise_BCHW, sigma_B = drawn.noise_BCHW.to(device), drawn.sigma_B.to(device)
        noisy_BCHW = interpolate(target_BCHW, noise_BCHW, sigma_B)
        with torch.no_grad():
            context = encode_tokens(self.text.encoders, self.text.tokenize(texts))
        pair_BCHW = torch.cat([noisy_BCHW, shown_BCHW], dim=-1)
        output = run_network(self.transformer, pair_BCHW, sigma_B, context)
        predicted_BCHW = output.sample[..., : target_BCHW.shape[-1]]
        weight_B1HW = spatial_edit_weight(source_BCHW, target_BCHW, settings.largest_weight)
        flow = weighted_flow_matching_loss(predicted_BCHW, target_BCHW, noise_BCHW, weight_B1HW)
        load_LE = router_load(output.router, self.team)
        balance = balance_loss(output.router, load_LE)
        parts = {"flow": flow.item(), "balance": balance.item()}
        return StepLoss(total=flow + settings.balance_weight * balance, parts=parts, load_LE=load_LE)

    def _words(self, bucket: int, place: int, shown: Condition, rng: np.random.Generator) -> str:
        if not shown.has_text:
            return ""
        if not shown.has_source:
            return caption(self.edits[bucket][place // 2].target, rng)
        [record] = self.triplets.records(bucket, [place])
        return str(json.loads(record)["instruction"])

    def contact_sheet(self) -> Image.Image:
        """Rows of source, edited, true target."""
        edits = [sheet_edit(index) for index in range(_SHEET_EDITS)]
        sources = [render(edit.source) for edit in edits]
        edited = edit_latents(
            self.transformer,
            self.text,
            self.vae,
            sources,
            [edit.instruction for edit in edits],
            num_steps=self.settings.sheet_steps,
        )
        self.text.cache.clear()
        return sheet([*sources, *edited, *(render(edit.target) for edit in edits)], columns=_SHEET_EDITS)


def sheet_edit(index: int) -> Edit:
    """A held-out square edit, two of each type."""
    types = tuple(EditType)
    return sample_edit(rng_for("edit-sheet", 0, index), types[index % len(types)], shape="square")


def _draw_condition(rng: np.random.Generator, settings: EditSettings) -> Condition:
    draw = float(rng.random())
    text_end = settings.text_drop
    source_end = text_end + settings.source_drop
    both_end = source_end + settings.both_drop
    return Condition(
        has_text=text_end <= draw < source_end or draw >= both_end,
        has_source=draw < text_end or draw >= both_end,
    )


def training_edit(settings: EditSettings, index: int, shape: str = "square") -> Edit:
    """Training edit `index` of a shape: its type by share, the rest at random."""
    rng = rng_for(f"edit-triplet-{shape}", settings.seed, index)
    shares = {type: share for type, share in settings.type_shares.items() if type in settings.world.edits}
    types, weights = list(shares), np.array(list(shares.values()))
    type = types[int(rng.choice(len(types), p=weights / weights.sum()))]
    return sample_edit(rng, type, shape=shape, world=settings.world)


def training_edits(settings: EditSettings) -> list[Edit]:
    """All of them, shape by shape."""
    counts = {
        shape: settings.num_edits if shape == "square" else settings.num_other_edits
        for shape in settings.world.shapes
    }
    return [
        training_edit(settings, index, shape) for shape, count in counts.items() for index in range(count)
    ]


def places_of(edits: Sequence[Edit], only: EditType | None) -> Sequence[int]:
    """Where edits of this type stand, or all. Raises BadRecipe where there are none."""
    places = [place for place, edit in enumerate(edits) if only in (None, edit.type)]
    if not places:
        raise BadRecipe(f"There are no edits to {only} here: choose a type that the world has.")
    return places


def _encode_edits(edits: Sequence[Edit], vae: Vae, folder: Path, say: Say, team: Team) -> LatentReader:
    """Picture 2i is the source of edit i, 2i + 1 its target; the records have the instruction."""
    scenes = [scene for edit in edits for scene in (edit.source, edit.target)]
    records = [
        json.dumps({"instruction": edits[number // 2].instruction, "scene": scene_to_json(scene)})
        for number, scene in enumerate(scenes)
    ]
    sizes = [scene_size(scene) for scene in scenes]

    def draw(number: int) -> Image.Image:
        return render(scenes[number])

    encode_shards(folder, records, sizes, draw, vae, say, source=font_version(), team=team)
    return LatentReader(folder)
