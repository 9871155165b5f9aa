"""The passes of a step over two processes, joined by gloo: the steps of one, to the bit on both."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from torch import Tensor

import engines.edit
import engines.generate
from engines.api import EditRequest, Engine, EngineInfo, GenerateRequest, OnProgress, Progress, Sample
from engines.engine import DiffusionEngine
from engines.errors import Cancelled, DeviceOutOfMemory, EngineError, WorkerDied
from engines.halves import Halves
from engines.load_engine import load_engine
from engines.load_engines import load_half
from engines.presets import PRESETS
from engines.ranks import share_out
from engines.replicas import Replicas
from engines.sizes import Size
from engines.worker import Request

TINY = dataclasses.replace(PRESETS["stickers-full"], sizes=(Size(64, 64),), guided=(0.0, 0.9))
TINY_EDIT = dataclasses.replace(PRESETS["stickers-edit"], sizes=(Size(64, 64),))
FAKE_REQUEST = GenerateRequest(prompt="a cat", seed=0, num_steps=4)
GENERATE = GenerateRequest(prompt="a red cat", seed=3, num_steps=4, negative_prompt="a dog")
EDIT = EditRequest(image=Image.new("RGB", (64, 64), "orange"), instruction="make it red", seed=5, num_steps=3)
BREAKING = replace(GENERATE, prompt="a blue star")
"""One that only the second rank has no memory for."""
REQUESTS: Mapping[str, Request] = {
    "generate": GENERATE,
    "no guidance": replace(GENERATE, guidance=1.0),
    "three pictures": replace(GENERATE, num_pictures=3),
    "edit": EDIT,
    "edit without guidance": replace(EDIT, guidance=1.0),
}
NUM_PASSES = {
    "generate": [7, 4, 3],  # the first step, above 0.9, has the positive pass alone
    "no guidance": [4, 4, 0],
    "three pictures": [21, 11, 10],
    "edit": [9, 6, 3],
    "edit without guidance": [3, 3, 0],
}
"""Samples through the network: in one process, and on each of two ranks."""
MOST_DIFFERENCE = 1e-4
"""Of clean latents of about unit size, in float32."""


def ignore(progress: Progress) -> None:
    """Watch nothing."""


@dataclass(frozen=True, kw_only=True)
class Both:
    """A painter and an editor as one engine, which writes down the latents of every step."""

    painter: DiffusionEngine
    editor: DiffusionEngine
    notes: Path

    @property
    def info(self) -> EngineInfo:
        return self.painter.info

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        return self._recorded(self.painter, request, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        return self._recorded(self.editor, request, on_progress)

    def _recorded(self, engine: DiffusionEngine, request: Request, on_progress: OnProgress) -> Sample:
        module: Any = engines.generate if isinstance(request, GenerateRequest) else engines.edit
        denoise, steps, passes = module.denoise, [], []

        def count(_: Any, arguments: tuple[Tensor, ...]) -> None:
            if request == BREAKING and self.notes.stem == "1":
                raise torch.OutOfMemoryError("CUDA out of memory")
            passes.append(len(arguments[0]))

        counter = engine.parts.dit.register_forward_pre_hook(count)

        def recording(velocity: Any, noise: Tensor, *arguments: Any, **named: Any) -> Tensor:
            def noted(latents: Tensor, time: Tensor) -> Tensor:
                v = velocity(latents, time)
                steps.append(torch.stack([latents, v]))
                torch.save((torch.stack(steps), sum(passes)), self.notes)
                return v

            return denoise(noted, noise, *arguments, **named)

        module.denoise = recording
        try:
            if isinstance(request, GenerateRequest):
                return engine.generate(request, on_progress)
            return engine.edit(request, on_progress)
        finally:
            module.denoise = denoise
            counter.remove()


def load_both(folder: Path, notes: Path, rank: int, meeting: Path) -> Both:
    """One rank of two with both verbs."""
    painter = load_half(TINY, folder, "cpu", 2, rank, meeting)
    editor = DiffusionEngine(replace(load_engine(TINY_EDIT, folder).parts, ranks=painter.parts.ranks))
    return Both(painter=painter, editor=editor, notes=notes / f"{rank}.pt")


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notes")


@pytest.fixture(scope="module")
def real_halves(tiny_folder: Path, notes: Path) -> Iterator[Replicas]:
    load = partial(load_both, tiny_folder, notes)
    with Replicas([Halves(["cpu", "cpu"], [load, load])]) as replicas:
        yield replicas


@pytest.fixture(scope="module")
def whole(tiny_folder: Path, notes: Path) -> Both:
    painter = load_engine(TINY, tiny_folder)
    editor = load_engine(TINY_EDIT, tiny_folder)
    return Both(painter=painter, editor=editor, notes=notes / "whole.pt")


def ask(engine: Engine, request: Request, on_progress: OnProgress = ignore) -> Sample:
    if isinstance(request, GenerateRequest):
        return engine.generate(request, on_progress)
    return engine.edit(request, on_progress)


@pytest.mark.parametrize("name", REQUESTS)
def test_halves_take_the_steps_of_the_whole(
    name: str, real_halves: Replicas, whole: Both, notes: Path, record_property: Any
) -> None:
    alone, told = ask(whole, REQUESTS[name]), []
    together = ask(real_halves, REQUESTS[name], told.append)
    steps, leader, follower = (torch.load(notes / f"{each}.pt")[0] for each in ("whole", 0, 1))
    assert torch.equal(leader, follower)
    difference = (leader - steps).abs().max().item()
    record_property("largest difference of latents and velocities", difference)
    print(f"{name}: {difference:.1e}")
    num_passes = [torch.load(notes / f"{each}.pt")[1] for each in ("whole", 0, 1)]
    assert num_passes == NUM_PASSES[name]
    assert difference < MOST_DIFFERENCE
    assert [each.step for each in told] == list(range(alone.num_steps + 1))
    assert replace(together, image=alone.image, more=alone.more) == alone
    for one, other in zip((alone.image, *alone.more), (together.image, *together.more), strict=True):
        assert np.abs(np.asarray(one, int) - np.asarray(other, int)).max() <= 1


def test_halves_stop_where_they_are_told_and_work_again(real_halves: Replicas, whole: Both) -> None:
    for step in (0, 2, GENERATE.num_steps):

        def stop(progress: Progress, at: int | None = step) -> None:
            if progress.step == at:
                raise Cancelled(f"Stopped at {at}.")

        with pytest.raises(Cancelled, match=f"Stopped at {step}"):
            real_halves.generate(GENERATE, stop)
    with pytest.raises(EngineError, match="999 steps cannot be run"):
        real_halves.generate(replace(GENERATE, num_steps=999), ignore)
    assert real_halves.generate(GENERATE, ignore).num_steps == GENERATE.num_steps


def test_a_rank_that_fails_alone_keeps_nobody_waiting(real_halves: Replicas) -> None:
    (pair,) = real_halves.replicas
    assert isinstance(pair, Halves)
    before = [each.pid for each in pair._workers]
    told: list[Progress] = []
    with pytest.raises(DeviceOutOfMemory, match="choose a smaller size"):
        real_halves.generate(BREAKING, told.append)
    assert [each.step for each in told] == [0, 1]  # the second step is the first that the second rank reads
    assert real_halves.generate(GENERATE, ignore).num_steps == GENERATE.num_steps
    assert [each.pid for each in pair._workers] == before


def test_a_killed_half_takes_the_other_with_it_and_both_are_started_again(real_halves: Replicas) -> None:
    (pair,) = real_halves.replicas
    assert isinstance(pair, Halves)
    before = [psutil.Process(each.pid) for each in pair._workers]

    def kill_follower(progress: Progress) -> None:
        if progress.step == 1:
            before[1].kill()

    with pytest.raises(WorkerDied, match=r"on cpu stopped unexpectedly \(SIGKILL"):
        real_halves.generate(GENERATE, kill_follower)
    assert not any(each.is_running() for each in before)
    assert real_halves.generate(GENERATE, ignore).num_steps == GENERATE.num_steps


@pytest.mark.parametrize(("num_samples", "counts"), [(1, [1, 0]), (2, [1, 1]), (3, [2, 1]), (6, [3, 3])])
def test_samples_are_shared_out(num_samples: int, counts: list[int]) -> None:
    assert share_out(num_samples, 2) == counts
