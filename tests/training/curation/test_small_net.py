"""The embedded network: weights that are none are refused, copies are near, and planted truth is told."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.data.curation.planted import Copy, Fault, copied, draw_planted, plant, read_truth
from training.data.curation.small_net import load_small_net
from training.errors import BadRecipe
from training.seeds import rng_for

pytestmark = pytest.mark.font


def test_planted_pictures_come_with_the_truth(tmp_path: Path) -> None:
    truth = plant(tmp_path, 40, seed=5, copy_share=0.5, fault_share=0.5)
    assert read_truth(tmp_path) == truth
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert all(each.name in files for each in truth)
    copies = [each for each in truth if each.copy is not None]
    assert len({each.copy for each in copies}) >= 3
    assert all(files[each.name] == files[each.copy_of] for each in copies if each.copy is Copy.BYTES)
    assert all(files[each.name] != files[each.copy_of] for each in copies if each.copy is not Copy.BYTES)
    assert {each.fault for each in truth} >= {Fault.BLANK, Fault.UGLY, None}


@pytest.mark.parametrize("kind", [*Copy])
def test_a_copy_is_nearer_than_any_other_picture(kind: Copy) -> None:
    network, files = load_small_net(), []
    for index in range(24):
        _, image = draw_planted(rng_for("test-small-net", 0, index), None)
        files.append(image)
    rng = np.random.default_rng(2)
    copies = []
    for image in files:
        file = BytesIO()
        image.save(file, "PNG")
        copies.append(Image.open(BytesIO(copied(file.getvalue(), kind, rng, "x")[1])).convert("RGB"))
    originals, twins = network.look(files)[0].numpy(), network.look(copies)[0].numpy()
    alike = originals @ twins.T
    assert float(np.mean(np.argmax(alike, axis=1) == np.arange(len(files)))) >= 0.95


def test_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="holds no small network"):
        load_small_net(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\x80\x04pickle?")
    with pytest.raises(BadRecipe, match="holds no small network"):
        load_small_net(tmp_path)
