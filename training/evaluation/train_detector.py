"""Train the judge: `python -m training detector --out FOLDER`, about ten minutes on one core."""

# B pictures, H x W grid cells, N labelled cells of a batch

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from engines.vae import Vae, to_image, to_pixels
from training.evaluation.examples import Example, sample_example
from training.evaluation.judge_error import Groups, choose_thresholds, measure
from training.precision import autocast
from training.seeds import rng_for
from training.stickers.catalogue import WHOLE, World
from training.stickers.detector import (
    CELL_PX,
    GRID,
    INPUT_PX,
    JUDGES,
    Detector,
    DetectorNetwork,
    GridOutput,
    scales,
    to_input,
)
from training.stickers.render import font_version

STREAM = "detector"
"""No engine trains or is scored on this stream of seeds."""
HELD_OUT_STREAM = "detector-held-out"
HISTORY_KEYS = ("started_from", "settings", "autoencoder_round_trips", "minutes")
_IGNORED = -1


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """How long and how hard to train."""

    num_steps: int = 2400
    batch_size: int = 32
    learning_rate: float = 3e-3
    num_held_out: int = 400
    num_round_trips: int = 480
    share_of_round_trips: float = 0.12
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Truth of a batch. `cells` are picture, row and column of the cells around each thing's centre."""

    heat_BHW: Tensor
    cells_N3: Tensor
    kinds_N: Tensor
    colors_N: Tensor
    words_N: Tensor
    sizes_N: Tensor
    offsets_N2: Tensor
    backgrounds_B: Tensor
    styles_B: Tensor


def make_labels(examples: Sequence[Example], world: World = WHOLE) -> Labels:
    """Heat falls off as a Gaussian of 0.9 cells; what and how large is taught where it exceeds 0.5."""
    heat = np.zeros((len(examples), GRID, GRID), np.float32)
    rows, columns = np.mgrid[0:GRID, 0:GRID] + 0.5
    cells: list[tuple[int, int, int]] = []
    truths: list[tuple[int, int, int, float, float, float]] = []
    for index, (example, scale) in enumerate(
        zip(examples, scales([e.picture for e in examples]), strict=True)
    ):
        for thing in (*example.things, *example.strangers):
            is_known = thing in example.things
            column, row = (value / scale / CELL_PX for value in (thing.x, thing.y))
            column, row = (min(max(value, 0.0), GRID - 1e-3) for value in (column, row))
            distance = (columns - int(column) - 0.5) ** 2 + (rows - int(row) - 0.5) ** 2
            spot = np.exp(-distance / (2 * 0.9**2))
            heat[index] = np.maximum(heat[index], spot)
            kind = world.kinds.index(thing.kind) if is_known else len(world.kinds)
            color = (*world.colors, None).index(thing.color)
            if not is_known or not example.has_colors:
                color = _IGNORED
            is_readable = is_known and example.has_words and thing.word is not None
            word = world.signs.index(thing.word or "") if is_readable else _IGNORED
            for y, x in zip(*np.nonzero(spot > 0.5), strict=True):
                cells.append((index, int(y), int(x)))
                log_size = math.log(thing.size / scale / INPUT_PX)
                truths.append((kind, color, word, log_size, column - x - 0.5, row - y - 0.5))
    table = torch.tensor(truths, dtype=torch.float32).reshape(-1, 6)
    styles = [(*world.styles, None).index(example.style) for example in examples]
    return Labels(
        heat_BHW=torch.from_numpy(heat),
        cells_N3=torch.tensor(cells, dtype=torch.int64).reshape(-1, 3),
        kinds_N=table[:, 0].long(),
        colors_N=table[:, 1].long(),
        words_N=table[:, 2].long(),
        sizes_N=table[:, 3],
        offsets_N2=table[:, 4:],
        backgrounds_B=torch.tensor([world.backgrounds.index(example.background) for example in examples]),
        styles_B=torch.tensor(styles),
    )


def detector_loss(output: GridOutput, labels: Labels) -> Tensor:
    """Focal heat loss (Law and Deng 2018, eq. 1; alpha 2, beta 4) plus what each thing and the picture is."""
    picture, row, column = labels.cells_N3.unbind(1)
    probability = output.heat_BHW.float().sigmoid().clamp(1e-4, 1 - 1e-4)
    is_centre = labels.heat_BHW == 1
    hit = (1 - probability) ** 2 * probability.log() * is_centre
    miss = (1 - labels.heat_BHW) ** 4 * probability**2 * (1 - probability).log() * ~is_centre
    total = -(hit + miss).sum() / is_centre.sum().clamp(min=1)
    if len(labels.cells_N3):
        kinds = output.kinds_BKHW.float()[picture, :, row, column]
        sizes = output.sizes_BHW.float()[picture, row, column]
        offsets = output.offsets_B2HW.float()[picture, :, row, column]
        total = total + F.cross_entropy(kinds, labels.kinds_N)
        total = total + F.l1_loss(sizes, labels.sizes_N) + 0.5 * F.l1_loss(offsets, labels.offsets_N2)
        is_colored = labels.colors_N != _IGNORED
        if is_colored.any():
            colors = output.colors_BKHW.float()[picture, :, row, column]
            total = total + F.cross_entropy(colors[is_colored], labels.colors_N[is_colored])
        is_word = labels.words_N != _IGNORED
        if output.words_BKHW is not None and is_word.any():
            words = output.words_BKHW.float()[picture, :, row, column]
            total = total + 0.5 * F.cross_entropy(words[is_word], labels.words_N[is_word])
    backgrounds = F.cross_entropy(output.backgrounds_BK.float(), labels.backgrounds_B)
    return total + 0.5 * backgrounds + 0.5 * F.cross_entropy(output.styles_BK.float(), labels.styles_B)


