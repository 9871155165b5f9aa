"""Students of a mixture of Gaussians, whose teacher is exact: distillation must bring them to the mixture."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engines.flow import clean_estimate, interpolate
from tests.training.distillation.mixture import (
    SHARES,
    SPREAD,
    PlaneNetwork,
    energy_distance,
    learn_velocity,
    mixture_velocity,
    sample_mixture,
    shares_of_modes,
    spread_around_modes,
)
from training.distillation.distiller import DistillationWeights, Distiller, Judged, Networks
from training.distillation.paths import PathName, RenoisedReals, SimulatedPath, StudentPath, Subjects
from training.distillation.pool import Drawn, TrajectoryPool, noise_like

SIGMAS = torch.tensor([1.0, 0.6, 0.0])
BATCH = 256
NUM_UPDATES, NUM_CRITIC_UPDATES = 250, 4


@dataclass(frozen=True, kw_only=True)
class Players:
    student: PlaneNetwork
    critic: PlaneNetwork
    heads: nn.Sequential
    distiller: Distiller[None]


@pytest.fixture(scope="module")
def pretrained() -> PlaneNetwork:
    torch.manual_seed(0)
    network = PlaneNetwork()
    learn_velocity(network, 1000, np.random.default_rng(0))
    return network


def players(pretrained: PlaneNetwork, weights: DistillationWeights) -> Players:
    torch.manual_seed(1)
    student, critic = copy.deepcopy(pretrained), copy.deepcopy(pretrained)
    heads = nn.Sequential(nn.Linear(3, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2))
    heads.append(nn.Linear(64, 1))
    networks: Networks[None] = Networks(
        student=lambda x, sigma, _: student(x, sigma),
        critic=lambda x, sigma, _: critic(x, sigma),
        teacher=lambda x, sigma, _: Judged(velocity_BX=mixture_velocity(x, sigma).detach(), features=[x]),
        features=lambda x, sigma, _: [x],
        heads=lambda features, sigma: heads(torch.cat([features[0], sigma[:, None]], dim=1)),
    )
    distiller = Distiller(networks=networks, weights=weights)
    return Players(student=student, critic=critic, heads=heads, distiller=distiller)


def evenly(count: int) -> Subjects:
    """Any of so many samples."""
    return lambda rng, num: torch.from_numpy(rng.integers(0, count, num))


def path_of(name: PathName, student: PlaneNetwork, rng: np.random.Generator) -> StudentPath:
    reals = sample_mixture(2048, rng)

    def step(drawn: Drawn) -> Tensor:
        sigma = SIGMAS[drawn.level_B]
        return clean_estimate(drawn.noisy_BX, student(drawn.noisy_BX, sigma), sigma)

    match name:
        case "pool":
            return TrajectoryPool(SIGMAS, reals, torch.zeros(2048, dtype=torch.long), rng)
        case "reals":
            return RenoisedReals(SIGMAS, reals, evenly(len(reals)))
        case "simulation":
            return SimulatedPath(SIGMAS, reals.shape[1:], evenly(1), step)


def distil(pretrained: PlaneNetwork, weights: DistillationWeights, path: PathName = "pool") -> PlaneNetwork:
    """The student's average over its updates."""
    rng = np.random.default_rng(1)
    four = players(pretrained, weights)
    pool = path_of(path, four.student, rng)
    ours = torch.optim.AdamW(four.student.parameters(), lr=1e-3, betas=(0.0, 0.99), weight_decay=0)
    rivals = [*four.critic.parameters(), *four.heads.parameters()]
    theirs = torch.optim.AdamW(rivals, lr=3e-3, betas=(0.0, 0.99))
    average = copy.deepcopy(four.student)
    for _ in range(NUM_UPDATES):
        for _ in range(NUM_CRITIC_UPDATES):
            drawn = pool.draw(rng, BATCH)
            critics = four.distiller.critics_round(
                drawn.noisy_BX, SIGMAS[drawn.level_B], None, sample_mixture(BATCH, rng), rng
            )
            theirs.zero_grad()
            critics.total.backward()
            theirs.step()
            pool.put_back(drawn, critics.clean_BX, drawn.subject_B, rng)
        drawn = pool.draw(rng, BATCH)
        step = four.distiller.student_round(drawn.noisy_BX, SIGMAS[drawn.level_B], None, rng)
        ours.zero_grad()
        step.total.backward()
        ours.step()
        pool.put_back(drawn, step.clean_BX, drawn.subject_B, rng)
        with torch.no_grad():
            for mean, now in zip(average.parameters(), four.student.parameters(), strict=True):
                mean.lerp_(now, 0.03)
    return average


