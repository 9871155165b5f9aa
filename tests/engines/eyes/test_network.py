"""The network takes any outline, and its shapes are what its readers expect."""

from __future__ import annotations

import pytest
import torch

from engines.eyes.network import EyesNetwork, Names

NAMES = Names(classes=("cat", "dog"), colors=("red",), backgrounds=("plain", "night"), styles=("sepia",))


@pytest.mark.parametrize(("height", "width"), [(128, 128), (96, 160), (16, 512)])
def test_shapes(height: int, width: int) -> None:
    view = EyesNetwork(NAMES, (4, 8, 8, 8)).eval()(torch.zeros(2, 3, height, width))
    assert view.kinds_BKhw.shape == (2, 3, height // 8, width // 8)
    assert view.colors_BKhw.shape == (2, 2, height // 8, width // 8)
    assert view.boxes_B4hw.shape == (2, 4, height // 8, width // 8)
    assert (view.backgrounds_BK.shape, view.styles_BK.shape, view.known_B.shape) == ((2, 2), (2, 2), (2,))


def test_a_fresh_network_sees_nothing_yet() -> None:
    view = EyesNetwork(NAMES).eval()(torch.zeros(1, 3, 128, 128))
    assert float(view.kinds_BKhw.detach().sigmoid().max()) < 0.2
