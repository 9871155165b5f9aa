"""The embedded networks: weights that are none are refused, copies are near, and planted truth is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.commands import main
from training.data.curation import train_curators
from training.data.curation.judge_net import HEADS, load_judge_net
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
    originals, twins = network.look(files).numpy(), network.look(copies).numpy()
    alike = originals @ twins.T
    assert float(np.mean(np.argmax(alike, axis=1) == np.arange(len(files)))) >= 0.95


@pytest.mark.parametrize(
    ("fault", "head"),
    [
        (Fault.WATERMARK, "watermark"),
        (Fault.BLUR, "blurred"),
        (Fault.UNSAFE, "unsafe"),
        (Fault.UGLY, "ugly"),
    ],
)
def test_a_planted_fault_is_told_from_none(fault: Fault, head: str) -> None:
    """Of two pictures the one with the fault scores higher nearly always (the area under the curve)."""
    rngs = [rng_for("test-judge-net", index, number) for index in range(2) for number in range(40)]
    pictures = [draw_planted(rng, fault if number < 40 else None)[1] for number, rng in enumerate(rngs)]
    faulty, fine = np.split(load_judge_net().look(pictures)[:, HEADS.index(head)].numpy(), 2)
    assert float(np.mean(faulty[:, None] > fine)) >= 0.95


def test_no_pictures_have_no_scores() -> None:
    assert load_judge_net().look([]).shape == (0, len(HEADS))
    assert load_small_net().look([]).shape == (0, 128)


@pytest.mark.parametrize("load", [load_small_net, load_judge_net])
def test_weights_that_are_none_are_refused(load: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="holds no small network"):
        load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\x80\x04pickle?")
    with pytest.raises(BadRecipe, match="holds no small network"):
        load(tmp_path)


@pytest.mark.parametrize(("network", "load"), [("descriptors", load_small_net), ("judges", load_judge_net)])
def test_training_writes_what_is_loaded(
    network: str, load: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(train_curators.COURSES[network], batch_size=8)
    monkeypatch.setitem(train_curators.COURSES, network, short)
    monkeypatch.setattr(train_curators, "NUM_HELD_OUT", 8)
    words = ["curators", network, "--pictures", "16", "--steps", "2", "--out", str(tmp_path)]
    assert main(words) == 0
    load(tmp_path)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (report["pictures"], report["steps"]) == (16, 2)
    assert main([*words[:2], "--steps", "0"]) == 2
