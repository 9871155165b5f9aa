"""What the shortcuts cost in likeness and save in time: python -m tests.bench.shortcuts

Prints a line of JSON for each way, measured on the embedded engines: the peak signal-to-noise ratio to the
pictures of the plain way with the same seeds, mean and worst, and the speed in CPU time of one thread. All
ways of one preset take turns on each picture, the plain one first and last; a/a is what its two turns differ
by. Fewer steps are the peer that each shortcut must beat. fp8 products are emulated, here as on a GPU: each
row of an input and each row of a weight is scaled by its largest value and rounded to e4m3, in every linear
layer of the blocks, none of which is large enough in these networks to be taken by `--precision fp8` itself.
It has no speed: that takes a GPU.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from engines.api import EditRequest, GenerateRequest, Sample
from engines.engine import DiffusionEngine
from engines.load_engine import load_engine
from engines.sparse_dit.fusion import Fusible

PROMPTS = (
    "a red car next to a dog",
    "two cats at night",
    "a yellow umbrella on a beach",
    "a blue fish above a green apple",
    "three stars",
    "a robot in a forest",
)
INSTRUCTIONS = (
    "make the car blue",
    "add a dog",
    "make it night",
    "remove the fish",
    "make the stars red",
    "change the background to a beach",
)
THRESHOLDS = (0.04, 0.06, 0.08, 0.1, 0.15)
LARGEST_E4M3 = 448.0
LARGE_LAYERS = ("double_stream_blocks", "single_stream_blocks", "caption_projection")


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to make a picture: an engine, and what the request asks of it beyond words and seed."""

    name: str
    engine: DiffusionEngine
    changes: dict[str, Any]
    has_speed: bool = True


@dataclass(frozen=True, kw_only=True)
class Turn:
    pixels_HWC: np.ndarray[Any, Any]
    seconds: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--weights", type=Path, help="folder in diffusers layout; default: the embedded one")
    options.add_argument("--pictures", type=int, default=len(PROMPTS), help=f"1 to {len(PROMPTS)}")
    options.add_argument("--thresholds", type=float, nargs="*", default=THRESHOLDS)
    settings = options.parse_args()
    torch.set_num_threads(1)
    draw = load_engine("stickers-full", settings.weights)
    drawn = [run(draw, prompt, seed, {}).image for seed, prompt in enumerate(PROMPTS[: settings.pictures])]
    compare(draw, PROMPTS, [None] * len(drawn), settings.thresholds)
    # Dev's way through the steps on the network at hand: what is asked is how alike neighbouring steps are.
    renoised = replace(
        draw.parts.preset, name="stickers-full, as Dev", sampler="lcm", shift=6.0, num_steps=28
    )
    compare(
        load_engine(renoised, settings.weights, share=draw), PROMPTS, [None] * len(drawn), settings.thresholds
    )
    edit = load_engine("stickers-edit", settings.weights, share=draw)
    compare(edit, INSTRUCTIONS, drawn, settings.thresholds)


def compare(
    engine: DiffusionEngine,
    words: Sequence[str],
    sources: Sequence[Image.Image | None],
    thresholds: Sequence[float],
) -> None:
    """Print a line for each way of one preset."""
    ways = list(ways_of(engine, thresholds))
    run(engine, words[0], 0, {"num_steps": 2}, sources[0])
    turns: dict[str, list[Turn]] = {way.name: [] for way in ways}
    for seed, source in enumerate(sources):
        for way in ways:
            turns[way.name].append(take_turn(way, words[seed], seed, source))
    plain, again = turns["plain"], turns["plain again"]
    pairs = [(before.seconds, after.seconds) for before, after in zip(plain, again, strict=True)]
    apart = statistics.median(max(pair) / min(pair) for pair in pairs)
    for way in ways[1:]:
        taken = turns[way.name]
        likeness = [psnr(turn.pixels_HWC, first.pixels_HWC) for turn, first in zip(taken, plain, strict=True)]
        speed = statistics.median(
            sum(pair) / 2 / turn.seconds for pair, turn in zip(pairs, taken, strict=True)
        )
        row = {
            "preset": engine.parts.preset.name,
            "way": way.name,
            "psnr_db": round(statistics.mean(likeness), 1),
            "worst_db": round(min(likeness), 1),
            "speed": round(speed, 2) if way.has_speed else None,
            "a/a": round(apart, 3),
            "pictures": len(plain),
        }
        print(json.dumps(row), flush=True)


def ways_of(engine: DiffusionEngine, thresholds: Sequence[float]) -> Iterator[Way]:
    parts = engine.parts
    preset = parts.preset
    yield Way(name="plain", engine=engine, changes={})
    for share in (0.8, 0.67, 0.5, 0.4):
        num_steps = round(share * preset.num_steps)
        yield Way(
            name=f"{num_steps} of {preset.num_steps} steps", engine=engine, changes={"num_steps": num_steps}
        )
    for threshold in thresholds:
        cached = load_engine(replace(preset, step_cache=threshold), parts.folder, share=engine)
        yield Way(name=f"step cache at {threshold}", engine=cached, changes={"uses_step_cache": True})
    for low in (0.2, 0.4):
        guided = (low, preset.guided[1])
        yield Way(name=f"guided from {low}", engine=engine, changes={"guided": guided})
    yield Way(name="fp8", engine=with_fp8(engine), changes={}, has_speed=False)
    yield Way(name="plain again", engine=engine, changes={})


def take_turn(way: Way, words: str, seed: int, source: Image.Image | None) -> Turn:
    start = time.process_time()
    sample = run(way.engine, words, seed, way.changes, source)
    seconds = time.process_time() - start
    return Turn(pixels_HWC=np.asarray(sample.image.convert("RGB"), np.float64), seconds=seconds)


def run(
    engine: DiffusionEngine, words: str, seed: int, changes: dict[str, Any], source: Image.Image | None = None
) -> Sample:
    if source is None:
        return engine.generate(GenerateRequest(prompt=words, seed=seed, **changes), lambda _: None)
    return engine.edit(EditRequest(image=source, instruction=words, seed=seed, **changes), lambda _: None)


def psnr(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """In dB, of pictures with values from 0 to 255; 99 for equal ones."""
    error = float(np.mean((one - other) ** 2))
    return min(99.0, 10 * float(np.log10(255**2 / error))) if error else 99.0


class Fp8Linear(nn.Linear):
    """Products of numbers rounded to e4m3, its weight's once and its input's each time."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear.in_features, linear.out_features, linear.bias is not None, device="meta")
        self.weight = nn.Parameter(rounded(linear.weight.detach()), requires_grad=False)
        self.bias = linear.bias

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(rounded(input), self.weight, self.bias)


def with_fp8(engine: DiffusionEngine) -> DiffusionEngine:
    """Another engine, on a copy of the network whose layers of LARGE_LAYERS multiply in fp8."""
    dit = copy.deepcopy(engine.parts.dit)
    for module in dit.modules():
        if isinstance(module, Fusible):
            module.unfuse()
    for name, module in list(dit.named_modules()):
        if isinstance(module, nn.Linear) and name.startswith(LARGE_LAYERS):
            dit.set_submodule(name, Fp8Linear(module))
    return DiffusionEngine(replace(engine.parts, dit=dit))


def rounded(rows: Tensor) -> Tensor:
    """To e4m3 and back, each row scaled by its largest value."""
    scale = rows.abs().amax(-1, keepdim=True).clamp(min=1e-12) / LARGEST_E4M3
    return (rows / scale).to(torch.float8_e4m3fn).to(rows.dtype) * scale


if __name__ == "__main__":
    main()
