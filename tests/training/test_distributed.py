"""What processes agree on, and that training in several is training in one."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from engines.sparse_dit.moe import RouterStatistics
from tests.training.line import LineStage, settings
from tests.training.teams import begin, in_team
from training.checkpoint import checkpoints, latest
from training.distributed import ALONE, Team, copy_into, shard
from training.errors import BadRecipe, CorruptCheckpoint
from training.journal import read_log
from training.loop import StepLoss, silent, train
from training.losses import balance_loss, router_load
from training.samples import sample_rngs


class SharedLine(LineStage):
    """A line whose batch of four is divided among the ranks; the network may be divided too."""

    def __init__(self, team: Team, *, is_sharded: bool = False) -> None:
        super().__init__()
        self.team = team
        if is_sharded and team.size > 1:
            shard(self.model, team, torch.float32)

    def loss(self, step: int) -> StepLoss:
        rngs = sample_rngs("line", 0, step, self.batch_size, self.team)
        x = torch.stack([torch.from_numpy(rng.standard_normal(3)).float() for rng in rngs])
        total = (self.model(x)[:, 0] - x.sum(1)).square().mean()
        return StepLoss(total=total, parts={"square": float(total.detach())})

    def notes(self) -> Mapping[str, str]:
        return {"said": "by the stage"}


def losses(folder: Path) -> list[float]:
    return [float(record["loss"]) for record in read_log(folder)]


def train_lines(team: Team, folder: Path) -> None:
    """Whole and sharded, in one go and in sittings of one step; a damaged checkpoint on the way."""
    quiet = silent
    train(SharedLine(team), settings(6), folder / "whole", quiet, team)
    train(SharedLine(team, is_sharded=True), settings(6), folder / "sharded", quiet, team)
    accumulated = replace(settings(3), accumulate=2)
    train(SharedLine(team, is_sharded=True), accumulated, folder / "accumulated", quiet, team)
    for _ in range(3):
        short = settings(6, minutes=0.0)
        train(SharedLine(team, is_sharded=True), short, folder / "parts", quiet, team)
    last = checkpoints(folder / "parts" / "checkpoints")[-1]
    if team.is_first and last.is_dir():
        file = sorted(last.glob("*.distcp"))[-1]
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    team.wait()
    said: list[str] = []
    train(SharedLine(team, is_sharded=True), settings(6), folder / "parts", said.append, team)
    if team.is_first and team.size > 1:
        assert any("does not match its hash" in each for each in said), said
        assert "Resumed after step 2." in said


def train_a_long_line(team: Team, folder: Path) -> None:
    each_step = replace(settings(40), checkpoint_minutes=0.0)
    train(SharedLine(team, is_sharded=True), each_step, folder / "line", silent, team)


def agree(team: Team, folder: Path) -> None:
    """Facts, means, copies and balance over two ranks."""
    assert team.any(team.rank == 1, False, True) == (True, False, True)
    assert team.mean(torch.tensor([float(team.rank)])).item() == 0.5
    assert team.gather(f"rank {team.rank}") == ["rank 0", "rank 1"]
    assert list(team.share(6)) == [[0, 1, 2], [3, 4, 5]][team.rank]
    with pytest.raises(BadRecipe, match="cannot be divided among 2"):
        team.share(3)
    check_copies(team)
    check_balance(team)


def check_copies(team: Team) -> None:
    linear = nn.Linear(3, 5)
    shard(linear, team, torch.float32)
    numbers = torch.arange(15.0).view(5, 3)
    copy_into(linear.weight.detach(), numbers)
    weight = linear.weight
    assert isinstance(weight, DTensor)
    assert torch.equal(weight.full_tensor(), numbers)
    assert len(weight.to_local()) == [3, 2][team.rank]


def check_balance(team: Team) -> None:
    """The ranks' mean gradient is that of the loss over both their tokens; on each alone it is not."""
    torch.manual_seed(0)
    logits = torch.randn(2, 40, 4) * 2
    gate = torch.randn(4, requires_grad=True)

    def statistics(logits_NE: Tensor) -> RouterStatistics:
        scores = (logits_NE + gate).softmax(-1)
        chosen = torch.zeros_like(scores).scatter(1, scores.topk(2).indices, 1.0)
        return RouterStatistics(mean_scores_E=scores.mean(0), load_E=chosen.mean(0).detach() / 2)

    whole = torch.autograd.grad(balance_loss([statistics(logits.flatten(0, 1))]), gate)[0]
    own = [statistics(logits[team.rank])]
    load = router_load(own, team)
    together = team.mean(torch.autograd.grad(balance_loss(own, load), gate)[0])
    apart = team.mean(torch.autograd.grad(balance_loss([statistics(logits[team.rank])]), gate)[0])
    torch.testing.assert_close(together, whole)
    assert not torch.allclose(apart, whole, rtol=1e-3)


def test_two_agree(tmp_path: Path) -> None:
    in_team(2, tmp_path, agree)


def test_lines_of_one_two_and_four(tmp_path: Path) -> None:
    for size in (1, 2, 4):
        in_team(size, tmp_path / f"{size}", train_lines)
    one = losses(tmp_path / "1" / "whole")
    assert len(one) == 6
    for size in (1, 2, 4):
        for name in ("whole", "sharded", "parts"):
            assert losses(tmp_path / f"{size}" / name) == pytest.approx(one, abs=1e-6), (size, name)
        assert len(losses(tmp_path / f"{size}" / "accumulated")) == 3
    for name in ("whole", "sharded"):
        saved = [latest(tmp_path / f"{size}" / name / "checkpoints")[0] for size in (1, 2, 4)]
        states = [each.read(each.names) for each in saved if each is not None]
        assert len(states) == 3
        assert all(each is not None and each.notes["said"] == "by the stage" for each in saved)
        for state in states[1:]:
            assert state.keys() == states[0].keys()
            for key, value in state.items():
                torch.testing.assert_close(value, states[0][key], atol=1e-6, rtol=1e-4)
    folder = checkpoints(tmp_path / "4" / "sharded" / "checkpoints")
    assert all(each.is_dir() for each in folder)


def test_kills_change_nothing_whoever_goes_on(tmp_path: Path) -> None:
    """SIGKILL of both of two, twice, at any moment of checkpoints written at each step; then four finish."""
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for enough in (4, 10):
        processes = begin(2, killed, train_a_long_line)
        while len(read_log(killed / "line")) < enough and all(each.is_alive() for each in processes):
            time.sleep(0.005)
        for process in processes:
            process.kill()
        for process in processes:
            process.join()
        codes = [process.exitcode for process in processes]
        assert codes[0] == -signal.SIGKILL
        assert codes[1]  # killed too, or it saw that the other is gone
    in_team(4, killed, train_a_long_line)
    in_team(1, whole, train_a_long_line)
    assert [record["step"] for record in read_log(killed / "line")] == list(range(1, 41))
    assert losses(killed / "line") == pytest.approx(losses(whole / "line"), abs=1e-5)


def test_no_checkpoint_that_is_whole_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "step-00000003"
    folder.mkdir()
    (folder / "manifest.json").write_text("{")
    with pytest.raises(CorruptCheckpoint, match="step-00000003 cannot be read"):
        latest(tmp_path)


def test_alone_needs_nobody() -> None:
    assert ALONE.any(True, False) == (True, False)
    assert ALONE.gather(3) == [3]
    assert list(ALONE.share(5)) == [0, 1, 2, 3, 4]
    assert not dist.is_initialized()
