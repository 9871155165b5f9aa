"""Kills and full disks during a run, against an unbroken one: `python -m tests.bench.curation_kill`.

The disk is a tmpfs that grows where mounting is allowed, else a quota that the writer checks.
"""

from __future__ import annotations

import argparse
import errno
import json
import multiprocessing
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import torch

from training.data.curation.collect import CollectSettings
from training.data.curation.pipeline import curate
from training.data.curation.planted import plant
from training.data.curation.recipes import CurationRecipe, find_curation_recipe
from training.data.curation.store import Store
from training.errors import DiskFull

FULL, WHOLE = 3, 0


class Disk(Protocol):
    """A folder with an end."""

    name: str

    def allow(self, num_bytes: int) -> None: ...

    def enter(self) -> None:
        """In the process that writes."""
        ...

    def close(self) -> None: ...


class Tmpfs:
    """A real file system. Raises OSError where mounting is not allowed."""

    name = "tmpfs"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._mount("size=16k")

    def allow(self, num_bytes: int) -> None:
        self._mount(f"remount,size={max(num_bytes, 16_384)}")

    def enter(self) -> None:
        pass

    def close(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)

    def _mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(done.stderr.strip())


class Quota:
    """The writer refuses what goes over."""

    name = "quota"

    def __init__(self, folder: Path) -> None:
        self.folder, self.limit = folder, 0
        folder.mkdir()

    def allow(self, num_bytes: int) -> None:
        self.limit = num_bytes

    def enter(self) -> None:
        write = Store._write_aside

        def within(file: Path, content: bytes) -> None:
            used = sum(each.stat().st_size for each in self.folder.rglob("*") if each.is_file())
            if used + len(content) > self.limit:
                raise OSError(errno.ENOSPC, "No space left on device")
            write(file, content)

        Store._write_aside = staticmethod(within)  # type: ignore[method-assign]

    def close(self) -> None:
        pass


@dataclass(kw_only=True)
class Figures:
    """`done_twice`: results that were finished and yet written again."""

    disk: str
    pictures: int
    shards: int
    kills: int = 0
    full_disks: int = 0
    rounds: int = 0
    is_same: bool = True
    done_twice: int = 0
    left_aside: int = 0
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--per-shard", type=int, default=20)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--full-disks", type=int, default=5)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--recipe", default="stickers")
    parser.add_argument("--out", type=Path, help="write the figures here, as JSON")
    args = parser.parse_args()
    with TemporaryDirectory() as temporary:
        raw = Path(temporary) / "raw"
        plant(raw, args.count, args.seed)
        recipe = replace(find_curation_recipe(args.recipe), collect=CollectSettings(per_shard=args.per_shard))
        figures = break_and_go_on(Path(temporary), raw, recipe, args.kills, args.full_disks, args.seed, print)
    print(json.dumps(asdict(figures), indent=1))
    if args.out is not None:
        args.out.write_text(json.dumps(asdict(figures), indent=1) + "\n")


def break_and_go_on(
    folder: Path,
    raw: Path,
    recipe: CurationRecipe,
    kills: int,
    full_disks: int,
    seed: int,
    say: Callable[[str], None],
) -> Figures:
    """As many rounds as it takes, each compared with the unbroken run at its end."""
    rng, begun = random.Random(seed), time.monotonic()
    unbroken = folder / "unbroken"
    assert run(recipe, raw, unbroken, None) == WHOLE
    usual = time.monotonic() - begun
    wanted = results(unbroken)
    size = sum(path.stat().st_size for path in unbroken.rglob("*") if path.is_file())
    shards = list(unbroken.glob("shards/*.tar"))
    pictures = sum(path.suffix in (".png", ".jpg") for path in raw.iterdir())
    figures = Figures(disk="", pictures=pictures, shards=len(shards))
    while figures.kills < kills or figures.full_disks < full_disks:
        figures.rounds += 1
        disk = disk_at(folder / f"broken{figures.rounds}")
        figures.disk = disk.name
        try:
            one_round(disk, recipe, raw, size, usual, (kills, full_disks), figures, rng, say)
            found = results(disk.folder)
            figures.is_same &= {name for name in found if ".part" not in name} == set(wanted)
            figures.is_same &= all(found.get(name) == content for name, content in wanted.items())
            figures.left_aside += sum(".part" in name for name in found)
        finally:
            disk.close()
    figures.seconds = round(time.monotonic() - begun, 1)
    return figures


def disk_at(folder: Path) -> Tmpfs | Quota:
    try:
        return Tmpfs(folder)
    except OSError:
        folder.rmdir()
        return Quota(folder)


def one_round(
    disk: Tmpfs | Quota,
    recipe: CurationRecipe,
    raw: Path,
    size: int,
    usual: float,
    wanted: tuple[int, int],
    figures: Figures,
    rng: random.Random,
    say: Callable[[str], None],
) -> None:
    """Killed again and again, on a disk that grows whenever it is full, until the run ends whole."""
    kills, full_disks = wanted
    step = size * 1.2 / (full_disks + 1)
    room = step * rng.uniform(0.3, 1.0)
    kept = dict[str, int]()
    while True:
        disk.allow(int(room) if figures.full_disks < full_disks else 10 * size)
        patience = rng.uniform(0, 2.5 * usual / max(kills, 1)) if figures.kills < kills else None
        ended = run(recipe, raw, disk.folder, patience, disk)
        finished = marked(disk.folder)
        twice = [name for name, when in kept.items() if finished.get(name) != when]
        figures.done_twice += len(twice)
        say(f"done twice: {', '.join(twice)}" if twice else "nothing done twice")
        kept = finished
        if ended == WHOLE:
            return
        if ended == FULL:
            figures.full_disks += 1
            room += step
        elif ended == -signal.SIGKILL:
            figures.kills += 1
        else:
            raise AssertionError(f"a run ended with {ended}")
        say(f"{figures.kills} kills, {figures.full_disks} full disks, {len(kept)} results finished")


def run(
    recipe: CurationRecipe, raw: Path, work: Path, patience: float | None, disk: Disk | None = None
) -> int:
    """In a process of its own, killed after `patience` seconds; returns how it ended."""
    process = multiprocessing.get_context("fork").Process(target=work_on, args=(recipe, raw, work, disk))
    process.start()
    process.join(patience)
    if process.is_alive():
        assert process.pid is not None
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.join()
    assert process.exitcode is not None
    return process.exitcode


def work_on(recipe: CurationRecipe, raw: Path, work: Path, disk: Disk | None) -> None:
    torch.set_num_threads(1)
    if disk is not None:
        disk.enter()
    try:
        curate(recipe, Store(address=str(work)), [raw], lambda _: None)
    except DiskFull:
        os._exit(FULL)
    os._exit(WHOLE)


def marked(work: Path) -> dict[str, int]:
    """When each finished result was written. A shard is open until its tar, which comes last, is finished."""
    found = dict[str, int]()
    for mark in work.rglob("*.done.json"):
        result = mark.with_name(mark.name.removesuffix(".done.json"))
        tar = work / "shards" / f"{result.stem}.tar"
        is_open = result.parent.name == "collect" and not tar.with_name(f"{tar.name}.done.json").exists()
        if not mark.name.startswith(".") and result.exists() and not is_open:
            found[str(result.relative_to(work))] = result.stat().st_mtime_ns
    return found


def results(work: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(work)): path.read_bytes()
        for path in work.rglob("*")
        if path.is_file() and not path.name.endswith((".done.json", ".html"))
    }


if __name__ == "__main__":
    main()
