"""The published classes at tiny size, in many processes: from a folder of pictures to weights that load."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from engines.api import GenerateRequest
from engines.load_engine import load_engine
from engines.presets import PRESETS
from engines.sampling import load_scheduler
from engines.sizes import Size
from engines.sparse_dit import SparseDiT
from engines.sparse_dit.config import SparseDiTConfig
from tests.engines.tiny import TRANSFORMER, build_folder
from tests.training.teams import in_team
from training.checkpoint import checkpoints, latest, load_latest
from training.cluster import Place, encode_pictures, export, run_stage
from training.cluster_recipes import ClusterRecipe, ClusterStage, find_cluster_recipe
from training.commands import main
from training.distributed import ALONE, Team
from training.errors import CorruptCheckpoint
from training.journal import read_log
from training.loop import silent
from training.materialize import materialize, on_meta, start_from_weights
from training.noise_levels import NoiseLevels
from training.official import write_transformer

TINY = replace(PRESETS["stickers-full"], sizes=(Size(64, 64),), num_steps=2)
WORDS = ("a red cat", "the blue dog", "a green star", "a car on the left")


def tiny(num_steps: int = 3, **changes: object) -> ClusterRecipe:
    def stage(px: int, steps: int) -> ClusterStage:
        return ClusterStage(
            name=f"pretrain-{px}",
            resolution_px=px,
            num_steps=steps,
            batch=8,
            batch_of="all",
            most_at_once=8,
            learning_rate=3e-3,
            warmup_steps=2,
        )

    recipe = ClusterRecipe(
        name="tiny",
        config=SparseDiTConfig(
            **{key: tuple(v) if isinstance(v, list) else v for key, v in TRANSFORMER.items()}
        ),
        stages=(stage(32, num_steps), stage(64, 2), replace(stage(64, 2), name="posttrain", resize="area")),
        noise_levels=NoiseLevels(mean=0.0, shift_by="sqrt", base_tokens=4),
        precision="float32",
        log_seconds=0.0,
        sheet_prompts=("a red cat",),
    )
    return replace(recipe, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_folder(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Path:
    """Shards of twelve pictures in three outlines."""
    folder = tmp_path_factory.mktemp("pictures")
    for index in range(12):
        picture = Image.new("RGB", [(64, 64), (96, 48), (48, 96)][index % 3], "white")
        ImageDraw.Draw(picture).rectangle((8, 8, 20 + 2 * index, 30), fill=(20 * index, 90, 200))
        picture.save(folder / f"{index:02}.png")
        (folder / f"{index:02}.txt").write_text(WORDS[index % len(WORDS)])
    encode_pictures(tiny(), folder, weights, folder / "shards", ALONE, lambda _: None)
    return folder / "shards"


def train_stage(
    team: Team,
    runs: Path,
    recipe: ClusterRecipe,
    stage: str,
    data: Path,
    weights: Path,
    before: Path | None = None,
) -> None:
    place = Place(runs=runs, data=data, weights=weights, team=team)
    say = print if team.is_first else silent
    run_stage(recipe, recipe.stage(stage), place, say, before=before)


def losses(folder: Path) -> list[float]:
    return [float(record["loss"]) for record in read_log(folder)]


def test_world_sizes_give_one_loss_series(data: Path, weights: Path, tmp_path: Path) -> None:
    """Each a network of its own, sharded over 2 and 4, with recomputed activations: nothing differs but order
    of sums."""
    for size in (1, 2, 4):
        in_team(size, tmp_path / f"{size}", train_stage, tiny(num_steps=4), "pretrain-32", data, weights)
    series = [losses(tmp_path / f"{size}" / "pretrain-32") for size in (1, 2, 4)]
    assert len(series[0]) == 4
    assert series[1] == pytest.approx(series[0], abs=1e-5)
    assert series[2] == pytest.approx(series[0], abs=1e-5)


def test_a_run_goes_on_in_a_world_of_another_size_and_its_export_loads(
    data: Path, weights: Path, tmp_path: Path
) -> None:
    """Two processes, then four, then one; the next resolution, post-training; official files at the end."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    recipe = tiny(num_steps=4)
    in_team(1, whole, train_stage, recipe, "pretrain-32", data, weights)
    for size, steps in ((2, 2), (4, 3), (1, 4)):
        some = replace(recipe, stages=(replace(recipe.stages[0], num_steps=steps), *recipe.stages[1:]))
        in_team(size, parts, train_stage, some, "pretrain-32", data, weights)
    assert losses(parts / "pretrain-32") == pytest.approx(losses(whole / "pretrain-32"), abs=1e-5)
    first, _ = load_latest(parts / "pretrain-32" / "checkpoints", "ema/")
    in_team(2, parts, train_stage, recipe, "pretrain-64", data, weights, parts / "pretrain-32")
    in_team(2, parts, train_stage, recipe, "posttrain", data, weights, parts / "pretrain-64")
    assert [each.is_dir() for each in checkpoints(parts / "posttrain" / "checkpoints")] == [True]
    out = export(recipe, parts, tmp_path / "out", weights)
    network = SparseDiT.from_pretrained(out, "transformer", dtype=torch.float32)
    last, _ = load_latest(parts / "posttrain" / "checkpoints", "ema/")
    assert first is not None
    assert last is not None
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, last.tensors[f"ema/{name}"].bfloat16().float(), rtol=0, atol=0)
    assert any(not torch.equal(each, first.tensors[name]) for name, each in last.tensors.items())
    assert load_scheduler(out / "scheduler").config.flow_shift == pytest.approx(
        2.0
    )  # 16 tokens on a base of 4
    engine = load_engine(replace(TINY, sampler=None), out)
    assert engine.generate(GenerateRequest(prompt="a red cat", seed=1), lambda _: None).image.size == (64, 64)


