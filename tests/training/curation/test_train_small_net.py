"""What teaches the embedded network: siblings, views, the loss of copies, and where 0.5 comes to lie."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from training.data.curation.planted import UNSAFE_KIND, safe_scene
from training.data.curation.small_net import SmallNet
from training.data.curation.train_small_net import (
    Drawn,
    Pace,
    calibrate,
    copy_loss,
    cut_of,
    judged,
    logits_of,
    sibling,
    view,
)
from training.seeds import rng_for


def test_a_sibling_has_the_same_ground_and_places_but_other_things() -> None:
    differing = 0
    for index in range(60):
        rng = rng_for("test-siblings", 0, index)
        scene = safe_scene(rng)
        other = sibling(scene, rng)
        assert (other.background, other.style, other.shape) == (scene.background, scene.style, scene.shape)
        assert [(each.x, each.y, each.size) for each in other.things] == [
            (each.x, each.y, each.size) for each in scene.things
        ]
        assert all(each.kind != UNSAFE_KIND for each in other.things)
        differing += other != scene
    assert differing > 50


def test_copies_alike_and_others_unlike_cost_least() -> None:
    torch.manual_seed(0)
    one = F.normalize(torch.randn(16, 64), dim=1)
    near = F.normalize(one + 0.01 * torch.randn(16, 64), dim=1)
    far = F.normalize(torch.randn(16, 64), dim=1)
    assert copy_loss(one, near) < 0.1 < copy_loss(one, far)
    assert copy_loss(one, near) < copy_loss(one, near.flip(0))


def test_views_keep_shape_and_range_and_are_not_the_same() -> None:
    pictures = torch.rand(4, 3, 32, 32) * 2 - 1
    seen = view(pictures, np.random.default_rng(1))
    assert seen.shape == pictures.shape
    assert seen.abs().max() <= 1
    assert not torch.equal(seen, view(pictures, np.random.default_rng(2)))


def test_the_cut_is_the_lowest_score_with_that_precision() -> None:
    logits = np.array([5, 4, 3, 2, 1, 0], np.float32)
    labels = np.array([1, 1, 1, 0, 1, 0], np.float32)
    assert cut_of(logits, labels, 0.99) == pytest.approx(2.5)
    assert cut_of(logits, labels, 0.8) == pytest.approx(0.5)


def test_calibration_moves_a_half_to_the_cut_of_each_head() -> None:
    torch.manual_seed(0)
    network = SmallNet().eval()
    pictures = (torch.rand(40, 3, 160, 160) * torch.linspace(20, 255, 40)[:, None, None, None]).to(
        torch.uint8
    )
    labels = (torch.rand(40, 4) < 0.5).float()
    drawn = Drawn(pictures=pictures, labels=labels)
    before = logits_of(network, drawn)
    cuts = [cut_of(before[:, head].numpy(), labels[:, head].numpy(), 0.9) for head in range(4)]
    calibrate(network, drawn, 0.9)
    torch.testing.assert_close(logits_of(network, drawn), before - torch.tensor(cuts))
    found, wanted = logits_of(network, drawn)[:, 0] > 0, labels[:, 0] > 0
    precision = float((found & wanted).sum() / found.sum())
    assert judged(network, drawn)["watermark"]["precision"] == pytest.approx(precision, abs=1e-4)


def test_the_rate_rises_and_falls_over_steps_or_minutes() -> None:
    pace = Pace(steps=100, batch=8, learning_rate=1.0, minutes=1.0)
    now = time.monotonic()
    assert pace.progress(50, now) == pytest.approx(0.5, abs=0.01)
    assert pace.progress(10, now - 45) == pytest.approx(0.75, abs=0.01)
    rates = [pace.rate(each) for each in (0.0, 0.05, 0.1, 0.5, 1.0)]
    assert rates[0] < rates[1] < rates[2] == 1.0 > rates[3] > rates[4]
