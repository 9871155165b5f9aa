"""Batches: boxes follow the bending, labels sit on the cells of the centres."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.eyes.small import stores
from training.eyes.batches import Batch, bend, draw_batch, targets_of
from training.eyes.store import IGNORED

pytestmark = pytest.mark.font


def test_boxes_follow_a_bent_picture() -> None:
    """A white square on black: its mass stays inside the box that the labels give."""
    pixels = torch.full((16, 3, 128, 128), -1.0)
    pixels[:, :, 40:64, 70:100] = 1.0
    things = np.full((16, 8, 6), IGNORED, np.float32)
    things[:, 0] = (0, 1, 85, 52, 30, 24)
    bent, moved = bend(pixels, things, np.random.default_rng(0))
    for picture, (thing, *rest) in zip(bent, moved, strict=True):
        assert thing[0] == 0
        assert all(each[0] == IGNORED for each in rest)
        rows, columns = np.nonzero((picture[0] > 0).numpy())
        assert abs(columns.mean() + 0.5 - thing[2]) < 2.5
        assert abs(rows.mean() + 0.5 - thing[3]) < 2.5
        assert abs(columns.max() - columns.min() + 1 - thing[4]) < 6
    centres = {round(float(thing[0, 2])) for thing in moved}
    assert len(centres) > 8


def test_things_that_leave_the_picture_leave_the_labels() -> None:
    things = np.full((64, 8, 6), IGNORED, np.float32)
    things[:, 0] = (0, 1, 126, 64, 10, 10)
    _, moved = bend(torch.zeros(64, 3, 128, 128), things, np.random.default_rng(0))
    kept = moved[:, 0, 0] != IGNORED
    assert 0 < kept.sum() < 64
    assert (moved[kept, 0, 2] < 128).all()


def test_a_batch_repeats_for_its_seed_and_stays_in_range() -> None:
    first, again, other = (draw_batch(stores(), 6, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.pixels_B3HW, again.pixels_B3HW)
    assert not torch.equal(first.pixels_B3HW, other.pixels_B3HW)
    assert first.pixels_B3HW.shape == (6, 3, 128, 128)
    assert float(first.pixels_B3HW.abs().max()) <= 1.0


def test_targets_peak_at_the_centres() -> None:
    things = np.full((1, 8, 6), IGNORED, np.float32)
    things[0, 0] = (2, 1, 36, 60, 32, 16)
    things[0, 1] = (3, IGNORED, 100, 100, 32, 32)
    batch = Batch(
        pixels_B3HW=torch.zeros(1, 3, 128, 128),
        things_BT6=things,
        wholes_B3=torch.zeros(1, 3, dtype=torch.int64),
    )
    targets = targets_of(batch, 4)
    assert torch.nonzero(targets.heat_BKhw == 1).tolist() == [[0, 2, 7, 4], [0, 3, 12, 12]]
    at_centre = (targets.cells_N3 == torch.tensor([0, 7, 4])).all(1).nonzero()[0, 0]
    assert targets.colors_N[at_centre] == 1
    wanted = torch.tensor([0.0, 0.0, np.log(4.0), np.log(2.0)], dtype=torch.float32)
    assert torch.allclose(targets.boxes_N4[at_centre], wanted, atol=1e-6)
    assert set(targets.colors_N.tolist()) == {1, IGNORED}


def test_empty_pictures_have_empty_targets() -> None:
    things = np.full((2, 8, 6), IGNORED, np.float32)
    batch = Batch(
        pixels_B3HW=torch.zeros(2, 3, 128, 128),
        things_BT6=things,
        wholes_B3=torch.zeros(2, 3, dtype=torch.int64),
    )
    targets = targets_of(batch, 4)
    assert float(targets.heat_BKhw.max()) == 0
    assert targets.cells_N3.shape == (0, 3)
