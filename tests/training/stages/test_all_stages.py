"""From nothing to a folder that draws and edits, at a size that learns nothing."""

import json
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engines.api import EditRequest, GenerateRequest, Progress
from engines.load_engine import load_engine
from engines.sampling import load_scheduler
from engines.sizes import Size
from engines.sparse_dit import SparseDiT
from engines.vae import Vae
from training.checkpoint import last_step, load_latest
from training.commands import main
from training.data.latent_reader import LatentReader
from training.distributed import ALONE, Team
from training.export import averaged_weights
from training.noise_levels import TrainedAt
from training.recipes import find_recipe
from training.sheets import batch_to_pictures, pictures_to_batch
from training.stages.autoencoder import AutoencoderSettings, build_autoencoder, pictures_of
from training.stages.closed_form import start_in_closed_form
from training.stages.drawings import labels_on_grid
from training.stages.edit import EditSettings, _draw_condition, training_edit
from training.stages.pretrain import PretrainStage
from training.stickers.edits import EditType
from training.stickers.layout import layout_labels
from training.stickers.scene import sample_scene

STAGES = "autoencoder pretrain posttrain edit dev fast dev-matching fast-matching".split()
MOST_SECONDS = 90
"""Of processor time, from raw scenes to scores: more than the wall clock shows where two cores are free."""


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """What the smoke recipe left behind, and the processor's time that it took."""

    runs: Path
    weights: Path
    cpu_seconds: float


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Smoke:
    """Every stage by its command, in the order of the README."""
    folder, started = tmp_path_factory.mktemp("smoke"), time.process_time()
    recipe = ["--recipe", "smoke", "--runs", str(folder / "runs")]
    for stage in STAGES:
        assert main([stage, *recipe, "--threads", "1"]) == 0
    out = folder / "weights"
    assert main(["export", *recipe, "--out", str(out)]) == 0
    return Smoke(runs=folder / "runs" / "smoke", weights=out, cpu_seconds=time.process_time() - started)


@pytest.fixture
def weights(smoke: Smoke) -> Path:
    return smoke.weights


def test_every_stage_leaves_a_log_of_finite_losses(smoke: Smoke) -> None:
    for stage in STAGES:
        log = [json.loads(line) for line in (smoke.runs / stage / "log.jsonl").read_text().splitlines()]
        assert log, stage
        assert all(math.isfinite(record["loss"]) for record in log), stage


def test_from_raw_scenes_to_scored_students_in_time(smoke: Smoke, tmp_path: Path) -> None:
    """Every variant of the family stands in the score's tables."""
    started, scores = time.process_time(), tmp_path / "scores.json"
    few = ["--prompts", "1", "--seeds", "1", "--steps", "2"]
    assert main(["score", "--weights", str(smoke.weights), *few, "--json", str(scores)]) == 0
    cpu_seconds = smoke.cpu_seconds + time.process_time() - started
    tables = json.loads(scores.read_text("utf-8"))["tables"]
    rows = {row["name"]: row for table in tables for row in table["rows"]}
    assert {"full", "dev", "fast", "edit"} <= rows.keys()
    for ceiling, drawn in (("true renders (ceiling)", "fast"), ("true target (ceiling)", "edit")):
        assert rows[ceiling]["overall"]["mean"] > rows[drawn]["overall"]["mean"]
    assert cpu_seconds < MOST_SECONDS


def test_a_student_that_was_matched_is_what_is_exported(smoke: Smoke) -> None:
    exported = SparseDiT.from_pretrained(smoke.weights, subfolder="transformer_fast").state_dict()
    matched, regressed = (averaged_weights(smoke.runs / name) for name in ("fast-matching", "fast"))
    assert all(torch.equal(exported[name].half(), each.half()) for name, each in matched.items())
    assert any(not torch.equal(matched[name], each) for name, each in regressed.items())


def test_exported_folder_draws_and_edits(weights: Path) -> None:
    steps: list[Progress] = []
    drawn = load_engine("stickers-full", weights).generate(
        GenerateRequest(prompt="a red car", seed=1, num_steps=2), steps.append
    )
    assert drawn.image.size == (256, 256)
    assert [progress.step for progress in steps] == [0, 1, 2]
    edited = load_engine("stickers-edit", weights).edit(
        EditRequest(image=drawn.image, instruction="make it night", seed=1, num_steps=2), steps.append
    )
    assert edited.image.size == (256, 256)


def test_students_draw_without_guidance(weights: Path) -> None:
    """What was exported is another network than the teacher, and the preset's own steps draw with it."""
    request = GenerateRequest(prompt="a red car", seed=1, num_steps=2)
    student = load_engine("stickers-dev", weights)
    assert student.generate(request, lambda _: None).guidance == 0
    teacher = load_engine("stickers-full", weights).parts.dit.state_dict()
    for folder in ("transformer_dev", "transformer_fast"):
        own = SparseDiT.from_pretrained(weights, subfolder=folder).state_dict()
        assert own.keys() == teacher.keys()
        assert any(not torch.equal(own[name].float(), teacher[name].float()) for name in own)


def test_stage_before_its_time_says_what_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--recipe", "smoke", "--runs", str(tmp_path)]) == 2
    assert "run that stage first" in capsys.readouterr().err


def test_closed_form_start_reconstructs_before_any_training() -> None:
    torch.manual_seed(0)
    model = build_autoencoder(AutoencoderSettings()).eval()
    pictures = pictures_of("held-out", 6)
    start_in_closed_form(model, pictures_to_batch(pictures_of("autoencoder-start", 16)))
    with torch.no_grad():
        decoded = batch_to_pictures(model.decoder(model.encoder(pictures_to_batch(pictures))))
    errors = [
        np.mean((np.asarray(a, np.float64) - np.asarray(b, np.float64)) ** 2)
        for a, b in zip(pictures, decoded, strict=True)
    ]
    assert 10 * np.log10(255**2 / np.mean(errors)) > 20


