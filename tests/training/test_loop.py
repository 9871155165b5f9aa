import errno
import json
import multiprocessing
import os
import shutil
import signal
import time
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.line import LineStage, run, settings
from training import checkpoint
from training.checkpoint import checkpoints, load_latest, save_checkpoint
from training.errors import CorruptCheckpoint, DiskFull, NonFiniteLoss, Stopped
from training.journal import read_log
from training.loop import StepLoss, train
from training.optim import MasterOptimizer, OptimSettings, learning_rate


def losses(folder: Path) -> list[float]:
    return [float(record["loss"]) for record in read_log(folder)]


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


def test_a_stop_signal_ends_the_sitting_saved(tmp_path: Path) -> None:
    class Signalled(LineStage):
        def loss(self, step: int) -> StepLoss:
            if step == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().loss(step)

    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(Stopped, match="Stopped after step 4, saved"):
        train(Signalled(), settings(), tmp_path, quiet)
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    train(LineStage(), settings(), tmp_path, quiet)
    train(LineStage(), settings(), tmp_path / "whole", quiet)
    assert losses(tmp_path) == losses(tmp_path / "whole")


def test_twenty_kills_change_nothing(tmp_path: Path) -> None:
    """Real ones, by SIGKILL and at any moment; the series is that of an unbroken run to the bit."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([run.__module__, "torch._dynamo"])
    rng, num_steps, killed, whole = np.random.default_rng(0), 400, tmp_path / "killed", tmp_path / "whole"

    def started(folder: Path) -> BaseProcess:
        process = context.Process(target=run, args=(folder, num_steps))
        process.start()
        return process

    for _ in range(20):
        before, process = len(read_log(killed)), started(killed)
        while len(read_log(killed)) == before and process.is_alive():
            time.sleep(0.005)
        time.sleep(float(rng.uniform(0, 0.03)))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    for folder in (killed, whole):
        process = started(folder)
        process.join()
        assert process.exitcode == 0
    assert [record["step"] for record in read_log(killed)] == list(range(1, num_steps + 1))
    assert losses(killed) == losses(whole)


def test_a_full_disk_is_said_and_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "checkpoints"
    tensors = {"weight": torch.zeros(2_000_000)}
    save_checkpoint(folder, 1, tensors)
    full = shutil.disk_usage(tmp_path)._replace(free=3_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)

    def half(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", half)
    with pytest.raises(DiskFull, match=r"8 MB does not fit at .* 3 MB are free.*checkpoint before"):
        save_checkpoint(folder, 2, tensors)
    assert [path.name for path in folder.iterdir()] == ["step-00000001.safetensors"]


def test_warnings_are_said_with_their_step(tmp_path: Path) -> None:
    class Worried(LineStage):
        def loss(self, step: int) -> StepLoss:
            return replace(super().loss(step), warnings=("All is lost.",) if step == 2 else ())

    said: list[str] = []
    train(Worried(), settings(num_steps=4), tmp_path, said.append)
    assert [sentence for sentence in said if "lost" in sentence] == ["line 2: All is lost."]


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_the_average_is_in_the_model_while_it_draws_and_gone_to_the_bit_after(precision: torch.dtype) -> None:
    """Parameters in float32 are their own masters; of others there are copies."""
    stage = LineStage()
    stage.model.to(precision)
    optimizer = MasterOptimizer(stage.parameters(), settings().optim)
    assert all(
        (optimizer.masters[name] is each) == (precision is torch.float32)
        for name, each in stage.parameters().items()
    )
    for step in range(5):
        x = torch.randn(4, 3, dtype=precision)
        stage.model(x).float().square().mean().backward()
        optimizer.update(step)
    before = {name: value.clone() for name, value in optimizer.state().items()}
    inside = {name: each.detach().clone() for name, each in stage.parameters().items()}
    with optimizer.averaged():
        for name, each in stage.parameters().items():
            assert torch.equal(each, before[f"ema/{name}"].to(precision))
            assert not torch.equal(each, inside[name])
    after = optimizer.state()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert all(torch.equal(each, inside[name]) for name, each in stage.parameters().items())


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    train(LineStage(), settings(num_steps=1), tmp_path, quiet)

    class Longer(LineStage):
        def parameters(self) -> dict[str, torch.nn.Parameter]:
            return super().parameters() | {"more": torch.nn.Parameter(torch.zeros(2))}

    with pytest.raises(CorruptCheckpoint, match="does not fit the recipe: ema/more is missing"):
        train(Longer(), settings(num_steps=2), tmp_path, quiet)


def test_rate_warms_up_holds_and_decays() -> None:
    optim = OptimSettings(learning_rate=1.0, num_steps=100, warmup_steps=10, decay_share=0.2)
    assert learning_rate(optim, 0) == pytest.approx(0.1)
    assert learning_rate(optim, 50) == 1.0
    assert learning_rate(optim, 90) == pytest.approx(0.5)
