"""`python -m training eyes`: train the eyes that the chat looks at stickers with, measure and write them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from engines.eyes.sticker_eyes import EYES, StickerEyes
from engines.load_engine import STICKERS, load_engine
from engines.manifest import MANIFEST, write_manifest
from engines.vae import Vae
from engines.vocabulary import read_vocabulary
from training.errors import BadRecipe
from training.eyes.accuracy import choose_thresholds, held_out, measure
from training.eyes.stage import EyesSettings, EyesStage, settle
from training.eyes.store import Making, build_store, names_of
from training.loop import LoopSettings, train
from training.optim import OptimSettings
from training.stickers.catalogue import world_of

__all__ = ["add_arguments", "run"]

REPORT = "report.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training eyes`."""
    parser.add_argument(
        "--weights",
        type=Path,
        default=STICKERS,
        help="folder whose vocabulary, autoencoder and hand they learn",
    )
    parser.add_argument(
        "--preset", default="stickers-fast", help="the hand whose mistakes they learn to read"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where pictures and checkpoints go")
    parser.add_argument("--out", type=Path, help="default: the folder eyes of --weights")
    parser.add_argument("--steps", type=int, default=7_000)
    parser.add_argument("--minutes", type=float, help="end this sitting after so many minutes; resumable")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--held-out", type=int, default=400, help="pictures of each kind, half to measure on")
    parser.add_argument("--threads", type=int, help="CPU threads (default: all)")
    for kind, number in asdict(Making()).items():
        if kind.startswith("num_"):
            parser.add_argument(f"--{kind[4:]}", type=int, default=number, help="such pictures an outline")


def run(args: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Make pictures, train, measure, write. Raises TrainingError or EngineError."""
    if args.steps < 1:
        raise BadRecipe("--steps must be at least 1.")
    world = world_of(read_vocabulary(args.weights))
    folder = args.runs / "eyes"
    making = Making(
        num_plain=args.plain,
        num_decoded=args.decoded,
        num_redrawn=args.redrawn,
        num_drawn=args.drawn,
        num_outside=args.outside,
    )
    vae = Vae.from_pretrained(args.weights / "vae")
    drawer = load_engine(args.preset, args.weights) if making.num_redrawn + making.num_drawn else None
    stores = {
        shape: build_store(folder / "views", world, shape, making, vae, drawer, say) for shape in world.shapes
    }
    stage = EyesStage(EyesSettings(), names_of(world), stores)
    optim = OptimSettings(
        learning_rate=args.learning_rate,
        num_steps=args.steps,
        decay_share=0.5,
        ema_decay=0.998,
        clip_norm=5.0,
    )
    optimizer = train(stage, LoopSettings(optim=optim, minutes=args.minutes), folder, say)
    optimizer.write(optimizer.ema)
    settle(stage)
    groups = held_out(world, vae, drawer, args.held_out)
    eyes = choose_thresholds(StickerEyes(stage.model), {name: each.half(0) for name, each in groups.items()})
    errors = measure(eyes, {name: each.half(1) for name, each in groups.items()})
    report = {name: asdict(error) for name, error in errors.items()}
    out = args.out or args.weights / EYES
    eyes.save(out)
    text = json.dumps({"steps": args.steps, "held_out": report}, indent=2)
    (out / REPORT).write_text(text + "\n", "utf-8")
    if (out.parent / MANIFEST).is_file():
        say(f"{out.parent}: weights hash {write_manifest(out.parent)}")
    for name, error in report.items():
        say(f"{name:12}" + "  ".join(f"{key} {value}" for key, value in error.items()))
    return 0
