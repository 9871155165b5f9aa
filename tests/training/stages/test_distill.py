"""The distillation of the stickers' students: grids, captions, and a run that goes on where it stopped."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.load_engine import STICKERS
from engines.presets import PRESETS
from engines.sampling import official_scheduler, start
from engines.text import SUFFIXES, TextStack
from engines.vae import Vae
from training.distillation.paths import PATHS, PathName
from training.loop import LoopSettings, train
from training.optim import OptimSettings
from training.recipes import find_recipe
from training.seeds import rng_for
from training.stages.distill import DistillSettings, DistillStage
from training.stickers.models import LATENT_SIDE, build_text_encoders, build_transformer
from training.stickers.words import build_tokenizer
from training.velocity import velocity_of

RECIPE = find_recipe("smoke")


@pytest.fixture
def stage() -> DistillStage:
    return build_stage()


def build_stage(distilling: DistillSettings = RECIPE.fast) -> DistillStage:
    """With a network of random numbers and latents of none."""
    torch.manual_seed(0)
    settings = RECIPE.pretrain
    network = build_transformer(
        width=settings.width, num_dual=settings.num_dual, num_single=settings.num_single
    )
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    encoders = build_text_encoders().to(torch.bfloat16).requires_grad_(False)
    text = TextStack(encoders, [build_tokenizer() for _ in SUFFIXES])
    latents = torch.randn(settings.num_scenes, 16, LATENT_SIDE, LATENT_SIDE)
    vae = Vae.from_pretrained(STICKERS / "vae")
    return DistillStage("fast", distilling, settings, latents, network, text, vae)


@pytest.mark.parametrize(("name", "preset"), [("dev", "stickers-dev"), ("dev", "dev"), ("fast", "fast")])
def test_a_student_learns_the_steps_that_its_preset_takes(name: str, preset: str) -> None:
    recipe, known = find_recipe("stickers_cpu"), PRESETS[preset]
    settings = getattr(recipe, name)
    assert known.sampler == "lcm"
    scheduler = start(official_scheduler("lcm", 1.0 * (known.shift or 0)), known.num_steps, known.shift)
    assert settings.sigmas().tolist() == pytest.approx(scheduler.sigmas.tolist())
    assert (settings.sigmas()[0], settings.sigmas()[-1]) == (1, 0)


def test_a_trajectory_keeps_its_caption(stage: DistillStage) -> None:
    drawn = stage.path.draw(np.random.default_rng(0), 4)
    one, other = stage._words(drawn), stage._words(replace(drawn, level_B=drawn.level_B + 1))
    assert torch.equal(one.texts.t5_BTC, other.texts.t5_BTC)
    changed = stage._words(replace(drawn, subject_B=(drawn.subject_B + 1) % RECIPE.pretrain.num_scenes))
    assert not torch.equal(one.texts.t5_BTC, changed.texts.t5_BTC)
    assert torch.equal(one.empty.t5_BTC[0], one.empty.t5_BTC[3])


def test_the_teacher_is_guided_below_its_bound_alone(stage: DistillStage) -> None:
    drawn = stage.path.draw(np.random.default_rng(0), 2)
    words, sigmas = stage._words(drawn), torch.tensor([0.95, 0.5])
    with torch.no_grad():
        judged = stage._judge(drawn.noisy_BX, sigmas, words, 3.0)
        plain = velocity_of(stage.teacher, drawn.noisy_BX, sigmas, words.texts)
        empty = velocity_of(stage.teacher, drawn.noisy_BX, sigmas, words.empty)
    torch.testing.assert_close(judged.velocity_BX[0], plain[0])
    expected = empty[1] + 3 * (plain[1] - empty[1])
    torch.testing.assert_close(judged.velocity_BX[1], expected)
    assert [rows.shape for rows in judged.features] == [(2, 64, RECIPE.pretrain.width)] * 2


def test_the_teacher_stays_and_all_others_learn(stage: DistillStage) -> None:
    networks = {"teacher": stage.teacher, "critic": stage.critic, "heads": stage.heads}
    before = {name: [p.detach().clone() for p in net.parameters()] for name, net in networks.items()}
    stage.loss(RECIPE.fast.regression_steps).total.backward()  # type: ignore[no-untyped-call]
    changed = {
        name: any(not torch.equal(p, was) for p, was in zip(net.parameters(), before[name], strict=True))
        for name, net in networks.items()
    }
    assert changed == {"teacher": False, "critic": True, "heads": True}
    assert all(p.grad is None for p in stage.teacher.parameters())
    assert any(p.grad is not None and p.grad.any() for p in stage.student.parameters())


def test_regression_asks_for_the_guided_velocity_and_leaves_the_critics(stage: DistillStage) -> None:
    before = [p.detach().clone() for p in stage.critics.parameters()]
    same = copy.deepcopy(stage.path)
    result = stage.loss(0)
    assert all(torch.equal(p, was) for p, was in zip(stage.critics.parameters(), before, strict=True))
    drawn = same.draw(rng_for("fast-regression", stage.settings.seed, 0), stage.batch_size)
    words, sigma_B = stage._words(drawn), same.sigmas[drawn.level_B]
    with torch.no_grad():
        guided = stage._judge(drawn.noisy_BX, sigma_B, words, stage.settings.guidance).velocity_BX
        own = velocity_of(stage.student, drawn.noisy_BX, sigma_B, words.texts)
    assert float(result.total.detach()) == pytest.approx(float((own - guided).square().mean()), rel=1e-2)
    rows = torch.from_numpy(drawn.rows_B)
    assert torch.equal(stage.path.level_P[rows], (drawn.level_B + 1) % (len(same.sigmas) - 1))


def test_the_critic_begins_where_regression_left_the_student(stage: DistillStage) -> None:
    with torch.no_grad():
        for p in stage.student.parameters():
            p.add_(0.01)
    student = stage.student.state_dict()
    stage._begin_critics()
    critic = stage.critic.state_dict()
    assert all(torch.equal(critic[name], each) for name, each in student.items())
    masters = stage.optimizer.masters
    assert all(
        torch.equal(masters[f"critic.{name}"], p.float()) for name, p in stage.student.named_parameters()
    )


def test_a_run_in_parts_is_the_unbroken_one_to_the_bit(tmp_path: Path) -> None:
    """Student, critics, heads and pool."""
    optim = OptimSettings(learning_rate=1e-3, num_steps=4, warmup_steps=1)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(build_stage(), LoopSettings(optim=optim, log_seconds=0), whole, lambda _: None)
    for _ in range(4):
        train(build_stage(), LoopSettings(optim=optim, log_seconds=0, minutes=0.0), parts, lambda _: None)

    def series(folder: Path) -> list[float]:
        return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]

    assert len(series(whole)) == 4
    assert series(parts) == series(whole)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_trains(path: PathName, tmp_path: Path) -> None:
    optim = OptimSettings(learning_rate=1e-3, num_steps=3, warmup_steps=1)
    stage = build_stage(replace(RECIPE.fast, path=path))
    train(stage, LoopSettings(optim=optim, log_seconds=0), tmp_path, lambda _: None)
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last["matching"] > 0
    assert last["critic"] > 0
