"""What a process of their own costs the engines: python -m tests.bench.apart

Starts the embedded engines here and in a workshop and draws the same pictures with both, turn about: seconds
to load, for a step, to the first preview and for a picture, whether all are the same to the bit, and the
memory of both processes.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import engines
from engines.apart import apart
from engines.api import Engine, GenerateRequest, Progress, Sample
from engines.families import fake_family, stickers_family
from engines.workshop import Workshop

STICKERS = Path(engines.__file__).parent / "stickers"
NUM_REPORTS = 2_000


@dataclass(frozen=True, kw_only=True)
class Run:
    """One picture, and when its reports came, in seconds from the request on."""

    sample: Sample
    steps: Sequence[float]
    to_preview: float
    to_picture: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    settings = options.parse_args()
    report_latency()
    load = partial(stickers_family, STICKERS)
    with closing(Workshop(load)) as shop:
        there, here = apart(load(), shop).painters["fast"], load().painters["fast"]
        begun = time.perf_counter()
        _ = there.info
        print(f"loaded in a process of its own in {time.perf_counter() - begun:.2f} s")
        before = memory_mb("self")
        begun = time.perf_counter()
        _ = here.info
        print(f"loaded here in {time.perf_counter() - begun:.2f} s")
        after = memory_mb("self")
        print(f"memory: {memory_mb(shop.pid)} MB there; here {before} MB before loading, {after} MB after")
        runs: dict[str, list[Run]] = {"here": [], "there": []}
        for seed in range(settings.rounds + 1):
            for name, engine in (("here", here), ("there", there)):
                runs[name].append(run(engine, seed))
        pairs = list(zip(*runs.values(), strict=True))
        same = sum(one.sample.image.tobytes() == other.sample.image.tobytes() for one, other in pairs)
        print(f"{same} of {len(pairs)} pictures are the same to the bit")
        for name, each in runs.items():
            print(f"{name:<6} {told(each[1:])}")


def report_latency() -> None:
    """Reports of an engine that does nothing else."""
    with closing(Workshop(fake_family)) as shop:
        begun = time.perf_counter()
        engine = apart(fake_family(), shop).painters["full"]
        _ = engine.info
        print(f"an empty process starts in {time.perf_counter() - begun:.2f} s, {memory_mb(shop.pid)} MB")
        begun = time.perf_counter()
        engine.generate(GenerateRequest(prompt="x", seed=1, num_steps=NUM_REPORTS), lambda _: None)
        print(f"a report and its leave take {(time.perf_counter() - begun) / NUM_REPORTS * 1e3:.3f} ms")


def run(engine: Engine, seed: int) -> Run:
    begun, times, previews = time.perf_counter(), list[float](), list[float]()

    def hear(progress: Progress) -> None:
        times.append(time.perf_counter() - begun)
        if progress.preview is not None:
            previews.append(times[-1])

    sample = engine.generate(GenerateRequest(prompt="a red dog", seed=seed), hear)
    return Run(sample=sample, steps=times, to_preview=previews[0], to_picture=time.perf_counter() - begun)


def told(runs: Sequence[Run]) -> str:
    gaps = [late - soon for each in runs for soon, late in zip(each.steps, each.steps[1:], strict=False)]
    return (
        f"a step {statistics.median(gaps) * 1e3:.1f} ms, first preview "
        f"{statistics.median(each.to_preview for each in runs):.3f} s, "
        f"picture {statistics.median(each.to_picture for each in runs):.3f} s"
    )


def memory_mb(pid: int | str | None) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


if __name__ == "__main__":
    main()
