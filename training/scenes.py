"""`python -m training scenes`: captioned pictures of the small world, in a folder as `finetune` reads it.

scenes.jsonl beside them says what is in each: the truth that `captioner` can be given.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from engines.vocabulary import read_vocabulary
from training.data.curation.decode import pixel_hash
from training.data.curation.rule_captioner import SCENES
from training.errors import BadRecipe
from training.loop import Say
from training.seeds import rng_for
from training.stickers.captions import caption
from training.stickers.catalogue import world_of
from training.stickers.render import render
from training.stickers.scene import sample_scene

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `python -m training scenes`."""
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--weights",
        type=Path,
        default=Path("engines/stickers"),
        help="whose vocabulary the scenes keep to",
    )


def run(args: argparse.Namespace, say: Say) -> int:
    """Write pictures and captions. Raises FontMissing, BadRecipe."""
    if args.count < 1:
        raise BadRecipe("--count must be at least 1.")
    world = world_of(read_vocabulary(args.weights))
    args.out.mkdir(parents=True, exist_ok=True)
    truth = []
    for index in range(args.count):
        rng = rng_for("scenes", args.seed, index)
        scene = sample_scene(rng, world=world)
        image = render(scene)
        image.save(args.out / f"{index:04}.png")
        truth.append({"file": f"{index:04}.png", "id": pixel_hash(image), "scene": asdict(scene)})
        (args.out / f"{index:04}.txt").write_text(caption(scene, rng) + "\n", "utf-8")
    (args.out / SCENES).write_text("".join(json.dumps(each) + "\n" for each in truth), "utf-8")
    say(f"{args.count} scenes in {args.out}.")
    return 0
