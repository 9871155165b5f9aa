"""What curation is worth to a model: post-training on planted dirt as it is, and on what curation leaves.

`python -m tests.bench.dirty_training --count 6000 --steps 1500` prints JSON. Both arms go on from the same
weights, with the same settings, steps and noise; only the manifest differs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from engines.vocabulary import read_vocabulary
from training.commands import main as train
from training.data.curation.pipeline import curate
from training.data.curation.planted import TRUTH, plant, read_truth
from training.data.curation.recipes import find_curation_recipe
from training.data.curation.selected import read_selected
from training.data.curation.store import Store
from training.stickers.catalogue import world_of

ARMS = {"as it is": "width > 0", "curated": None}
RECIPE = "stickers_starter"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=6_000)
    parser.add_argument("--steps", type=int, default=1_500)
    parser.add_argument("--prompts", type=int, default=24, help="of each task")
    parser.add_argument("--fault-share", type=float, default=0.5)
    parser.add_argument("--copy-share", type=float, default=0.5)
    parser.add_argument("--weights", type=Path, default=Path("engines/stickers"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep all here")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        raw = folder / "raw"
        if not (raw / TRUTH).exists():
            world = world_of(read_vocabulary(args.weights))
            plant(raw, args.count, 17, args.copy_share, args.fault_share, world)
            caption_copies(raw)
        found: dict[str, object] = {"planted": args.count, "steps": args.steps, "threads": args.threads}
        found["before"] = score(args, args.weights, folder / "before.json")
        for name, expression in ARMS.items():
            found[name] = arm(args, folder / name.replace(" ", "-"), raw, folder / "work", expression)
        print(json.dumps(found, indent=1))


def caption_copies(raw: Path) -> None:
    """On the web a copy comes with words as well."""
    for each in read_truth(raw):
        if each.copy is not None:
            shutil.copy((raw / each.copy_of).with_suffix(".txt"), (raw / each.name).with_suffix(".txt"))


def arm(
    args: argparse.Namespace, folder: Path, raw: Path, work: Path, expression: str | None
) -> dict[str, object]:
    recipe, begun = find_curation_recipe("stickers"), time.monotonic()
    curate(recipe, Store(address=str(work)), [raw], tell, expression=expression)
    truth = {each.name: each for each in read_truth(raw)}
    kept = read_selected(work)
    spoilt = sum(truth[Path(each.source).name].fault is not None for each in kept)
    common = ["--recipe", RECIPE, "--runs", str(folder / "runs")]
    run("adopt", *common, "--weights", str(args.weights))
    changes = [
        f"posttrain_loop.optim.num_steps={args.steps}",
        "posttrain_loop.optim.learning_rate=5e-4",
        "posttrain_loop.optim.warmup_steps=50",
    ]
    settings = [word for change in changes for word in ("--set", change)]
    run("posttrain", *common, *settings, "--pictures", str(work), "--threads", str(args.threads))
    run("export", *common, "--out", str(folder / "weights"))
    return {
        "pictures": len(kept),
        "of them faulty": spoilt,
        "score": score(args, folder / "weights", folder / "score.json"),
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }


def score(args: argparse.Namespace, weights: Path, file: Path) -> object:
    """Means of each task and of all: true renders get about 1."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        run(
            *("score", "--weights", str(weights), "--variant", "full", "--steps", "28"),
            *("--prompts", str(args.prompts), "--json", str(file), "--sheet", str(file.with_suffix(".png"))),
        )
    row = json.loads(file.read_text("utf-8"))["tables"][0]["rows"][0]
    cells = {**row["cells"], "overall": row["overall"]}
    return {task: (round(cell["mean"], 3), round(cell["interval"], 3)) for task, cell in cells.items()}


def run(*words: str) -> None:
    if train(words):
        sys.exit(f"`{' '.join(words)}` failed.")


def tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)


if __name__ == "__main__":
    main()