def round_trip(vae: Vae, pictures: Sequence[Image.Image]) -> list[Image.Image]:
    """Through the engines' autoencoder and back; they need not be of one size."""
    return [to_image(vae.decode(vae.encode(to_pixels(picture)))) for picture in pictures]


def round_trips(settings: DetectorSettings, vae: Vae) -> list[Example]:
    """A stock of examples as the autoencoder gives them back."""
    examples = [
        sample_example(rng_for(f"{STREAM}-decoded", settings.seed, index), is_clean=True)
        for index in range(settings.num_round_trips)
    ]
    pictures = round_trip(vae, [example.picture for example in examples])
    return [replace(each, picture=picture) for each, picture in zip(examples, pictures, strict=True)]


def train(
    network: DetectorNetwork, settings: DetectorSettings, vae: Vae | None, say: Callable[[str], None]
) -> None:
    """AdamW with a one-cycle rate; pictures are drawn afresh for every batch."""
    network.train().requires_grad_(True)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=settings.num_steps, pct_start=0.1
    )
    decoded = [] if vae is None else round_trips(settings, vae)
    rng = rng_for(f"{STREAM}-round-trips", settings.seed, 0)
    started = time.monotonic()
    for step in range(settings.num_steps):
        indices = range(step * settings.batch_size, (step + 1) * settings.batch_size)
        examples = [
            decoded[int(rng.integers(len(decoded)))]
            if decoded and rng.random() < settings.share_of_round_trips
            else sample_example(rng_for(STREAM, settings.seed, index))
            for index in indices
        ]
        inputs = to_input([example.picture for example in examples])
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        with autocast("cpu"):
            output = network(inputs)
        loss = detector_loss(output, make_labels(examples))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            rate = (step + 1) * settings.batch_size / (time.monotonic() - started)
            say(f"step {step + 1}/{settings.num_steps}  loss {loss.item():.3f}  {rate:.0f} samples/s")


def held_out(settings: DetectorSettings, vae: Vae | None) -> Groups:
    """Fresh pictures by kind: clean, damaged, through the autoencoder, and with strangers only."""

    def draw(name: str, share_of_strangers: float, is_clean: bool) -> list[Example]:
        stream = f"{HELD_OUT_STREAM}-{name}"
        return [
            sample_example(
                rng_for(stream, settings.seed, index),
                share_of_strangers=share_of_strangers,
                is_clean=is_clean,
            )
            for index in range(settings.num_held_out)
        ]

    groups = {
        "clean": draw("clean", 0.0, True),
        "damaged": draw("damaged", 0.25, False),
        "strangers": draw("strangers", 1.0, False),
    }
    pictures = {name: [example.picture for example in examples] for name, examples in groups.items()}
    if vae is not None:
        groups["autoencoder"] = draw("autoencoder", 0.0, True)
        pictures["autoencoder"] = round_trip(vae, [example.picture for example in groups["autoencoder"]])
    return Groups(examples=groups, pictures=pictures)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training detector`."""
    parser.add_argument("--out", type=Path, default=JUDGES / "whole", help="folder for weights and report")
    parser.add_argument(
        "--vae", type=Path, default=Path("engines/stickers/vae"), help="autoencoder for round trips"
    )
    parser.add_argument(
        "--from",
        dest="start",
        type=Path,
        help="folder of weights to go on from (--steps 0 measures them)",
    )
    parser.add_argument("--steps", type=int, default=DetectorSettings.num_steps)
    parser.add_argument("--learning-rate", type=float, default=DetectorSettings.learning_rate)
    parser.add_argument("--held-out", type=int, default=DetectorSettings.num_held_out, help="a group")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Train, choose thresholds on half of the held-out pictures, report errors on the other half, save."""
    settings = DetectorSettings(
        num_steps=args.steps,
        learning_rate=args.learning_rate,
        num_held_out=args.held_out,
        seed=args.seed,
    )
    torch.manual_seed(settings.seed)
    network = Detector.from_pretrained(args.start).network if args.start else DetectorNetwork()
    before = json.loads((args.start / "report.json").read_text("utf-8")) if args.start else None
    has_vae = (args.vae / "config.json").exists()
    vae = Vae.from_pretrained(args.vae) if has_vae else None
    say(f"Autoencoder round trips: {args.vae if has_vae else 'none (no weights there)'}")
    started = time.monotonic()
    if settings.num_steps:
        train(network, settings, vae, say)
    minutes = (time.monotonic() - started) / 60
    tuning, testing = held_out(settings, vae).halves()
    detector = Detector(network, choose_thresholds(network, tuning))
    detector.save(args.out)
    report = {
        "started_from": before and {key: before[key] for key in HISTORY_KEYS},
        "settings": asdict(settings),
        "minutes": round(minutes, 1),
        "font": font_version(),
        "autoencoder_round_trips": has_vae,
        "thresholds": asdict(detector.thresholds),
        "held_out": {name: asdict(error) for name, error in measure(detector, testing).items()},
    }
    (args.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    say(json.dumps(report["held_out"], indent=2))
    return 0
