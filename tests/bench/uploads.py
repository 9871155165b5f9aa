"""Hostile uploads by the thousand: python -m tests.bench.uploads --files 100000 --http 5000

Broken files go through the app's decoders, broken requests to the app over HTTP, and bombs one by one to a
decoder of their own, whose memory is watched. Whatever must not be is printed with its seed. `--photos` times
a photo of 12 megapixels.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from agent.decoder.pool import Decoders
from agent.errors import UploadRejected
from agent.infotext import read_settings
from agent.uploads import clean_upload
from tests.agent.decoder.hostile import BOMBS, Bomb, as_written
from tests.agent.decoder.verdicts import FAULTS, verdict
from tests.browser.server import Server, Visitor
from tests.ui import broken_uploads

THREADS = 2
MOST_SECONDS, MOST_MEGABYTES = 0.2, 100
"""What a bomb may cost until it is refused."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=10_000)
    options.add_argument("--http", type=int, default=500)
    options.add_argument("--photos", type=int, default=10)
    options.add_argument("--seed", type=int, default=0, help="the first seed")
    settings = options.parse_args()
    files(range(settings.seed, settings.seed + settings.files))
    over_http(range(settings.seed, settings.seed + settings.http))
    bombs()
    photos(settings.photos)


@dataclass(frozen=True, kw_only=True)
class Blast:
    """What looking for its settings and reading it cost: time, and memory of both processes at most."""

    seconds: float
    megabytes: float
    is_refused: bool


def bombs() -> None:
    blasts = {name: blast(bomb) for name, bomb in BOMBS.items()}
    for name, each in blasts.items():
        print(f"  {name}: {each.seconds * 1e3:.0f} ms, {each.megabytes:.1f} MB more", flush=True)
    refused = sum(each.is_refused for each in blasts.values())
    slowest, largest = (
        max(getattr(each, what) for each in blasts.values()) for what in ("seconds", "megabytes")
    )
    print(
        f"bombs: {refused} of {len(blasts)} refused, in {slowest * 1e3:.0f} ms at most, with {largest:.1f} "
        "MB more at most (app and decoder together)",
        flush=True,
    )
    if refused < len(blasts) or slowest > MOST_SECONDS or largest > MOST_MEGABYTES:
        raise SystemExit(f"A bomb may take {MOST_SECONDS * 1e3:.0f} ms and {MOST_MEGABYTES} MB.")


def blast(bomb: Bomb) -> Blast:
    content = bomb.make()
    decoders = Decoders(num_decoders=1)
    clean_upload(as_written(Image.new("RGB", (8, 8)), "PNG"), decoders)
    process = decoders._places.get()
    decoders._places.put(process)
    assert process is not None
    pids = (os.getpid(), process.pid)
    before = sum(settled(pid) for pid in pids)
    begun, sentence = time.perf_counter(), ""
    try:
        read_settings(content, decoders)
        clean_upload(content, decoders)
    except UploadRejected as error:
        sentence = str(error)
    seconds = time.perf_counter() - begun
    megabytes = sum(kilobytes(pid, "VmHWM") for pid in pids) - before
    decoders.close()
    return Blast(seconds=seconds, megabytes=megabytes / 1024, is_refused=bomb.says in sentence)


def settled(pid: int) -> int:
    """What a process holds now, in kilobytes; its peak counts anew from here."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return kilobytes(pid, "VmRSS")


def kilobytes(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def photos(num: int) -> None:
    dice = np.random.default_rng(1)
    rough = Image.fromarray(dice.integers(0, 256, (375, 500, 3), dtype=np.uint8))
    photo = as_written(rough.resize((4000, 3000), Image.Resampling.BICUBIC), "JPEG", quality=90)
    decoders = Decoders()
    clean_upload(as_written(Image.new("RGB", (8, 8)), "PNG"), decoders)
    whole, own = list[float](), list[float]()
    for _ in range(num):
        begun, own_begun = time.perf_counter(), time.process_time()
        clean_upload(photo, decoders)
        whole.append(time.perf_counter() - begun)
        own.append(time.process_time() - own_begun)
    decoders.close()
    print(
        f"a photo of 12 megapixels: {statistics.median(whole) * 1e3:.0f} ms (median of {num}), of the app's "
        f"own CPU {statistics.median(own) * 1e3:.0f} ms",
        flush=True,
    )


def files(seeds: range) -> None:
    decoders, slowest = Decoders(), [0.0]

    def judge(seed: int) -> str:
        begun = time.perf_counter()
        found = verdict(seed, decoders)
        slowest[0] = max(slowest[0], time.perf_counter() - begun)
        return found

    begun = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        found = Counter(threads.map(judge, seeds))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    decoders.close()
    report("files in the decoders", found, time.perf_counter() - begun)
    print(
        f"slowest {slowest[0] * 1e3:.0f} ms; {decoders.num_started} decoders in turn, the largest "
        f"held {peak / 1024:.0f} MB",
        flush=True,
    )


def over_http(seeds: range) -> None:
    """One visitor: two would be one to the page's queue."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data", "--engine", "fake", "--limits.uploads-an-hour", "100000")
        server.start()
        visitor = Visitor(server.url)
        begun = time.perf_counter()
        found = Counter(broken_uploads.verdict(visitor, seed) for seed in seeds)
        seconds = time.perf_counter() - begun
        num_tracebacks = server.log.read_text().count("Traceback")
        code = server.stop()
    report("uploads over HTTP", found, seconds)
    print(f"{num_tracebacks} tracebacks in the app's log; it ended with {code}", flush=True)


def report(name: str, found: Counter[str], seconds: float) -> None:
    faults = {what: count for what, count in found.items() if what.startswith(FAULTS)}
    kinds = ", ".join(f"{what} {count}" for what, count in found.most_common() if what not in faults)
    print(f"{name}: {found.total()} in {seconds:.0f} s, {sum(faults.values())} faults ({kinds})", flush=True)
    for what in faults:
        print(what, flush=True)


if __name__ == "__main__":
    main()
