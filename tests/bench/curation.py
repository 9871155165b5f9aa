"""Precision and recall of every stage on planted pictures: `python -m tests.bench.curation --count 5000`.

A fall of a copy is right when both pictures are of one family, or show the same scene by chance: the same
things in the same colours, on the same ground, straight or mirrored, in places that are the same within a
tenth of the picture's sides.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import permutations
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from training.data.curation.checked_copies import CheckedNearCopyStage
from training.data.curation.near_copies import NearCopyStage, Search
from training.data.curation.pipeline import curate
from training.data.curation.planted import Copy, Fault, Planted, plant, read_truth
from training.data.curation.recipes import stickers
from training.data.curation.run import Alone, run_stage
from training.data.curation.select import joined
from training.data.curation.store import Store
from training.stickers.catalogue import SHAPES

NEAR = 24 / 256
# Nothing in a blank picture is sharp or tidy: blanks are told by their contrast alone.
CHECKS = {
    Fault.WATERMARK: "watermark >= 0.5",
    Fault.BLUR: "quality <= 0.1 and contrast > 3",
    Fault.UNSAFE: "nsfw >= 0.6",
    Fault.UGLY: "aesthetic <= 5.5 and contrast > 3",
    Fault.BLANK: "contrast <= 3",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the table."""

    name: str
    precision: float
    recall: float
    planted: int
    found: int
    of_one_family: float | None = None

    def __str__(self) -> str:
        family = "" if self.of_one_family is None else f"{self.of_one_family:>10.4f}"
        shares = f"{self.precision:>10.4f}{self.recall:>10.4f}"
        return f"{self.name:<30}{shares}{self.planted:>9,}{self.found:>9,}{family}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--thresholds", type=float, nargs="*", default=[0.85, 0.9])
    parser.add_argument("--folder", type=Path, help="keep the pictures and tables here")
    parser.add_argument("--out", type=Path, help="write the figures here, as JSON")
    args = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        raw, store = folder / "raw", Store(address=str(folder / "work"))
        if not raw.exists():
            plant(raw, args.count, args.seed)
        begun = time.monotonic()
        selection = curate(stickers(), store, [raw], print)
        seconds = time.monotonic() - begun
        print(f"{args.count:,} pictures in {seconds:.0f} s, {selection.num_kept:,} kept\n")
        print(f"{'':<30}{'precision':>10}{'recall':>10}{'planted':>9}{'found':>9}{'family':>10}")
        lines = lines_of(store, read_truth(raw), args.thresholds)
    for line in lines:
        print(line)
    if args.out is not None:
        record = {"pictures": args.count, "seed": args.seed, "seconds": round(seconds)}
        args.out.write_text(
            json.dumps({**record, "lines": [asdict(line) for line in lines]}, indent=1) + "\n"
        )


def lines_of(store: Store, truth: Sequence[Planted], thresholds: Sequence[float]) -> list[Line]:
    shards, stages = store.names("plans", ".json"), [stage.name for stage in stickers().stages]
    rows = joined(store, shards, stages, {"watermark", "quality", "nsfw", "aesthetic", "contrast", "copy_of"})
    names = [PurePosixPath(source).name for source in rows["source"]]
    told = {each.name: each for each in truth}
    rows = rows.assign(name=names, truth=[told[name] for name in names]).set_index("key", drop=False)
    lines = [fault_line(rows, fault, check) for fault, check in CHECKS.items()]
    lines.append(copy_line("exact and hash", rows, rows["copy_of"], {Copy.BYTES, Copy.JPEG, Copy.RESIZED}))
    stages_by_name: dict[str, NearCopyStage] = {
        "descriptors alone, 0.95": NearCopyStage(search=Search(threshold=0.95))
    }
    for threshold in thresholds:
        for probes in (1, 2):
            search = Search(threshold=threshold, num_probes=probes)
            stages_by_name[f"checked, {threshold:g}, {probes} probes"] = CheckedNearCopyStage(search=search)
    for name, stage in stages_by_name.items():
        run_stage(store, stage, shards, Alone(), lambda _: None)
        near = joined(store, shards, stages, {"near_copy_of"}).set_index("key")["near_copy_of"]
        either = rows["copy_of"].where(rows["copy_of"] != "", near.reindex(rows.index))
        lines.append(copy_line(name, rows, either, set(Copy)))
    lines += [missed_line(kind, rows, either) for kind in Copy]
    return lines


