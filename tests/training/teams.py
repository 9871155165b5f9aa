"""Real processes that train together (gloo), for tests."""

from __future__ import annotations

import multiprocessing
import traceback
import uuid
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from training.distributed import ALONE, Team, team_of_group

CONTEXT = multiprocessing.get_context("forkserver")


def in_team(size: int, folder: Path, work: Callable[..., None], *arguments: Any) -> None:
    """Run work(team, folder, *arguments) in `size` processes; what one raises fails the test."""
    processes = begin(size, folder, work, *arguments)
    for process in processes:
        process.join(120)
    codes = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
    said = "".join(file.read_text() for file in folder.glob("failed-*"))
    assert codes == [0] * size, said


def begin(size: int, folder: Path, work: Callable[..., None], *arguments: Any) -> list[BaseProcess]:
    """The same, not waited for."""
    folder.mkdir(parents=True, exist_ok=True)
    CONTEXT.set_forkserver_preload([work.__module__, "torch._dynamo"])
    meeting = folder / f"meeting-{uuid.uuid4().hex}"
    processes: list[BaseProcess] = [
        CONTEXT.Process(target=enter, args=(rank, size, meeting, folder, work, arguments))
        for rank in range(size)
    ]
    for process in processes:
        process.start()
    return processes


def enter(
    rank: int, size: int, meeting: Path, folder: Path, work: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    torch.set_num_threads(1)
    try:
        if size == 1:
            work(ALONE, folder, *arguments)
            return
        dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=size)
        team: Team = team_of_group()
        work(team, folder, *arguments)
        dist.destroy_process_group()
    except BaseException:
        (folder / f"failed-{rank}").write_text(traceback.format_exc())
        raise
