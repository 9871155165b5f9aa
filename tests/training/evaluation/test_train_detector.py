"""Labels, loss and a very short training of the judge."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from training.evaluation.examples import Example, sample_example
from training.evaluation.train_detector import add_arguments, detector_loss, make_labels, run
from training.seeds import rng_for
from training.stickers.catalogue import COLORS, KINDS
from training.stickers.detector import Detector, DetectorNetwork, GridOutput, Thresholds, to_input
from training.stickers.scene import Thing

DOG = Thing(kind="dog", color="red", x=40, y=200, size=64)
CAT = Thing(kind="cat", color=None, x=200, y=72, size=90)
STRANGER = Thing(kind="bus", color="blue", x=128, y=128, size=60)


def example(style: str | None = None) -> Example:
    picture = Image.new("RGB", (256, 256))
    return Example(picture=picture, things=(DOG, CAT), strangers=(STRANGER,), background="sky", style=style)


def test_labels_stand_in_the_cells_of_the_centres() -> None:
    labels = make_labels([example()])
    assert [labels.heat_BHW[0, row, column].item() for row, column in ((12, 2), (4, 12), (8, 8))] == [1.0] * 3
    assert labels.heat_BHW[0, 0, 0] < 1e-3
    cells = labels.cells_N3.tolist()
    dog, stranger = cells.index([0, 12, 2]), cells.index([0, 8, 8])
    assert labels.kinds_N[dog] == KINDS.index("dog")
    assert labels.colors_N[dog] == tuple(COLORS).index("red")
    assert labels.sizes_N[dog].exp() == pytest.approx(0.25)
    assert labels.offsets_N2[dog].tolist() == [0.0, 0.0]
    assert labels.kinds_N[stranger] == len(KINDS)
    assert labels.colors_N[stranger] == -1


def test_sepia_teaches_no_colours() -> None:
    assert (make_labels([example("sepia")]).colors_N == -1).all()


def test_an_empty_batch_has_a_finite_loss() -> None:
    labels = make_labels(
        [Example(picture=Image.new("RGB", (256, 256)), things=(), strangers=(), background="sky", style=None)]
    )
    output: GridOutput = DetectorNetwork()(torch.zeros(1, 3, 128, 128))
    assert torch.isfinite(detector_loss(output, labels))


@pytest.mark.font
def test_the_network_can_learn_a_few_pictures_by_heart() -> None:
    torch.manual_seed(0)
    examples = [sample_example(rng_for("test-fit", 0, index), share_of_strangers=0.0) for index in range(4)]
    inputs, labels = to_input([each.picture for each in examples]), make_labels(examples)
    network = DetectorNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        loss = detector_loss(network(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.4 * losses[0]


@pytest.mark.font
def test_the_command_writes_weights_thresholds_and_its_own_error(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    out = tmp_path / "judge"
    flags = ["--out", str(out), "--vae", str(tmp_path / "none")]
    assert run(parser.parse_args([*flags, "--steps", "2", "--held-out", "4"]), print) == 0
    report = json.loads((out / "report.json").read_text("utf-8"))
    assert set(report["held_out"]) == {"clean", "damaged", "strangers"}
    assert report["autoencoder_round_trips"] is False
    assert Detector.from_pretrained(out).thresholds.confidence == report["thresholds"]["confidence"]


@pytest.mark.font
def test_going_on_for_no_steps_keeps_the_weights(tmp_path: Path) -> None:
    torch.manual_seed(3)
    Detector(DetectorNetwork(), Thresholds(confidence=0.9)).save(tmp_path / "old")
    past = {"started_from": None, "settings": {}, "autoencoder_round_trips": False, "minutes": 1.0}
    (tmp_path / "old" / "report.json").write_text(json.dumps(past), "utf-8")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    flags = [
        "--from",
        str(tmp_path / "old"),
        "--out",
        str(tmp_path / "new"),
        "--vae",
        str(tmp_path / "none"),
    ]
    assert run(parser.parse_args([*flags, "--steps", "0", "--held-out", "2"]), print) == 0
    old, new = (load_file(tmp_path / name / "model.safetensors") for name in ("old", "new"))
    assert all(torch.equal(old[name], new[name]) for name in old)
    assert json.loads((tmp_path / "new" / "report.json").read_text("utf-8"))["started_from"] == past