def missed_line(kind: Copy, rows: pd.DataFrame, kept_for: pd.Series) -> Line:
    """Of copies of one kind by the last stage: found where not both, it and its original, are kept."""
    fallen = {key for key, other in kept_for.items() if other}
    by_name = dict(zip(rows["name"], rows.index, strict=True))
    pairs = [
        (key, by_name[each.copy_of])
        for key, each in zip(rows.index, rows["truth"], strict=True)
        if each.copy is kind
    ]
    found = sum(one in fallen or two in fallen for one, two in pairs)
    share = found / max(len(pairs), 1)
    return Line(name=f"  of {kind}", precision=float("nan"), recall=share, planted=len(pairs), found=found)


def fault_line(rows: pd.DataFrame, fault: Fault, check: str) -> Line:
    found = rows.eval(check)
    planted = pd.Series([each.fault is fault for each in rows["truth"]], index=rows.index)
    return line_of(str(fault), found.to_numpy(bool), planted.to_numpy(bool))


def copy_line(name: str, rows: pd.DataFrame, kept_for: pd.Series, kinds: set[Copy]) -> Line:
    """Of each family of copies all but one should fall. A fall is right if both show the same scene."""
    family = {key: root_of(each) for key, each in zip(rows.index, rows["truth"], strict=True)}
    scenes = {key: each.scene for key, each in zip(rows.index, rows["truth"], strict=True)}
    falls = [(key, other) for key, other in kept_for.items() if other]
    related = sum(family[key] == family[other] for key, other in falls)
    right = sum(family[key] == family[other] or alike(scenes[key], scenes[other]) for key, other in falls)
    members = defaultdict[str, list[str]](list)
    for key, each in zip(rows.index, rows["truth"], strict=True):
        if each.copy is None or each.copy in kinds:
            members[root_of(each)].append(key)
    fallen = {key for key, _ in falls}
    wanted = sum(len(keys) - 1 for keys in members.values())
    caught = sum(min(len(keys) - 1, sum(key in fallen for key in keys)) for keys in members.values())
    return Line(
        name=name,
        precision=right / max(len(falls), 1),
        recall=caught / max(wanted, 1),
        planted=wanted,
        found=len(falls),
        of_one_family=related / max(len(falls), 1),
    )


def root_of(planted: Planted) -> str:
    return planted.copy_of or planted.name


def alike(one: str, two: str) -> bool:
    """Blank pictures show nothing, and that alike."""
    if not one or not two:
        return one == two
    (*ground, ours), (*other_ground, theirs) = json.loads(one), json.loads(two)
    if ground[:2] != other_ground[:2] or len(ours) != len(theirs):
        return False
    ours, theirs = in_shares(ours, ground[2]), in_shares(theirs, other_ground[2])
    mirrored = [replace(each, x=1 - each.x) for each in theirs]
    return any(
        all(near(mine, its) for mine, its in zip(ours, order, strict=True))
        for others in (theirs, mirrored)
        for order in permutations(others)
    )


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A thing at shares of its picture's width and height: a picture that is stretched shows the same."""

    look: tuple[str, str | None]
    x: float
    y: float


def in_shares(things: Sequence[tuple[str, str | None, int, int]], shape: str) -> list[Placed]:
    width, height = SHAPES[shape]
    return [Placed(look=(kind, color), x=x / width, y=y / height) for kind, color, x, y in things]


def near(one: Placed, two: Placed) -> bool:
    return one.look == two.look and abs(one.x - two.x) <= NEAR and abs(one.y - two.y) <= NEAR


def line_of(name: str, found: np.ndarray, planted: np.ndarray) -> Line:
    hits = int((found & planted).sum())
    return Line(
        name=name,
        precision=hits / max(int(found.sum()), 1),
        recall=hits / max(int(planted.sum()), 1),
        planted=int(planted.sum()),
        found=int(found.sum()),
    )


if __name__ == "__main__":
    main()
