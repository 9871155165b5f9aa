import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from training.checkpoint import checkpoints, load_latest
from training.errors import CorruptCheckpoint, NonFiniteLoss
from training.loop import LoopSettings, StepLoss, train
from training.optim import MasterOptimizer, OptimSettings, learning_rate
from training.seeds import rng_for


class LineStage:
    """Fits a line; noise of batch k depends on k alone."""

    name = "line"
    batch_size = 4

    def __init__(self, bad_from: int | None = None) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
        self.bad_from = bad_from

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.model.named_parameters())

    def loss(self, step: int) -> StepLoss:
        x = torch.from_numpy(rng_for("line", 0, step).standard_normal((4, 3)).astype(np.float32))
        total = (self.model(x)[:, 0] - x.sum(1)).square().mean()
        if self.bad_from is not None and step >= self.bad_from:
            total = total * torch.nan
        return StepLoss(total=total, parts={"square": float(total.detach())})

    def contact_sheet(self) -> Image.Image:
        return Image.new("RGB", (4, 4))


def settings(num_steps: int = 40, *, minutes: float | None = None) -> LoopSettings:
    optim = OptimSettings(learning_rate=0.01, num_steps=num_steps, warmup_steps=2)
    return LoopSettings(optim=optim, log_seconds=0, minutes=minutes)


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


def quiet(sentence: str) -> None:
    pass


def test_resumed_run_repeats_the_unbroken_one_to_the_bit(tmp_path: Path) -> None:
    train(LineStage(), settings(), tmp_path / "whole", quiet)
    for _ in range(100):
        train(LineStage(), settings(minutes=0.0), tmp_path / "parts", quiet)
        if len(losses(tmp_path / "parts")) == 40:
            break
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    whole, parts = (
        load_latest(tmp_path / "whole" / "checkpoints")[0],
        load_latest(tmp_path / "parts" / "checkpoints")[0],
    )
    assert whole is not None
    assert parts is not None
    assert whole.tensors.keys() == parts.tensors.keys()
    for name, value in whole.tensors.items():
        assert torch.equal(value, parts.tensors[name]), name


def test_it_learns_and_writes_log_sheet_and_checkpoints(tmp_path: Path) -> None:
    train(LineStage(), settings(num_steps=300), tmp_path, quiet)
    series = losses(tmp_path)
    assert np.mean(series[-30:]) < 0.3 * np.mean(series[:30])
    assert list((tmp_path / "sheets").glob("*.png"))
    assert "samples_per_second" in json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])


def test_damaged_checkpoint_falls_back_to_the_one_before(tmp_path: Path) -> None:
    train(LineStage(), settings(minutes=0.0), tmp_path, quiet)
    train(LineStage(), settings(minutes=0.0), tmp_path, quiet)
    first, second = checkpoints(tmp_path / "checkpoints")
    second.write_bytes(second.read_bytes()[:100])
    said: list[str] = []
    train(LineStage(), settings(minutes=0.0), tmp_path, said.append)
    assert any(second.name in sentence for sentence in said)
    assert "Resumed after step 1." in said
    first.write_bytes(b"")
    for path in checkpoints(tmp_path / "checkpoints"):
        path.write_bytes(b"")
    with pytest.raises(CorruptCheckpoint, match="step-"):
        train(LineStage(), settings(), tmp_path, quiet)


def test_bad_batch_takes_no_step_and_a_run_of_them_ends_it(tmp_path: Path) -> None:
    stage = LineStage()
    optimizer = MasterOptimizer(stage.parameters(), settings().optim)
    before = {name: value.clone() for name, value in optimizer.masters.items()}
    (stage.loss(0).total * torch.nan).backward()
    optimizer.update(0)
    assert all(torch.equal(before[name], value) for name, value in optimizer.masters.items())
    with pytest.raises(NonFiniteLoss, match="in a row"):
        train(LineStage(bad_from=3), settings(num_steps=100), tmp_path, quiet)


def test_rate_warms_up_holds_and_decays() -> None:
    optim = OptimSettings(learning_rate=1.0, num_steps=100, warmup_steps=10, decay_share=0.2)
    assert learning_rate(optim, 0) == pytest.approx(0.1)
    assert learning_rate(optim, 50) == 1.0
    assert learning_rate(optim, 90) == pytest.approx(0.5)
