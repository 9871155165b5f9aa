"""What a run leaves to look at."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image
from tensorboardX.proto.event_pb2 import Event

from tests.training.line import LineStage, settings
from training.journal import chart, read_log, series
from training.loop import StepLoss, train


def test_a_run_leaves_a_page_that_shows_all_of_it(tmp_path: Path) -> None:
    train(LineStage(), settings(num_steps=12), tmp_path, lambda _: None)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "line: step 12 of 12" in page
    for name in ("loss", "square", "gradient norm", "samples per second"):
        assert re.search(rf">{name} [\d.e+-]+<", page), name
    shown = re.findall(r'src="([^"]+)"', page)
    assert shown == ["sheets/step-00000012.png"]
    assert all((tmp_path / name).is_file() for name in shown)
    assert "http" not in page
    assert page.count("<polyline") >= 4


def test_tensorboard_reads_every_point_and_the_sheet(tmp_path: Path) -> None:
    train(LineStage(), settings(num_steps=3), tmp_path, lambda _: None)
    scalars, pictures = {}, []
    for event in events(tmp_path / "events"):
        for value in event.summary.value:
            if value.HasField("simple_value"):
                scalars[value.tag, event.step] = value.simple_value
            else:
                pictures.append((value.tag, event.step))
    logged = {record["step"]: record["loss"] for record in read_log(tmp_path)}
    assert logged.keys() == {1, 2, 3}
    for step, loss in logged.items():
        assert abs(scalars["line/loss", step] - float(loss)) < 1e-5
    assert pictures == [("line/sheet", 3)]


def events(folder: Path) -> list[Event]:
    """The records of an event file: a length and its checksum, 12 bytes, the message, and 4 bytes more."""
    (file,) = folder.iterdir()
    content, found = file.read_bytes(), []
    while content:
        length = int.from_bytes(content[:8], "little")
        found.append(Event.FromString(content[12 : 12 + length]))
        content = content[16 + length :]
    return found


def test_steps_taken_twice_count_once_and_a_cut_line_not_at_all(tmp_path: Path) -> None:
    lines = [
        {"step": step, "loss": loss} for step, loss in ((1, 5.0), (2, 4.0), (3, 3.0), (2, 4.5), (3, 3.5))
    ]
    text = "\n".join(json.dumps(line) for line in lines) + '\n{"step": 4, "lo'
    (tmp_path / "log.jsonl").write_text(text, "utf-8")
    assert [(record["step"], record["loss"]) for record in read_log(tmp_path)] == [
        (1, 5.0),
        (2, 4.5),
        (3, 3.5),
    ]
    assert read_log(tmp_path / "nowhere") == []


def test_a_chart_of_many_points_keeps_its_ends_and_leaves_out_what_is_no_number() -> None:
    records = [{"step": step, "loss": float(step)} for step in range(1, 2001)]
    records[7]["loss"] = float("nan")
    points = series(records, "loss")
    assert len(points) <= 400
    assert points[-1][0] == 2000
    assert chart("loss", points).count("<text") == 4
    assert chart("loss", []) == ""
    assert "polyline" in chart("one", [(1, 0.0)])


def test_the_pictures_on_the_page_are_newest_first(tmp_path: Path) -> None:
    train(LineStage(), settings(num_steps=2, minutes=0.0), tmp_path, lambda _: None)
    train(LineStage(), settings(num_steps=2), tmp_path, lambda _: None)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert re.findall(r"step-0*(\d+).png", page) == ["2", "1"]
    with Image.open(tmp_path / "sheets" / "step-00000001.png") as sheet:
        assert sheet.size == (4, 4)


def test_each_routers_load_and_entropy_are_kept_and_mapped(tmp_path: Path) -> None:
    class Routed(LineStage):
        def loss(self, step: int) -> StepLoss:
            loads = torch.tensor([[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]])
            return replace(super().loss(step), load_LE=loads)

    train(Routed(), settings(num_steps=2), tmp_path, lambda _: None)
    last = read_log(tmp_path)[-1]
    assert (last["router/00/entropy"], last["router/01/entropy"]) == (1.0, 0.0)
    assert (last["router/01/expert_0"], last["router/01/expert_3"]) == (1.0, 0.0)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert page.count("<rect") == 8
    assert "Layer 01, expert 0: 1.000" in page
    assert ">router/00" not in page.split("<details>")[0]
    tags = {value.tag for event in events(tmp_path / "events") for value in event.summary.value}
    assert "line/router/01/entropy" in tags
