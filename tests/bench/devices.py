"""What a second device brings, shown with processes on the processor: python -m tests.bench.devices

Prints JSON: pictures a second of one and two replicas, and a step's seconds in one process and in halves over
two. Each process has one thread, so two can at best be twice as fast, on two idle cores; the note and the
load averages tell how idle they were. `--devices cuda:0,cuda:1` measures the real thing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

from engines.api import GenerateRequest, Progress
from engines.load_engines import load_engines
from engines.replicas import Replicas

PROMPT = "a red car and a dog"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--preset", default="stickers-full")
    options.add_argument("--weights", type=Path, help="folder in diffusers layout; default: the embedded one")
    options.add_argument("--devices", type=lambda names: names.split(","), default=["cpu", "cpu"])
    options.add_argument("--steps", type=int, default=8)
    options.add_argument("--pictures", type=int, default=6)
    settings = options.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that are started from here
    preset, weights, devices = settings.preset, settings.weights, settings.devices
    result: dict[str, object] = {
        "preset": preset,
        "devices": devices,
        "num_steps": settings.steps,
        "num_cores": os.cpu_count(),
        "cores_we_may_use": len(os.sched_getaffinity(0)),
        "threads_each": 1,
        "load_average": os.getloadavg(),
        "note": idle_note(devices),
    }
    with load_engines(preset, weights, devices=devices[:1]) as one:
        result["pictures_per_second_one_replica"] = rate(one, 1, settings)
        result["step_seconds_one_process"] = step_seconds(one, settings)
    with load_engines(preset, weights, devices=devices) as replicas:
        result[f"pictures_per_second_{len(devices)}_replicas"] = rate(replicas, len(devices), settings)
    with load_engines(preset, weights, devices=devices[:2], split="guidance") as halves:
        result["step_seconds_halves"] = step_seconds(halves, settings)
    result["load_average_at_the_end"] = os.getloadavg()
    print(json.dumps(result, indent=2))


def idle_note(devices: list[str]) -> str:
    """Whether other programs stood in the way when we began."""
    if "cpu" not in devices:
        return ""
    idle = len(os.sched_getaffinity(0)) - os.getloadavg()[0]
    return (
        f"In the minute before, {max(0.0, idle):.1f} cores were idle on average; {len(devices)} processes "
        "need one each, so on a busy machine run this several times."
    )


def rate(engine: Replicas, num_callers: int, settings: argparse.Namespace) -> float:
    """Pictures a second, each a request of its own, with as many requests waiting as there are replicas."""

    def draw(seed: int) -> None:
        engine.generate(
            GenerateRequest(prompt=PROMPT, seed=seed, num_steps=settings.steps), lambda progress: None
        )

    with ThreadPoolExecutor(num_callers) as pool:
        list(pool.map(draw, range(num_callers)))  # warm
        start = time.perf_counter()
        list(pool.map(draw, range(settings.pictures)))
        return settings.pictures / (time.perf_counter() - start)


def step_seconds(engine: Replicas, settings: argparse.Namespace) -> float:
    """Median over steps that have no preview after them, guided ones only."""
    moments: list[tuple[float, bool]] = []

    def watch(progress: Progress) -> None:
        if progress.step:
            moments.append((time.perf_counter(), progress.preview is not None))

    # As many steps as there are previews would leave none without one.
    engine.generate(GenerateRequest(prompt=PROMPT, seed=0, num_steps=4 * settings.steps), watch)
    guided = moments[len(moments) // 2 :]
    return statistics.median(
        end - begin for (begin, _), (end, has_preview) in pairwise(guided) if not has_preview
    )


if __name__ == "__main__":
    main()
