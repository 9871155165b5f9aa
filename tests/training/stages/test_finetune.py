"""LoRA fine-tuning: what learns, what is written, and that a folder of pictures teaches something new."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file

from engines.api import Adapter, GenerateRequest
from engines.engine import DiffusionEngine
from engines.load_engine import load_engine
from engines.presets import PRESETS
from engines.sizes import Size
from tests.engines.tiny import build_folder
from training.commands import main
from training.data.folder import read_folder
from training.errors import BadRecipe
from training.stages.finetune import FinetuneSettings, FinetuneStage

TINY = dataclasses.replace(PRESETS["stickers-full"], sizes=(Size(64, 64), Size(96, 32)), num_steps=2)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_folder(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "squares"
    folder.mkdir()
    for index in range(6):
        size = (90, 30) if index == 5 else (64, 64)
        picture = Image.new("RGB", size, "white")
        ImageDraw.Draw(picture).rectangle((10, 10, 20 + index, 20 + index), fill="purple")
        picture.save(folder / f"{index}.png")
        (folder / f"{index}.txt").write_text("a cat" if index % 2 else "the dog")
    return folder


def build_stage(weights: Path, data: Path, **changes: object) -> FinetuneStage:
    settings = FinetuneSettings(rank=2, batch_size=4, **changes)  # type: ignore[arg-type]
    engine = load_engine(TINY, weights)
    return FinetuneStage(settings, engine, read_folder(data), data.parent / "latents", lambda _: None)


def test_attention_every_expert_and_the_gates_learn_and_nothing_else(weights: Path, data: Path) -> None:
    stage = build_stage(weights, data)
    with torch.no_grad():
        for name, each in stage.parameters().items():
            if "lora_B" in name:  # which begin as zeros and then hide the other half of their pair
                each.normal_(std=0.1)
    for step in range(4):
        stage.loss(step).total.backward()  # type: ignore[no-untyped-call]
    changed = {
        name for name, each in stage.dit.named_parameters() if each.grad is not None and each.grad.any()
    }
    assert changed == set(stage.parameters())
    for part in ("experts.0.w1", "experts.3.w2", "shared_experts.w3", "to_q", "gate"):
        assert any(f".{part}." in name for name in changed), part
    blocks = {".".join(name.split(".")[:2]) for name in changed}
    assert len(blocks) == len(stage.dit.double_stream_blocks) + len(stage.dit.single_stream_blocks)


def test_without_gates_only_pairs_learn(weights: Path, data: Path) -> None:
    stage = build_stage(weights, data, trains_gates=False)
    assert all("lora_" in name for name in stage.parameters())


def test_pictures_go_to_the_size_nearest_to_theirs_and_batches_stay_apart(weights: Path, data: Path) -> None:
    stage = build_stage(weights, data)
    sizes = {bucket.size: bucket.indices for bucket in stage.buckets}
    assert sizes == {(64, 64): (0, 1, 2, 3, 4), (96, 32): (5,)}
    assert [bucket.latents_NCHW.shape[-2:] for bucket in stage.buckets] == [(8, 8), (4, 12)]
    for step in range(12):
        assert torch.isfinite(stage.loss(step).total)


def test_the_adapter_file_gives_the_network_that_was_trained(
    weights: Path, data: Path, tmp_path: Path
) -> None:
    stage = build_stage(weights, data)
    with torch.no_grad():
        for name, each in stage.parameters().items():
            each.copy_(torch.randn(each.shape, generator=torch.Generator().manual_seed(len(name))) * 0.1)
    file = tmp_path / "adapter.safetensors"
    stage.write(file)
    request = GenerateRequest(prompt="a cat", seed=1)
    worn = load_engine(TINY, weights, adapters=[Adapter(name="own", file=file)])
    assert difference(drawn(worn, request), drawn(stage.engine, request)) <= 1
    assert difference(drawn(worn, request), drawn(load_engine(TINY, weights), request)) > 1
    assert all(name.startswith("transformer.") for name in load_file(file))


def test_some_batches_are_of_what_is_kept(weights: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load_engine(TINY, weights)
    pictures = read_folder(data)
    stage = FinetuneStage(
        FinetuneSettings(rank=2, batch_size=2, keep_share=0.5, caption_drop=0.0),
        engine,
        pictures[:2],
        data.parent / "latents",
        lambda _: None,
        kept=[dataclasses.replace(each, caption="two birds") for each in pictures[2:5]],
    )
    read: list[str] = []
    encode = engine.parts.text.encode
    monkeypatch.setattr(engine.parts.text, "encode", lambda words: read.append(words[0]) or encode(words))
    for step in range(20):
        stage.loss(step)
    assert 4 < read.count("two birds") < 16
    assert set(read) == {"two birds", "the dog", "a cat"}


def test_an_editor_is_refused(weights: Path, data: Path) -> None:
    preset = dataclasses.replace(PRESETS["stickers-edit"], sizes=(Size(64, 64),))
    with pytest.raises(BadRecipe, match="stickers-edit edits"):
        FinetuneStage(
            FinetuneSettings(), load_engine(preset, weights), read_folder(data), data, lambda _: None
        )


def test_the_command_writes_an_adapter_goes_on_and_names_faults(
    weights: Path,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(PRESETS, "stickers-full", TINY)
    out = tmp_path / "squares.safetensors"
    command = ["finetune", "--data", str(data), "--weights", str(weights), "--out", str(out)]
    command += ["--runs", str(tmp_path / "runs"), "--rank", "2", "--batch", "2"]
    assert main([*command, "--steps", "3"]) == 0
    first = out.read_bytes()
    assert main([*command, "--steps", "5"]) == 0
    printed = capsys.readouterr().out
    assert "6 pictures" in printed
    assert "Resumed after step 3." in printed
    assert f"--lora {out}" in printed
    assert out.read_bytes() != first
    assert (tmp_path / "runs" / "finetune" / "squares" / "index.html").is_file()
    assert main([*command, "--steps", "6", "--eight-bit"]) == 2
    assert "32-bit moments" in capsys.readouterr().err
    assert main([*command, "--runs", str(tmp_path / "others"), "--steps", "2", "--eight-bit"]) == 0
    assert main([*command, "--rank", "0"]) == 2
    assert "at least 1" in capsys.readouterr().err


def drawn(engine: DiffusionEngine, request: GenerateRequest) -> Image.Image:
    return engine.generate(request, lambda _: None).image


def difference(one: Image.Image, other: Image.Image) -> int:
    return int(np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).max())