def test_edit_dropouts_leave_most_samples_whole() -> None:
    settings, rng = EditSettings(), np.random.default_rng(0)
    shown = [_draw_condition(rng, settings) for _ in range(4000)]
    has_text, has_source = (
        np.array([getattr(each, name) for each in shown]) for name in ("has_text", "has_source")
    )
    assert np.mean(~has_text & has_source) == pytest.approx(settings.text_drop, abs=0.015)
    assert np.mean(has_text & ~has_source) == pytest.approx(settings.source_drop, abs=0.015)
    assert np.mean(~has_text & ~has_source) == pytest.approx(settings.both_drop, abs=0.015)


def test_edits_come_by_share_and_the_same_each_time() -> None:
    settings = EditSettings(type_shares={EditType.ADD: 3, EditType.STYLE: 1})
    edits = [training_edit(settings, index) for index in range(200)]
    assert {edit.type for edit in edits} == {EditType.ADD, EditType.STYLE}
    assert np.mean([edit.type is EditType.ADD for edit in edits]) == pytest.approx(0.75, abs=0.1)
    assert training_edit(settings, 7) == edits[7] != edits[8]


def test_pretrain_gradients_reach_everything_that_is_kept(weights: Path, tmp_path: Path) -> None:
    settings = find_recipe("smoke").pretrain
    stage = PretrainStage(
        settings, Vae.from_pretrained(weights / "vae"), tmp_path / "cache", lambda text: None
    )
    for parameter in stage.parameters().values():
        parameter.data += 0.02 * torch.randn_like(parameter)  # the zero start hides what is behind it
    stage.loss(0).total.backward()  # type: ignore[no-untyped-call]
    silent = {name for name, parameter in stage.parameters().items() if parameter.grad is None}
    assert not {name for name in silent if name.startswith("transformer.")}
    assert isinstance(stage.contact_sheet(), Image.Image)


def test_batches_come_in_every_shape(weights: Path, tmp_path: Path) -> None:
    settings = replace(find_recipe("smoke").pretrain, num_other_scenes=16)
    stage = PretrainStage(
        settings, Vae.from_pretrained(weights / "vae"), tmp_path / "cache", lambda text: None
    )
    sides = [bucket.latent_shape[1:] for bucket in stage.latents.buckets]
    assert sides == [(16, 16), (12, 20), (20, 12)]
    assert all(torch.isfinite(stage.loss(step).total) for step in range(6))


def test_same_step_same_batch(weights: Path, tmp_path: Path) -> None:
    settings = find_recipe("smoke").pretrain
    vae = Vae.from_pretrained(weights / "vae")
    first = PretrainStage(settings, vae, tmp_path / "cache", lambda text: None)
    second = PretrainStage(settings, vae, tmp_path / "cache", lambda text: None)
    assert first.loss(7).total.item() == second.loss(7).total.item()


def test_growing_pictures_start_from_the_stage_before(weights: Path) -> None:
    """128, 192, 256 px by the recipe; labels shrink with the picture."""
    runs = weights.parent / "runs" / "smoke"
    sizes = [
        {bucket.size for bucket in LatentReader(runs / "latents" / name).buckets}
        for name in ("pretrain-128", "pretrain-192", "pretrain")
    ]
    assert sizes == [
        {Size(128, 128), Size(160, 96), Size(96, 160)},
        {Size(192, 192), Size(224, 128), Size(128, 224)},
        {Size(256, 256), Size(320, 192), Size(192, 320)},
    ]
    steps = [last_step(runs / name) for name in ("pretrain-128", "pretrain-192", "pretrain")]
    assert steps == [1, 1, 2]
    scenes = [sample_scene(np.random.default_rng(0), shape="landscape")]
    whole, half = labels_on_grid(scenes, (6, 10)), labels_on_grid(scenes, (3, 5))
    assert torch.equal(whole, layout_labels(scenes))
    assert half.shape == (2, 1, 15)
    assert set(half.unique().tolist()) <= set(whole.unique().tolist())


def test_what_was_trained_is_what_is_sampled(weights: Path) -> None:
    saved, _ = load_latest(
        weights.parent / "runs" / "smoke" / "posttrain" / "checkpoints", "ema/transformer.x"
    )
    assert saved is not None
    trained_at = TrainedAt.from_notes(saved.notes)
    assert trained_at is not None
    assert trained_at.num_tokens == 64
    scheduler = load_scheduler(weights / "scheduler")
    assert scheduler.config.flow_shift == trained_at.sampling_shift == 1.5


def test_ranks_take_their_part_of_one_batch(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mean of two ranks' losses is the batch's; here each takes its own load for that of all."""
    monkeypatch.setattr(Team, "wait", lambda self: None)
    monkeypatch.setattr(Team, "mean", lambda self, tensor: tensor.detach())
    settings = find_recipe("smoke").pretrain
    vae = Vae.from_pretrained(weights / "vae")

    def flow(team: Team) -> float:
        stage = PretrainStage(settings, vae, tmp_path / "cache", lambda text: None, team=team)
        return stage.loss(3).parts["flow"]

    halves = [flow(Team(rank=rank, size=2)) for rank in (0, 1)]
    assert np.mean(halves) == pytest.approx(flow(ALONE), rel=0.01)
    assert abs(halves[0] - halves[1]) > 1e-3