@torch.no_grad()
def draw(network: PlaneNetwork, count: int = 2000) -> Tensor:
    """As inference does: two steps, fresh noise between them."""
    rng = np.random.default_rng(5)
    noisy = noise_like(torch.zeros(count, 2), rng)
    for sigma, following in pairwise(SIGMAS):
        clean = clean_estimate(noisy, network(noisy, sigma.expand(count)), float(sigma))
        noisy = interpolate(clean, noise_like(clean, rng), float(following))
    return noisy


def test_the_closed_form_draws_the_mixture() -> None:
    """The teacher in 100 Euler steps."""
    noisy = noise_like(torch.zeros(2000, 2), np.random.default_rng(5))
    sigmas = torch.linspace(1, 0, 101)
    for sigma, following in pairwise(sigmas):
        noisy = noisy + (following - sigma) * mixture_velocity(noisy, sigma.expand(2000))
    assert energy_distance(noisy, sample_mixture(2000, np.random.default_rng(6))) < 0.01
    assert spread_around_modes(noisy) == pytest.approx(SPREAD, rel=0.05)


@pytest.mark.parametrize(
    "weights",
    [
        DistillationWeights(adversarial=0.0),
        DistillationWeights(adversarial=0.03),
        DistillationWeights(matching=0.0, adversarial=1.0),
    ],
    ids=["matching", "both", "adversarial"],
)
def test_two_steps_come_near_the_mixture(pretrained: PlaneNetwork, weights: DistillationWeights) -> None:
    truth = sample_mixture(2000, np.random.default_rng(6))
    before, after = draw(pretrained), draw(distil(pretrained, weights))
    assert energy_distance(before, truth) > 0.2, "two steps of the teacher stop between the modes"
    assert energy_distance(after, truth) < 0.05
    assert (shares_of_modes(after) - SHARES).abs().max() < 0.1, "every mode keeps its share"
    assert spread_around_modes(after) < 0.7 * spread_around_modes(before)


@pytest.mark.parametrize("path", ["simulation", "reals"])
def test_every_path_comes_near_the_mixture(pretrained: PlaneNetwork, path: PathName) -> None:
    truth = sample_mixture(2000, np.random.default_rng(6))
    after = draw(distil(pretrained, DistillationWeights(adversarial=0.03), path))
    assert energy_distance(after, truth) < 0.05
    assert (shares_of_modes(after) - SHARES).abs().max() < 0.1


def test_a_critic_that_agrees_with_the_teacher_leaves_the_student_alone(pretrained: PlaneNetwork) -> None:
    four = players(pretrained, DistillationWeights(adversarial=0.0))
    agreed = Distiller(
        networks=Networks(
            student=four.distiller.networks.student,
            critic=lambda x, sigma, _: mixture_velocity(x, sigma),
            teacher=four.distiller.networks.teacher,
            features=four.distiller.networks.features,
            heads=four.distiller.networks.heads,
        ),
        weights=four.distiller.weights,
    )
    noisy, sigma = torch.randn(8, 2), torch.full((8,), 0.6)
    agreed.student_round(noisy, sigma, None, np.random.default_rng(0)).total.backward()
    assert all(p.grad is not None and not p.grad.any() for p in four.student.parameters())


def test_each_side_learns_alone(pretrained: PlaneNetwork) -> None:
    four = players(pretrained, DistillationWeights())
    noisy, sigma, rng = torch.randn(8, 2), torch.full((8,), 0.6), np.random.default_rng(0)
    four.distiller.critics_round(noisy, sigma, None, torch.randn(8, 2), rng).total.backward()
    assert all(p.grad is None for p in four.student.parameters())
    assert all(p.grad is not None and p.grad.any() for p in four.heads.parameters())
    assert all(p.grad is not None and p.grad.any() for p in four.critic.parameters())
    for parameter in four.critic.parameters():
        parameter.grad = None
    four.distiller.student_round(noisy, sigma, None, rng).total.backward()
    assert all(p.grad is not None and p.grad.any() for p in four.student.parameters())
    assert all(p.grad is None for p in four.critic.parameters())
