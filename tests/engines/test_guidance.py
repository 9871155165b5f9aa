"""Guidance formulas on numbers that can be checked by hand."""

from __future__ import annotations

import torch

from engines.guidance import guide, guide_edit, guide_edit_clipped


def velocity(*channels: float) -> torch.Tensor:
    return torch.tensor(channels).reshape(1, -1, 1, 1)


def test_one_condition() -> None:
    assert guide(velocity(1.0), velocity(3.0), 4.0).item() == 9.0
    assert guide(velocity(1.0), velocity(3.0), 1.0).item() == 3.0


def test_two_conditions() -> None:
    assert guide_edit(velocity(1.0), velocity(2.0), velocity(5.0), 3.0, 1.5).item() == 1 + 1.5 * 1 + 3 * 3


def test_clipped_guidance_shortens_to_the_length_of_the_full_velocity() -> None:
    full, source, text = velocity(3.0, 4.0), velocity(0.0, 0.0), velocity(1.0, 1.0)
    # Guided by 2 it would be (6, 8); clipped to length 5 it is (3, 4) again.
    torch.testing.assert_close(guide_edit_clipped(text, source, full, 2.0, 1.0), full)
    torch.testing.assert_close(guide_edit_clipped(text, source, full, 2.0, 2.0), 2 * full - text)


def test_clipped_guidance_never_lengthens() -> None:
    full, source = velocity(3.0, 4.0), velocity(6.0, 8.0)
    guided = source + 2.0 * (full - source)
    torch.testing.assert_close(guide_edit_clipped(velocity(0.0, 0.0), source, full, 2.0, 1.0), guided)
