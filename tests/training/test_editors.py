"""Editors by command: all weights or an adapter, and the two of the spatial weight's ablation."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from engines.api import EditRequest
from engines.engine import DiffusionEngine
from engines.load_engine import STICKERS, load_engine
from engines.presets import PRESETS
from engines.sparse_dit import SparseDiT
from training.adapters import TrainedAdapter
from training.commands import main
from training.export import averaged_weights
from training.stages.edit import sheet_edit
from training.stickers.edits import EditType
from training.stickers.render import render

pytestmark = pytest.mark.font
SMALL = [
    f"--set=edit.{each}" for each in ("num_edits=4", "num_other_edits=2", "batch_size=2", "sheet_steps=2")
]
STEPS = ["--set=edit_loop.optim.num_steps=2", "--set=edit_loop.optim.learning_rate=0.01"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded weights as finished runs."""
    folder = tmp_path_factory.mktemp("runs")
    assert main(["adopt", "--runs", str(folder), "--weights", str(STICKERS)]) == 0
    return folder


def train(runs: Path, *flags: str, command: str = "edit") -> int:
    return main([command, "--runs", str(runs), "--threads", "1", *SMALL, *STEPS, *flags])


def edited(engine: DiffusionEngine) -> np.ndarray:
    edit = sheet_edit(1)  # which adds nothing: that is another network's
    request = EditRequest(image=render(edit.source), instruction=edit.instruction, seed=3, num_steps=2)
    return np.asarray(engine.edit(request, lambda _: None).image, np.int16)


def test_an_adapters_file_makes_the_editor_that_was_trained(runs: Path) -> None:
    """Two steps of training; then the file over the drawing weights does what the trained network does."""
    assert train(runs, "--set=edit.mode=lora", "--set=edit.rank=4") == 0
    file = runs / "stickers_cpu" / "edit-lora" / "editor.safetensors"
    with safe_open(file, framework="pt") as archive:
        names = set(archive.keys())
    layers = {name.removesuffix(".lora_A.weight") for name in names if ".lora_A." in name}
    for part in ("attn1.to_q", "attn1.to_out_t", "experts.0.w1", "shared_experts.w2", "ff_t.w3"):
        assert any(part in layer for layer in layers), part
    assert {"transformer.final_layer.linear.weight", "transformer.final_layer.linear.bias"} <= names

    worn = load_engine("stickers-edit", STICKERS, editor=file)
    assert worn.parts.preset.transformer == "transformer"
    melted = load_engine("stickers-edit", STICKERS)
    melted.parts.dit.unfuse()
    melted.parts.dit.load_state_dict(merged(averaged_weights(file.parent), rank=4))
    melted.parts.dit.fuse()
    bare = load_engine("stickers-edit", STICKERS, editor=None)
    result = edited(worn)
    assert np.abs(result - edited(melted)).max() <= 2
    assert np.abs(result - edited(bare)).max() > 10


def merged(trained: dict[str, torch.Tensor], rank: int) -> dict[str, torch.Tensor]:
    """The slow obvious twin: the drawing weights with the pairs multiplied out (alpha is the rank)."""
    state = {
        name: each.float()
        for name, each in SparseDiT.from_pretrained(STICKERS, subfolder="transformer").state_dict().items()
    }
    for name, each in trained.items():
        if ".lora_A." in name:
            up = trained[name.replace(".lora_A.", ".lora_B.")]
            assert each.shape[0] == up.shape[1] == rank
            state[f"{name.split('.lora_A.')[0]}.weight"] += up @ each
        elif ".lora_B." not in name:
            state[name] = each
    return state


def test_two_editors_differ_by_the_spatial_weight_alone(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train(runs, "--steps", "2", "--from", "edit", command="ablate-edit") == 0
    printed = capsys.readouterr().out
    assert "edit-weighted: places that change weigh up to 4 times" in printed
    assert "edit-even: places that change weigh up to 1 times" in printed
    folder = runs / "stickers_cpu"
    weighted, even = (averaged_weights(folder / name) for name in ("edit-weighted", "edit-even"))
    assert any(not torch.equal(weighted[name], each) for name, each in even.items())
    monkeypatch.setitem(
        PRESETS, "stickers-edit", dataclasses.replace(PRESETS["stickers-edit"], step_cache=0.0)
    )
    flags = [f"--editor={name}={folder / name}" for name in ("edit-weighted", "edit-even")]
    small = ["--prompts", "1", "--steps", "2", "--json", str(tmp_path / "a.json")]
    assert main(["compare-edits", *small, *flags]) == 0
    rows = json.loads((tmp_path / "a.json").read_text("utf-8"))["tables"][0]["rows"]
    assert [row["name"] for row in rows] == [
        "weights",
        "edit-weighted",
        "edit-even",
        "true target, autoencoder",
    ]
    assert rows[0]["cells"]["untouched"] != rows[2]["cells"]["untouched"]
    assert f"{EditType.STYLE.value}: unt." not in rows[0]["cells"]
    local = [value["mean"] for name, value in rows[0]["cells"].items() if name.endswith("unt.")]
    assert rows[0]["cells"]["untouched"]["mean"] == pytest.approx(np.mean(local))
    assert rows[-1]["cells"]["untouched"]["mean"] < rows[2]["cells"]["untouched"]["mean"]


def test_faults_are_named(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flags, command, sentence in (
        (["--as", "a/b"], "edit", "--as takes a name"),
        (["--from", "nothing"], "edit", "none"),
        (["--steps", "0"], "ablate-edit", "--steps must be at least 1"),
    ):
        assert train(runs, *flags, command=command) == 2
        assert sentence in capsys.readouterr().err


def test_a_frozen_network_keeps_its_weights(tmp_path: Path) -> None:
    """Nothing but pairs and named tensors is in the file."""
    layer = torch.nn.Parameter(torch.ones(2, 2))
    adapter = TrainedAdapter(rank=2, layers=("a",), parameters={"a.lora_A.trained.weight": layer})
    adapter.write(tmp_path / "x" / "adapter.safetensors")
    with safe_open(tmp_path / "x" / "adapter.safetensors", framework="pt") as archive:
        assert list(archive.keys()) == ["transformer.a.lora_A.weight"]
        assert json.loads(archive.metadata()["lora_adapter_metadata"])["transformer.r"] == 2