def test_the_commands_say_what_they_need(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = ["--recipe", "hidream_i1", "--runs", str(tmp_path)]
    assert main(["pretrain", *recipe]) == 2
    assert "needs --data" in capsys.readouterr().err
    assert main(["edit", *recipe]) == 2
    assert "hidream_i1 has no stage edit" in capsys.readouterr().err
    assert main(["export", *recipe]) == 2
    assert "run a stage first" in capsys.readouterr().err
    assert main(["pretrain", *recipe, "--set", "stages.0.batch=many"]) == 2
    assert "stages.0.batch cannot be 'many'" in capsys.readouterr().err
    assert find_cluster_recipe("hidream_i1", ["stages.3.batch=32"]).stages[3].batch == 32


def test_many_parts_are_read_as_one(data: Path, weights: Path, tmp_path: Path) -> None:
    """By our loading code, and by names that an index lists."""
    in_team(1, tmp_path, train_stage, tiny(num_steps=1), "pretrain-32", data, weights)
    saved, _ = latest(tmp_path / "pretrain-32" / "checkpoints")
    assert saved is not None
    out = tmp_path / "transformer"
    write_transformer(out, on_meta(tiny().config), saved, torch.float32, part_bytes=20_000)
    assert len(list(out.glob("diffusion_pytorch_model-*-of-*.safetensors"))) > 3
    state = SparseDiT.from_pretrained(out).state_dict()
    assert all(
        torch.equal(value, saved.read([f"ema/{name}"])[f"ema/{name}"]) for name, value in state.items()
    )
    network = materialize(tiny().config, ALONE, torch.float32, seed=1)
    start_from_weights(network, out, lambda _: None)
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    other = materialize(replace(tiny().config, in_channels=8, out_channels=8), ALONE, torch.float32, seed=1)
    with pytest.raises(CorruptCheckpoint, match="does not fit"):
        start_from_weights(other, out, lambda _: None)


def test_a_network_begins_the_same_whole_or_by_blocks() -> None:
    first, second = (materialize(tiny().config, ALONE, torch.float32, seed=seed) for seed in (3, 4))
    again = materialize(tiny().config, ALONE, torch.float32, seed=3)
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
        assert torch.isfinite(value).all()
    assert any(
        not torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items()
    )
    blocks = [block.state_dict()["block.attn1.to_q.weight"] for block in first.blocks()]
    assert not torch.equal(blocks[0], blocks[1])
    assert all("adaLN" not in name or not value.any() for name, value in first.state_dict().items())
