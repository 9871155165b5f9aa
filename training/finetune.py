"""`python -m training finetune --data FOLDER`: a LoRA adapter from a user's pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

from engines.load_engine import load_engine
from engines.presets import PRESETS
from training.data.folder import read_pictures
from training.errors import BadRecipe
from training.loop import LoopSettings, Say, train
from training.optim import OptimSettings
from training.stages.finetune import FinetuneSettings, FinetuneStage

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training finetune`."""
    drawing = [name for name, preset in PRESETS.items() if preset.verb == "generate"]
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of pictures, a .txt caption beside each"
    )
    parser.add_argument("--keep", type=Path, help="such a folder of what the model shall not forget")
    parser.add_argument("--out", type=Path, help="the adapter's file (default: DATA's name .safetensors)")
    parser.add_argument("--preset", default="stickers-full", choices=drawing, help="what is fine-tuned")
    parser.add_argument("--weights", type=Path, help="folder of the weights (default: the preset's own)")
    parser.add_argument("--steps", type=int, default=400, help="updates")
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate; 1e-4 for HiDream-I1")
    parser.add_argument("--rank", type=int, default=16, help="of the LoRA pairs")
    parser.add_argument("--batch", type=int, default=8, help="pictures an update")
    parser.add_argument(
        "--eight-bit", action="store_true", help="8-bit moments in the optimiser (needs bitsandbytes)"
    )
    parser.add_argument("--no-gates", action="store_true", help="leave the routers as they are")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where checkpoints and sheets go")
    parser.add_argument("--minutes", type=float, help="end this sitting after so many minutes; resumable")
    parser.add_argument("--threads", type=int, help="CPU threads (default: all)")


def run(args: argparse.Namespace, say: Say) -> int:
    """Train or go on, then write the adapter. Raises TrainingError or EngineError."""
    if min(args.steps, args.rank, args.batch) < 1 or not args.rate > 0:
        raise BadRecipe("--steps, --rank and --batch must be at least 1, --rate above 0.")
    pictures = read_pictures(args.data)
    kept = read_pictures(args.keep) if args.keep else ()
    say(f"{len(pictures)} pictures in {args.data}" + (f", {len(kept)} to keep." if kept else "."))
    name = args.data.resolve().name
    folder = args.runs / "finetune" / name
    settings = FinetuneSettings(rank=args.rank, trains_gates=not args.no_gates, batch_size=args.batch)
    engine = load_engine(args.preset, args.weights)
    stage = FinetuneStage(settings, engine, pictures, folder / "latents", say, kept)
    optim = OptimSettings(
        learning_rate=args.rate,
        num_steps=args.steps,
        warmup_steps=min(20, args.steps),
        weight_decay=0.0,
        ema_decay=0.98,
        moment_bits=8 if args.eight_bit else 32,
    )
    optimizer = train(stage, LoopSettings(optim=optim, minutes=args.minutes), folder, say)
    optimizer.write(optimizer.ema)
    out = args.out or Path(f"{name}.safetensors")
    stage.write(out)
    say(f"{out}: {out.stat().st_size / 1e6:.1f} MB. Try it: {trial(args.preset, out, pictures[0].caption)}")
    return 0


def trial(preset: str, adapter: Path, caption: str) -> str:
    return f'python -m engines generate "{caption}" --preset {preset} --lora {adapter}'
