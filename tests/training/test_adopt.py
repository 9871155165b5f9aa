"""Exported weights become the runs that they came from, and an export of those is the same again."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engines.eyes.sticker_eyes import EYES
from engines.load_engine import STICKERS
from training.adopt import adopt
from training.checkpoint import load_latest
from training.errors import CorruptCheckpoint
from training.export import export, load_drawing
from training.recipes import find_recipe


def test_what_is_adopted_exports_to_the_same_weights(tmp_path: Path) -> None:
    recipe, runs = find_recipe("stickers_cpu"), tmp_path / "runs"
    adopted = adopt(STICKERS, recipe, runs)
    assert adopted[0] == "pretrain"
    assert "edit" in adopted
    export(recipe, runs, tmp_path / "out")
    for file in STICKERS.rglob("*.safetensors"):
        if file.parent.name == EYES:  # made by a stage of its own
            continue
        assert (tmp_path / "out" / file.relative_to(STICKERS)).read_bytes() == file.read_bytes(), file
    texts = [file.read_text("utf-8") for file in (tmp_path / "out").rglob("*.json")]
    assert not any(str(tmp_path) in text for text in texts)  # where it was made is nobody's business


def test_a_stage_that_has_run_is_left_as_it_is(tmp_path: Path) -> None:
    recipe = find_recipe("stickers_cpu")
    adopt(STICKERS, recipe, tmp_path)
    before = load_drawing(recipe, tmp_path)[0].state_dict()
    checkpoint, _ = load_latest(tmp_path / "edit" / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.step == recipe.edit_loop.optim.num_steps
    assert adopt(STICKERS, recipe, tmp_path) == ()
    after = load_drawing(recipe, tmp_path)[0].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptCheckpoint, match="no exported weights"):
        adopt(tmp_path, find_recipe("smoke"), tmp_path / "runs")
