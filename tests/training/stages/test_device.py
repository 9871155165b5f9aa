"""Stages compute on the device that they are given: tried on one that holds shapes and no numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engines.load_engine import STICKERS
from engines.text import SUFFIXES, TextStack
from engines.vae import Vae
from training.distributed import Team
from training.loop import Stage
from training.precision import training_dtype
from training.recipes import find_recipe
from training.stages.distill import MatchingStage, RegressionStage
from training.stages.edit import EditStage
from training.stages.pretrain import PretrainStage
from training.stages.student import Student
from training.stickers.models import LATENT_SIDE, build_text_encoders, build_transformer
from training.stickers.words import build_tokenizer

RECIPE = find_recipe("smoke")
ELSEWHERE = torch.device("meta")
"""As any second device it refuses the CPU's tensors, once someone looks; its own hold shapes alone."""
MOVES = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)
NUMBERS = torch.ops.aten._local_scalar_dense.default


class OneDevice(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Refuses operations on tensors of two devices, as CUDA does; answers what shapes cannot: 0, true."""

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        tensors = [each for each in tree_leaves((args, kwargs or {})) if isinstance(each, Tensor)]
        devices = {each.device.type for each in tensors if each.ndim}
        if len(devices) > 1 and func not in MOVES:
            raise AssertionError(f"{func} was given tensors of {sorted(devices)}.")
        if func is NUMBERS and tensors[0].is_meta:
            return True if tensors[0].dtype is torch.bool else 0
        if func is MOVES[0] and tensors[0].is_meta and (kwargs or {}).get("device") == torch.device("cpu"):
            return torch.zeros(tensors[0].shape, dtype=(kwargs or {}).get("dtype", tensors[0].dtype))
        if func is torch.ops.aten.equal.default and "meta" in devices:
            return True
        return func(*args, **(kwargs or {}))


@pytest.fixture(scope="module")
def vae() -> Vae:
    return Vae.from_pretrained(STICKERS / "vae")


def texts(device: torch.device) -> TextStack:
    encoders = build_text_encoders().to(device, training_dtype(device)).requires_grad_(False)
    return TextStack(encoders, [build_tokenizer() for _ in SUFFIXES])


def drawing(vae: Vae, folder: Path) -> Stage:
    team = Team(device=ELSEWHERE)
    return PretrainStage(RECIPE.pretrain, vae, folder, team=team)


def editing(vae: Vae, folder: Path) -> Stage:
    settings = RECIPE.edit
    start = build_transformer(
        width=settings.width, num_dual=settings.num_dual, num_single=settings.num_single
    )
    return EditStage(settings, vae, texts(ELSEWHERE), start, folder, team=Team(device=ELSEWHERE))


def student(vae: Vae) -> Student:
    scenes = RECIPE.pretrain
    teacher = build_transformer(width=scenes.width, num_dual=scenes.num_dual, num_single=scenes.num_single)
    latents = {"square": torch.randn(scenes.num_scenes, 16, LATENT_SIDE, LATENT_SIDE)}
    return Student("fast", RECIPE.fast, scenes, latents, teacher, texts(ELSEWHERE), vae)


MAKERS: dict[str, Callable[[Vae, Path], Stage]] = {
    "pretrain": drawing,
    "edit": editing,
    "regression": lambda vae, folder: RegressionStage(student(vae)),
    "matching": lambda vae, folder: MatchingStage(student(vae)),
}


@pytest.fixture
def elsewhere() -> Iterator[None]:
    with OneDevice():  # type: ignore[no-untyped-call]
        yield


@pytest.mark.parametrize("name", MAKERS)
def test_a_step_is_taken_on_the_device_given(name: str, vae: Vae, tmp_path: Path, elsewhere: None) -> None:
    stage = MAKERS[name](vae, tmp_path)
    assert {each.device for each in stage.parameters().values()} == {ELSEWHERE}
    for step in (0, RECIPE.fast.listening_steps):
        total = stage.loss(step).total
        assert total.device == ELSEWHERE
        total.backward()  # type: ignore[no-untyped-call]
    assert any(each.grad is not None for each in stage.parameters().values())


def test_the_check_sees_a_tensor_left_behind(elsewhere: None) -> None:
    with pytest.raises(AssertionError, match=r"cpu.*meta"):
        torch.zeros(2, device=ELSEWHERE) + torch.zeros(2)
