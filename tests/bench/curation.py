"""Precision and recall of every stage on planted pictures: `python -m tests.bench.curation --count 5000`."""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from training.data.curation.near_copies import NearCopyStage, Search
from training.data.curation.pipeline import curate
from training.data.curation.planted import Copy, Fault, Planted, plant, read_truth
from training.data.curation.recipes import stickers
from training.data.curation.run import Alone, run_stage
from training.data.curation.select import joined
from training.data.curation.store import Store

CHECKS = {
    Fault.WATERMARK: "watermark >= 0.5",
    Fault.BLUR: "quality <= 0.5",
    Fault.UNSAFE: "nsfw >= 0.5",
    Fault.UGLY: "aesthetic <= 5.5",
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

    def __str__(self) -> str:
        return f"{self.name:<26}{self.precision:>10.4f}{self.recall:>10.4f}{self.planted:>9,}{self.found:>9,}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--thresholds", type=float, nargs="*", default=[0.85, 0.9, 0.95])
    parser.add_argument("--folder", type=Path, help="keep the pictures and tables here")
    args = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        raw, store = folder / "raw", Store(address=str(folder / "work"))
        if not raw.exists():
            plant(raw, args.count, args.seed)
        begun = time.monotonic()
        selection = curate(stickers(), store, [raw], print)
        print(f"{args.count:,} pictures in {time.monotonic() - begun:.0f} s, {selection.num_kept:,} kept\n")
        print(f"{'':<26}{'precision':>10}{'recall':>10}{'planted':>9}{'found':>9}")
        for line in lines_of(store, read_truth(raw), args.thresholds):
            print(line)


def lines_of(store: Store, truth: Sequence[Planted], thresholds: Sequence[float]) -> list[Line]:
    shards, stages = store.names("plans", ".json"), [stage.name for stage in stickers().stages]
    rows = joined(store, shards, stages, {"watermark", "quality", "nsfw", "aesthetic", "contrast", "copy_of"})
    names = [PurePosixPath(source).name for source in rows["source"]]
    told = {each.name: each for each in truth}
    rows = rows.assign(name=names, truth=[told[name] for name in names]).set_index("key", drop=False)
    lines = [fault_line(rows, fault, check) for fault, check in CHECKS.items()]
    lines.append(copy_line("exact and hash", rows, rows["copy_of"], {Copy.BYTES, Copy.JPEG, Copy.RESIZED}))
    for threshold in thresholds:
        for probes in (1, 2):
            search = Search(threshold=threshold, num_probes=probes)
            run_stage(store, NearCopyStage(search=search), shards, Alone(), lambda _: None)
            near = joined(store, shards, stages, {"near_copy_of"}).set_index("key")["near_copy_of"]
            either = rows["copy_of"].where(rows["copy_of"] != "", near.reindex(rows.index))
            lines.append(copy_line(f"all, {threshold:g}, {probes} probes", rows, either, set(Copy)))
    return lines


def fault_line(rows: pd.DataFrame, fault: Fault, check: str) -> Line:
    found = rows.eval(check)
    planted = pd.Series([each.fault is fault for each in rows["truth"]], index=rows.index)
    return line_of(str(fault), found.to_numpy(bool), planted.to_numpy(bool))


def copy_line(name: str, rows: pd.DataFrame, kept_for: pd.Series, kinds: set[Copy]) -> Line:
    """Of each family of copies all but one should fall. A fall is right if both show the same scene."""
    family = {key: root_of(each) for key, each in zip(rows.index, rows["truth"], strict=True)}
    scenes = {key: each.scene for key, each in zip(rows.index, rows["truth"], strict=True)}
    falls = [(key, other) for key, other in kept_for.items() if other]
    right = sum(family[key] == family[other] or same(scenes[key], scenes[other]) for key, other in falls)
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
    )


def root_of(planted: Planted) -> str:
    return planted.copy_of or planted.name


def same(one: str, two: str) -> bool:
    """Blank pictures show nothing, and that alike."""
    return one == two


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
