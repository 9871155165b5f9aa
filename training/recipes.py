"""Recipes: functions that return one full training configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from training.errors import BadRecipe
from training.loop import LoopSettings
from training.noise_levels import NoiseLevels
from training.optim import OptimSettings
from training.stages.autoencoder import AutoencoderSettings
from training.stages.edit import EditSettings
from training.stages.pretrain import PretrainSettings
from training.stages.student import DistillSettings
from training.stickers.catalogue import STARTER


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Pre-training on smaller pictures, of the area of a square so wide, before the full size."""

    resolution_px: int
    batch_size: int
    num_steps: int


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings of each stage and of its loop; `growth` comes before `pretrain`, each from the one before.

    `on_gpu`: its stages compute on a GPU where there is one.
    """

    name: str
    on_gpu: bool = False
    autoencoder: AutoencoderSettings
    autoencoder_loop: LoopSettings
    pretrain: PretrainSettings
    pretrain_loop: LoopSettings
    posttrain: PretrainSettings
    posttrain_loop: LoopSettings
    edit: EditSettings
    edit_loop: LoopSettings
    dev: DistillSettings
    dev_loop: LoopSettings
    fast: DistillSettings
    fast_loop: LoopSettings
    matching_loop: LoopSettings
    growth: tuple[Growth, ...] = ()


def stickers_cpu() -> Recipe:
    """Two cores and no GPU: small width, many steps, sittings of about two hours."""
    student = OptimSettings(
        learning_rate=3e-4,
        num_steps=1_500,
        betas=(0.0, 0.99),
        warmup_steps=50,
        decay_share=0.5,
        ema_decay=0.99,
    )
    noisier = NoiseLevels(mean=0.8, std=1.2, sampled_at=1.5)  # there it is decided what stands where
    fast = DistillSettings(num_steps=16, shift=3.0, guidance=3.0, pair_share=0.4)
    return Recipe(
        name="stickers_cpu",
        autoencoder=AutoencoderSettings(),
        autoencoder_loop=LoopSettings(
            optim=OptimSettings(
                learning_rate=3e-4,
                num_steps=1500,
                warmup_steps=50,
                weight_decay=0.0,
                betas=(0.9, 0.99),
                decay_share=0.4,
            )
        ),
        pretrain=PretrainSettings(),
        pretrain_loop=LoopSettings(
            optim=OptimSettings(learning_rate=2e-3, num_steps=10_400, decay_share=0.3)
        ),
        posttrain=PretrainSettings(pair_share=0.5, noise_levels=noisier),
        posttrain_loop=LoopSettings(
            optim=OptimSettings(learning_rate=1.5e-3, num_steps=8_600, decay_share=0.4)
        ),
        edit=EditSettings(),
        edit_loop=LoopSettings(optim=OptimSettings(learning_rate=1.5e-3, num_steps=56_000, decay_share=0.2)),
        dev=replace(fast, num_steps=28, shift=6.0),
        dev_loop=LoopSettings(optim=replace(student, num_steps=1_000, decay_share=0.4)),
        fast=fast,
        fast_loop=LoopSettings(optim=student),
        matching_loop=LoopSettings(
            optim=replace(
                student,
                learning_rate=1e-4,
                num_steps=150,
                warmup_steps=20,
                decay_share=0.3,
                ema_decay=0.95,
            )
        ),
    )


def stickers_starter() -> Recipe:
    """The same in the part of the world that the embedded weights know."""
    whole = stickers_cpu()
    return replace(
        whole,
        name="stickers_starter",
        pretrain=replace(whole.pretrain, world=STARTER),
        posttrain=replace(whole.posttrain, world=STARTER),
        edit=replace(whole.edit, world=STARTER),
    )


def stickers_gpu() -> Recipe:
    """The whole world on one card of 80 GB: twice the width, batches that fill it, all stages in one sitting.

    Its numbers are from paper: no card was at hand to try them on.
    """
    base = stickers_cpu()
    world = replace(base.pretrain, width=192, num_scenes=96_000, num_other_scenes=16_000, batch_size=512)
    edit = replace(base.edit, width=192, num_edits=96_000, num_other_edits=12_000, batch_size=384)

    def loop(loop: LoopSettings, num_steps: int, learning_rate: float) -> LoopSettings:
        optim = replace(loop.optim, num_steps=num_steps, learning_rate=learning_rate)
        return replace(loop, optim=optim, checkpoint_minutes=3.0, sheet_minutes=3.0)

    return replace(
        base,
        name="stickers_gpu",
        on_gpu=True,
        pretrain=world,
        pretrain_loop=loop(base.pretrain_loop, 3_000, 1.5e-3),
        posttrain=replace(
            world, pair_share=base.posttrain.pair_share, noise_levels=base.posttrain.noise_levels
        ),
        posttrain_loop=loop(base.posttrain_loop, 1_500, 1e-3),
        edit=edit,
        edit_loop=loop(base.edit_loop, 2_500, 1e-3),
        dev=replace(base.dev, batch_size=256, pool_size=4096),
        dev_loop=loop(base.dev_loop, 600, 3e-4),
        fast=replace(base.fast, batch_size=256, pool_size=4096),
        fast_loop=loop(base.fast_loop, 600, 3e-4),
    )


def stickers_growing() -> Recipe:
    """stickers_cpu with small pictures first, as the report trains: 128, 192, then 256 px. A sample of 128 px
    has a quarter of the tokens; the noise levels move with their number (Esser et al. 2024)."""
    base = stickers_cpu()
    levels = replace(base.pretrain.noise_levels, shift_by="sqrt", base_tokens=64)
    return replace(
        base,
        name="stickers_growing",
        growth=(
            Growth(resolution_px=128, batch_size=64, num_steps=3_000),
            Growth(resolution_px=192, batch_size=48, num_steps=2_000),
        ),
        pretrain=replace(base.pretrain, noise_levels=levels),
    )


def smoke() -> Recipe:
    """A minute or two in all: every stage runs, nothing is learnt."""
    student = DistillSettings(
        num_steps=4,
        shift=3.0,
        batch_size=4,
        pair_share=0.5,
        pool_size=8,
        critic_updates=1,
        feature_blocks=(0, 1),
        listening_steps=1,
    )
    world = PretrainSettings(
        width=32, num_dual=1, num_single=2, num_scenes=16, num_other_scenes=4, batch_size=4, sheet_steps=2
    )
    tiny = LoopSettings(optim=OptimSettings(learning_rate=1e-3, num_steps=2, warmup_steps=1), log_seconds=0)
    return Recipe(
        name="smoke",
        autoencoder=AutoencoderSettings(start_pictures=8, scenes_per_step=1),
        autoencoder_loop=tiny,
        growth=(
            Growth(resolution_px=128, batch_size=8, num_steps=1),
            Growth(resolution_px=192, batch_size=4, num_steps=1),
        ),
        pretrain=world,
        pretrain_loop=tiny,
        posttrain=replace(world, pair_share=0.5),
        posttrain_loop=tiny,
        edit=EditSettings(
            width=32,
            num_dual=1,
            num_single=2,
            num_edits=8,
            num_other_edits=2,
            batch_size=4,
            sheet_steps=2,
        ),
        edit_loop=tiny,
        dev=replace(student, num_steps=28, shift=6.0),
        dev_loop=tiny,
        fast=replace(student, num_steps=16, shift=3.0),
        fast_loop=tiny,
        matching_loop=tiny,
    )


RECIPES: dict[str, Callable[[], Recipe]] = {
    "stickers_cpu": stickers_cpu,
    "stickers_starter": stickers_starter,
    "stickers_gpu": stickers_gpu,
    "stickers_growing": stickers_growing,
    "smoke": smoke,
}


def find_recipe(name: str, changes: Sequence[str] = ()) -> Recipe:
    """The named recipe with `a.b=value` changes. Raises BadRecipe."""
    if name not in RECIPES:
        raise BadRecipe(f"There is no recipe {name}. Known: {', '.join(RECIPES)}.")
    return change_settings(RECIPES[name](), changes)


Settings = TypeVar("Settings")


def change_settings(recipe: Settings, changes: Sequence[str]) -> Settings:
    """The record with `a.b=value` changes; b may be a key or a place in a tuple. Raises BadRecipe."""
    for change in changes:
        path, equals, value = change.partition("=")
        if not equals:
            raise BadRecipe(f"--set takes name.name=value, not {change!r}.")
        recipe = _changed(recipe, path.split("."), value, path)
    return recipe


def _changed(record: Any, path: list[str], value: str, whole: str) -> Any:
    name, *rest = path
    if isinstance(record, tuple) and rest and name.isdecimal() and int(name) < len(record):
        place = int(name)
        return (*record[:place], _changed(record[place], rest, value, whole), *record[place + 1 :])
    if isinstance(record, Mapping) and not rest and name in record:
        return {**record, name: _parsed(type(next(iter(record.values()))), value, whole)}
    if not is_dataclass(record) or name not in {field.name for field in fields(record)}:
        raise BadRecipe(f"There is no setting {whole}.")
    if rest:
        return replace(record, **{name: _changed(getattr(record, name), rest, value, whole)})  # type: ignore[type-var]
    new = _parsed(get_type_hints(type(record))[name], value, whole)
    return replace(record, **{name: new})  # type: ignore[type-var]


def _parsed(kind: Any, value: str, whole: str) -> Any:
    try:
        return TypeAdapter(kind).validate_strings(value)
    except ValidationError as error:
        raise BadRecipe(f"{whole} cannot be {value!r}: {error.errors()[0]['msg']}.") from error
