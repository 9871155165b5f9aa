"""Engines in processes of their own behind one line: at the same time, apart, never orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from engines.api import MAX_PICTURES, EditRequest, Engine, GenerateRequest, Progress, Sample
from engines.errors import (
    Cancelled,
    DeviceOutOfMemory,
    EngineError,
    ModelNotFound,
    UnsupportedSize,
    WorkerDied,
)
from engines.fake import FakeEngine, Fault
from engines.replicas import Replicas, split
from engines.sizes import Size
from engines.worker import Worker

REQUEST = GenerateRequest(prompt="a red cat", seed=7, num_steps=4)
WAIT_SECONDS = 20.0


def ignore(progress: Progress) -> None:
    """Watch nothing."""


def is_same(one: Image.Image | None, other: Image.Image | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.array_equal(np.asarray(one), np.asarray(other)))


def await_that(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def load_once(mark: Path) -> Engine:
    """Loads where nobody has loaded before."""
    if mark.exists():
        raise ModelNotFound("The weights are gone.")
    mark.touch()
    return FakeEngine()


def load_nothing() -> Engine:
    raise ModelNotFound("No weights here.")


@pytest.fixture
def pair() -> Iterator[Replicas]:
    with Replicas([Worker(name, FakeEngine) for name in ("first", "second")]) as replicas:
        yield replicas


def worker_of(replicas: Replicas, index: int) -> Worker:
    worker = replicas.replicas[index]
    assert isinstance(worker, Worker)
    return worker


def test_two_requests_run_at_the_same_time(pair: Replicas) -> None:
    meeting = threading.Barrier(2, timeout=WAIT_SECONDS)

    def meet(progress: Progress) -> None:
        meeting.wait()  # breaks unless both engines are at this step

    with ThreadPoolExecutor(2) as pool:
        samples = list(pool.map(lambda _: pair.generate(REQUEST, meet), range(2)))
    assert is_same(samples[0].image, samples[1].image)


def test_samples_and_progress_are_those_of_one_engine(pair: Replicas) -> None:
    def told(engine: Engine) -> tuple[list[Progress], Sample, Sample]:
        reports: list[Progress] = []
        source = Image.new("RGB", (96, 64), "orange")
        edit = EditRequest(image=source, instruction="make it blue", seed=1, num_steps=3)
        return reports, engine.generate(REQUEST, reports.append), engine.edit(edit, reports.append)

    here, there = told(FakeEngine()), told(pair)
    assert pair.info == FakeEngine().info
    assert [(each.step, each.num_steps) for each in there[0]] == [
        (each.step, each.num_steps) for each in here[0]
    ]
    assert any(each.preview is not None for each in there[0])
    assert all(is_same(one.preview, other.preview) for one, other in zip(*(here[0], there[0]), strict=True))
    assert is_same(here[1].image, there[1].image)
    assert is_same(here[2].image, there[2].image)


def test_requests_go_to_the_first_that_is_free_in_their_order(pair: Replicas) -> None:
    is_held, may_go = threading.Event(), threading.Event()
    begun: list[int] = []

    def hold(progress: Progress) -> None:
        is_held.set()
        assert may_go.wait(WAIT_SECONDS)

    def note(seed: int) -> Callable[[Progress], None]:
        return lambda progress: begun.append(seed) if progress.step == 0 else None

    with ThreadPoolExecutor(4) as pool:
        held = pool.submit(pair.generate, REQUEST, hold)
        assert is_held.wait(WAIT_SECONDS)
        for seed in range(3):
            pool.submit(pair.generate, GenerateRequest(prompt="a cat", seed=seed), note(seed)).result()
        assert not held.done()
        may_go.set()
        assert held.result().seed == 7
    assert begun == [0, 1, 2]


def test_a_cancel_stops_its_own_request_at_that_step_and_no_other(pair: Replicas) -> None:
    meeting = threading.Barrier(2, timeout=WAIT_SECONDS)
    steps: dict[str, list[int]] = {"stopped": [], "other": []}

    def watch(name: str, progress: Progress) -> None:
        if progress.step == 1:
            meeting.wait()
        steps[name].append(progress.step)
        if name == "stopped" and progress.step == 2:
            raise Cancelled("Stopped by the user.")

    with ThreadPoolExecutor(2) as pool:
        stopped = pool.submit(pair.generate, REQUEST, partial(watch, "stopped"))
        other = pool.submit(pair.generate, REQUEST, partial(watch, "other"))
        with pytest.raises(Cancelled, match="Stopped by the user"):
            stopped.result()
        assert other.result().seed == 7
    assert steps == {"stopped": [0, 1, 2], "other": [0, 1, 2, 3, 4]}
    assert [pair.generate(REQUEST, ignore).seed for _ in range(2)] == [7, 7]


def test_errors_come_back_as_they_were_raised() -> None:
    load = partial(FakeEngine, faults=[Fault.OUT_OF_MEMORY])
    with Replicas([Worker("cpu", load)]) as replicas:
        pid = worker_of(replicas, 0).pid
        with pytest.raises(
            DeviceOutOfMemory, match=r"^The device ran out of memory\. Please choose a smaller"
        ):
            replicas.generate(REQUEST, ignore)
        with pytest.raises(UnsupportedSize, match="8x8 is not a size of fake"):
            replicas.generate(GenerateRequest(prompt="a cat", seed=0, size=Size(8, 8)), ignore)
        assert replicas.generate(REQUEST, ignore).seed == 7
        assert worker_of(replicas, 0).pid == pid


def test_a_killed_worker_is_named_and_started_again_while_the_other_works_on(pair: Replicas) -> None:
    pids = [worker_of(pair, index).pid for index in range(2)]
    meeting = threading.Barrier(2, timeout=WAIT_SECONDS)

    def kill_first(progress: Progress) -> None:
        if progress.step == 1 and meeting.wait() == 0:
            os.kill(pids[0] or 0, signal.SIGKILL)

    with ThreadPoolExecutor(2) as pool:
        samples = [pool.submit(pair.generate, REQUEST, kill_first) for _ in range(2)]
        errors = [each.exception() for each in samples]
    (died,) = (error for error in errors if error is not None)
    assert isinstance(died, WorkerDied)
    assert "worker on first stopped unexpectedly (SIGKILL" in str(died)
    await_that(lambda: worker_of(pair, 0).is_alive)
    test_two_requests_run_at_the_same_time(pair)
    assert worker_of(pair, 0).pid != pids[0]
    assert worker_of(pair, 1).pid == pids[1]


def test_nobody_hears_of_an_idle_worker_that_was_killed() -> None:
    with Replicas([Worker("cpu", FakeEngine)]) as replicas:
        pid = worker_of(replicas, 0).pid
        psutil.Process(pid).kill()
        await_that(lambda: worker_of(replicas, 0).pid != pid)
        assert replicas.generate(REQUEST, ignore).seed == 7


def test_a_bug_ends_the_process_and_the_next_request_gets_a_fresh_one() -> None:
    with Replicas([Worker("cpu", partial(FakeEngine, faults=[Fault.CRASH]))]) as replicas:
        pids = []
        for _ in range(2):
            pids.append(worker_of(replicas, 0).pid)
            with pytest.raises(WorkerDied, match=r"on cpu stopped unexpectedly \(exit code 1\)"):
                replicas.generate(REQUEST, ignore)
            await_that(lambda: worker_of(replicas, 0).is_alive)
        assert pids[0] != pids[1]


def test_a_worker_that_cannot_be_started_again_is_given_up(tmp_path: Path) -> None:
    workers = [Worker("first", partial(load_once, tmp_path / "mark")), Worker("second", FakeEngine)]
    with Replicas(workers) as replicas:
        workers[0].kill()
        await_that(lambda: not replicas._threads[0].is_alive())
        assert replicas.generate(REQUEST, ignore).seed == 7
        workers[1].load = load_nothing
        workers[1].kill()
        await_that(lambda: not replicas._threads[1].is_alive())
        with pytest.raises(EngineError, match=r"No engine is left: No weights here\."):
            replicas.generate(REQUEST, ignore)


def test_a_failure_to_load_leaves_no_process() -> None:
    workers = [Worker("first", FakeEngine), Worker("second", load_nothing)]
    with pytest.raises(ModelNotFound, match="No weights here"):
        Replicas(workers)
    assert not any(each.is_alive for each in workers)


def test_closing_ends_requests_at_work_and_in_line() -> None:
    replicas = Replicas([Worker("cpu", partial(FakeEngine, faults=[Fault.HANG]))])
    is_begun = threading.Event()
    process = psutil.Process(worker_of(replicas, 0).pid)
    with ThreadPoolExecutor(2) as pool:
        at_work = pool.submit(replicas.generate, REQUEST, lambda progress: is_begun.set())
        assert is_begun.wait(WAIT_SECONDS)
        in_line = pool.submit(replicas.generate, REQUEST, ignore)
        await_that(lambda: len(replicas._line) == 1)
        replicas.close()
        for each in (at_work, in_line):
            with pytest.raises(EngineError, match="was closed before the picture was done"):
                each.result()
    assert not process.is_running()
    with pytest.raises(EngineError, match="was closed"):
        replicas.generate(REQUEST, ignore)


PARENT = """
from functools import partial
from engines.api import GenerateRequest
from engines.fake import FakeEngine, Fault
from engines.replicas import Replicas
from engines.worker import Worker

