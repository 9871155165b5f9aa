"""Seconds a picture, and to its first preview, of the embedded engines: python -m tests.bench.engine

Loads each preset as the app does, warms up once with two steps, then takes the median of a few pictures.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from engines.api import EditRequest, GenerateRequest, Progress
from engines.engine import DiffusionEngine
from engines.load_engine import load_engine

PRESETS = ("stickers-full", "stickers-fast", "stickers-edit")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds from the request on."""

    to_preview: float
    to_picture: float
    num_steps: int


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--weights", type=Path, help="folder in diffusers layout; default: the embedded one")
    options.add_argument("--rounds", type=int, default=3)
    settings = options.parse_args()
    print(f"{torch.get_num_threads()} threads, medians of {settings.rounds}")
    engine: DiffusionEngine | None = None
    for preset in PRESETS:
        start = time.perf_counter()
        engine = load_engine(preset, settings.weights, share=engine)
        loading = time.perf_counter() - start
        run(engine, seed=0, num_steps=2)
        timings = [run(engine, seed) for seed in range(settings.rounds)]
        picture = statistics.median(timing.to_picture for timing in timings)
        preview = statistics.median(timing.to_preview for timing in timings)
        print(
            f"{preset:<14} load {loading:5.2f} s, first preview {preview:5.2f} s, "
            f"picture {picture:5.2f} s ({timings[0].num_steps} steps)"
        )


def run(engine: DiffusionEngine, seed: int, num_steps: int | None = None) -> Timing:
    """One picture, with words that are not in the text cache."""
    start = time.perf_counter()
    previews: list[float] = []

    def watch(progress: Progress) -> None:
        if progress.preview is not None:
            previews.append(time.perf_counter() - start)

    words = f"a red car and {seed} dogs"
    if engine.info.can_edit:
        size = engine.info.sizes[0]
        source = Image.new("RGB", (size.width, size.height), "orange")
        sample = engine.edit(
            EditRequest(image=source, instruction=words, seed=seed, num_steps=num_steps), watch
        )
    else:
        sample = engine.generate(GenerateRequest(prompt=words, seed=seed, num_steps=num_steps), watch)
    finish = time.perf_counter() - start
    return Timing(to_preview=min(previews, default=finish), to_picture=finish, num_steps=sample.num_steps)


if __name__ == "__main__":
    main()
