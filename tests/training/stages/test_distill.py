"""The distillation of the stickers' students: grids, captions, and a run that goes on where it stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from engines.load_engine import STICKERS
from engines.presets import PRESETS
from engines.sampling import official_scheduler, start
from engines.text import SUFFIXES, TextStack
from engines.vae import Vae
from training.distillation.paths import PATHS, PathName
from training.distillation.pool import TrajectoryPool
from training.loop import LoopSettings, train
from training.optim import OptimSettings
from training.precision import training_dtype
from training.recipes import find_recipe
from training.seeds import rng_for
from training.stages.distill import MatchingStage, RegressionStage
from training.stages.student import DistillSettings, Student, find_pairs
from training.stickers.models import LATENT_SIDE, build_text_encoders, build_transformer
from training.stickers.words import build_tokenizer
from training.velocity import velocity_of

RECIPE = find_recipe("smoke")


@pytest.fixture
def student() -> Student:
    return build_student()


def build_student(settings: DistillSettings = RECIPE.fast) -> Student:
    """With a network of random numbers and latents of none."""
    torch.manual_seed(0)
    scenes = RECIPE.pretrain
    network = build_transformer(width=scenes.width, num_dual=scenes.num_dual, num_single=scenes.num_single)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    encoders = build_text_encoders().to(training_dtype("cpu")).requires_grad_(False)
    text = TextStack(encoders, [build_tokenizer() for _ in SUFFIXES])
    latents = {
        "square": torch.randn(scenes.num_scenes, 16, LATENT_SIDE, LATENT_SIDE),
        "landscape": torch.randn(scenes.num_other_scenes, 16, 12, 20),
    }
    vae = Vae.from_pretrained(STICKERS / "vae")
    return Student("fast", settings, scenes, latents, network, text, vae)


@pytest.mark.parametrize(("name", "preset"), [("dev", "stickers-dev"), ("dev", "dev"), ("fast", "fast")])
def test_a_student_learns_the_steps_that_its_preset_takes(name: str, preset: str) -> None:
    recipe, known = find_recipe("stickers_cpu"), PRESETS[preset]
    settings = getattr(recipe, name)
    assert known.sampler == "lcm"
    scheduler = start(official_scheduler("lcm", 1.0 * (known.shift or 0)), known.num_steps, known.shift)
    assert settings.sigmas().tolist() == pytest.approx(scheduler.sigmas.tolist())
    assert (settings.sigmas()[0], settings.sigmas()[-1]) == (1, 0)


def test_pairs_are_drawn_more_often_by_their_share() -> None:
    pairs = set(find_pairs(RECIPE.pretrain, "square"))
    natural = len(pairs) / RECIPE.pretrain.num_scenes
    assert 0 < natural < 0.6
    for share in (0.0, 0.5, 1.0):
        student = build_student(replace(RECIPE.fast, pair_share=share, pool_size=2000))
        path = student.paths["square"]
        assert isinstance(path, TrajectoryPool)
        found = np.mean([int(subject) in pairs for subject in path.subject_P])
        assert found == pytest.approx(share + (1 - share) * natural, abs=0.05)


def test_a_trajectory_keeps_its_caption(student: Student) -> None:
    lot = student.draw(np.random.default_rng(0))
    one, drawn = lot.words, lot.drawn
    other = student.words(replace(drawn, level_B=drawn.level_B + 1), lot.shape)
    assert torch.equal(one.texts.t5_BTC, other.texts.t5_BTC)
    following = (drawn.subject_B + 1) % RECIPE.pretrain.num_scenes
    changed = student.words(replace(drawn, subject_B=following), lot.shape)
    assert not torch.equal(one.texts.t5_BTC, changed.texts.t5_BTC)
    assert torch.equal(one.empty.t5_BTC[0], one.empty.t5_BTC[3])


def test_the_teacher_stays_and_all_others_learn(student: Student) -> None:
    stage = MatchingStage(student)
    networks = {"teacher": student.teacher.network, "critic": stage.critic, "heads": stage.heads}
    before = {name: copies(net) for name, net in networks.items()}
    stage.loss(RECIPE.fast.listening_steps).total.backward()  # type: ignore[no-untyped-call]
    changed = {
        name: any(not torch.equal(p, was) for p, was in zip(net.parameters(), before[name], strict=True))
        for name, net in networks.items()
    }
    assert changed == {"teacher": False, "critic": True, "heads": True}
    assert all(p.grad is None for p in student.teacher.network.parameters())
    assert any(p.grad is not None and p.grad.any() for p in student.network.parameters())


def copies(network: torch.nn.Module) -> list[torch.Tensor]:
    return [p.detach().clone() for p in network.parameters()]


def test_regression_asks_for_the_guided_velocity(student: Student) -> None:
    stage, settings = RegressionStage(student), RECIPE.fast
    lot = student.draw(rng_for("fast-regression", settings.seed, 0))
    result, path = stage.loss(0), student.paths[lot.shape]
    with torch.no_grad():
        judged = student.teacher.judge(lot.noisy_BCHW, lot.sigma_B, lot.words, settings.guidance)
        guided = judged.velocity_BX
        own = velocity_of(student.network, lot.noisy_BCHW, lot.sigma_B, lot.words.texts)
    assert float(result.total.detach()) == pytest.approx(float((own - guided).square().mean()), rel=1e-2)
    assert isinstance(path, TrajectoryPool)
    rows = torch.from_numpy(lot.drawn.rows_B)
    assert torch.equal(path.level_P[rows], (lot.drawn.level_B + 1) % (len(student.sigmas) - 1))


def test_every_shape_has_its_turn_and_goes_through_all_networks(student: Student) -> None:
    stage = MatchingStage(student)
    shapes = {student.draw(rng_for("fast-matching", RECIPE.fast.seed, step)).shape for step in range(1, 30)}
    assert shapes == {"square", "landscape"}
    student.shares = np.array([0.0, 1.0])
    result = stage.loss(1)
    assert torch.isfinite(result.total)
    assert result.parts["matching"] > 0
    assert result.parts["discriminator"] > 0


def test_while_the_critics_listen_the_student_regresses_on() -> None:
    student = build_student(replace(RECIPE.fast, listening_steps=2))
    stage = MatchingStage(student)
    critic = copies(stage.critic)
    for step in range(3):
        parts = stage.loss(step).parts
        assert ("regression" in parts, "matching" in parts) == (step < 2, step == 2)
        assert parts["critic"] > 0
    assert any(not torch.equal(p, was) for p, was in zip(stage.critic.parameters(), critic, strict=True))


@pytest.mark.parametrize("name", ["student", "teacher"])
def test_the_critic_begins_as_the_recipe_says(name: Literal["student", "teacher"]) -> None:
    student = build_student(replace(RECIPE.fast, critic_start=name))
    with torch.no_grad():
        for parameter in student.network.parameters():
            parameter.add_(0.01)
    stage = MatchingStage(student)
    expected = student.network if name == "student" else student.teacher.network
    assert all(
        torch.equal(p, was) for p, was in zip(stage.critic.parameters(), expected.parameters(), strict=True)
    )
    masters = stage.optimizer.masters
    assert all(torch.equal(masters[f"critic.{each}"], p.float()) for each, p in expected.named_parameters())
    assert all(p.requires_grad for p in stage.critic.parameters())


def test_regression_beside_the_matching_has_its_weight() -> None:
    totals = {}
    for weight in (0.0, 10.0):
        stage = MatchingStage(
            build_student(replace(RECIPE.fast, regression_weight=weight, listening_steps=0))
        )
        result = stage.loss(0)
        totals[weight] = float(result.total.detach()) - weight * result.parts.get("regression", 0.0)
    assert totals[10.0] == pytest.approx(totals[0.0], rel=1e-3)


@pytest.mark.parametrize("left_out", ["matching", "adversarial"])
def test_a_term_that_is_left_out_leaves_the_loss(left_out: str) -> None:
    """What remains is the other term alone, and without the adversarial one nobody tells apart."""
    weights = replace(RECIPE.fast.weights, **{left_out: 0.0})
    stage = MatchingStage(build_student(replace(RECIPE.fast, weights=weights, listening_steps=0)))
    heads = copies(stage.heads)
    result = stage.loss(0)
    parts = result.parts
    if left_out == "matching":
        expected = weights.adversarial * parts["adversarial"]
    else:
        expected = parts["matching"]
        assert not {"adversarial", "discriminator"} & parts.keys()
        assert all(torch.equal(p, was) for p, was in zip(stage.heads.parameters(), heads, strict=True))
    assert float(result.total.detach()) == pytest.approx(expected, rel=1e-4)


def test_a_run_in_parts_is_the_unbroken_one_to_the_bit(tmp_path: Path) -> None:
    """Student, critics, heads and pool."""
    optim = OptimSettings(learning_rate=1e-3, num_steps=4, warmup_steps=1)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(MatchingStage(build_student()), LoopSettings(optim=optim, log_seconds=0), whole, lambda _: None)
    for _ in range(4):
        train(
            MatchingStage(build_student()),
            LoopSettings(optim=optim, log_seconds=0, minutes=0.0),
            parts,
            lambda _: None,
        )

    def series(folder: Path) -> list[float]:
        return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]

    assert len(series(whole)) == 4
    assert series(parts) == series(whole)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_trains(path: PathName, tmp_path: Path) -> None:
    optim = OptimSettings(learning_rate=1e-3, num_steps=3, warmup_steps=1)
    stage = MatchingStage(build_student(replace(RECIPE.fast, path=path)))
    train(stage, LoopSettings(optim=optim, log_seconds=0), tmp_path, lambda _: None)
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last["matching"] > 0
    assert last["critic"] > 0
