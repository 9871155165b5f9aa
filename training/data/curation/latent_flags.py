"""The flags of `python -m training curate` about latents: light to import, as command.py is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from training.errors import BadRecipe

__all__ = ["add_arguments", "make_latents"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    flags = parser.add_argument_group("latents of what is kept, for training")
    flags.add_argument(
        "--latents", type=Path, metavar="VAE", help="encode with the autoencoder in this folder"
    )
    flags.add_argument("--latents-px", type=int, default=256, help="the resolution (default: 256)")
    flags.add_argument(
        "--latents-rule",
        choices=("square", "area"),
        default="square",
        help="square: fits into a square of that side; area: has its area",
    )
    flags.add_argument("--latents-step", type=int, default=16, help="sides are multiples of it (default: 16)")
    flags.add_argument("--latents-device", default="cpu", help="where the autoencoder runs: cuda")
    flags.add_argument("--latents-out", type=Path, help="where they go (default: beside the tables)")


def make_latents(args: argparse.Namespace, say: Callable[[str], None]) -> None:
    """If an autoencoder is named. Raises BadRecipe, CorruptShards, EngineError."""
    if args.latents is None:
        return
    from engines.load_engine import quiet_libraries
    from engines.vae import Vae
    from training.data.curation.latents import LatentSettings, encode_selected
    from training.data.curation.store import Store

    if args.latents_out is None and "://" in args.work:
        raise BadRecipe(f"Latents are read memory-mapped, which {args.work} cannot be: name --latents-out.")
    settings = LatentSettings(
        resolution_px=args.latents_px,
        rule=args.latents_rule,
        step_px=args.latents_step,
        folder=args.latents_out or Path(args.work) / "latents",
    )
    quiet_libraries()
    vae = Vae.from_pretrained(args.latents, device=args.latents_device)
    reader = encode_selected(Store(address=args.work), settings, vae, say)
    say(
        f"{settings.shards}: latents of {reader.num_records:,} pictures in {len(reader.buckets)} sizes; give "
        f"`pretrain` --data {settings.folder}"
    )