if __name__ == "__main__":
    workers = [Worker("cpu", partial(FakeEngine, faults=[Fault.HANG])), Worker("cpu", FakeEngine)]
    replicas = Replicas(workers)
    print(*(each.pid for each in workers), flush=True)
    request = GenerateRequest(prompt="a cat", seed=0)
    replicas.generate(request, lambda progress: print(progress.step, flush=True))
"""


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    command = [sys.executable, str(script)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert (
            parent.stdout.readline() == "0\n"
        )  # one engine is at work and will never report again, one idle
        parent.kill()
    assert len(workers) == 2
    _, alive = psutil.wait_procs(workers, timeout=WAIT_SECONDS)
    assert alive == []


def test_pictures_are_split_by_seed() -> None:
    parts = split(GenerateRequest(prompt="a cat", seed=10, num_pictures=5), 3)
    assert [(each.seed, each.num_pictures) for each in parts if isinstance(each, GenerateRequest)] == [
        (10, 1),
        (11, 2),
        (13, 2),
    ]
    edits = split(EditRequest(image=Image.new("RGB", (8, 8)), instruction="red", seed=1, num_pictures=2), 3)
    assert [(each.seed, each.num_pictures) for each in edits] == [(1, 1), (2, 1)]
    for count in (-1, 0, 1, MAX_PICTURES + 1):
        request = GenerateRequest(prompt="a cat", seed=0, num_pictures=count)
        assert split(request, 3) == [request]


def test_a_failing_part_stops_the_others(pair: Replicas) -> None:
    told: list[int] = []

    def watch(progress: Progress) -> None:
        told.append(progress.step)
        if len(told) == 3:
            raise ValueError("a bug of the caller")

    with pytest.raises(ValueError, match="a bug of the caller"):
        pair.generate(GenerateRequest(prompt="a cat", seed=0, num_pictures=2), watch)
    assert len(told) == 3
    test_two_requests_run_at_the_same_time(pair)


def test_real_replicas_draw_what_one_engine_draws(tiny_folder: Path) -> None:
    from engines.load_engine import load_engine
    from engines.load_engines import load_engines
    from tests.engines.test_engine import TINY

    request = GenerateRequest(prompt="a red cat", seed=3, num_steps=2, num_pictures=3)
    engine = load_engine(TINY, tiny_folder)
    alone = [
        engine.generate(GenerateRequest(prompt="a red cat", seed=seed, num_steps=2), ignore).image
        for seed in (3, 4, 5)
    ]
    steps: list[int] = []
    with load_engines(TINY, tiny_folder, devices=["cpu", "cpu"]) as replicas:
        sample = replicas.generate(request, lambda progress: steps.append(progress.step))
        assert replicas.info == engine.info
        with pytest.raises(EngineError, match="20 pictures at once cannot be drawn"):
            replicas.generate(GenerateRequest(prompt="a cat", seed=0, num_pictures=20), ignore)
    assert steps == sorted(steps)
    assert steps[-1] == 2
    assert len(sample.more) == 2
    for one, other in zip(alone, (sample.image, *sample.more), strict=True):
        assert np.abs(np.asarray(one, int) - np.asarray(other, int)).max() <= 1
