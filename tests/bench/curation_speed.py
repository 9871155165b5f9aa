"""Pictures a second and core for each stage, and Ray's workers beside one process:
`python -m tests.bench.curation_speed`.

Processor seconds, for a machine may be busy; the two ways are also compared byte for byte.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from training.data.curation.collect import CollectSettings, collect
from training.data.curation.planted import draw_planted
from training.data.curation.recipes import plain, stickers
from training.data.curation.run import Alone, run_stage
from training.data.curation.sources import find_source
from training.data.curation.stage import ShardStage, WholeStage
from training.data.curation.store import Store
from training.seeds import rng_for

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys, time
from dataclasses import replace
from pathlib import Path
from training.data.curation.collect import CollectSettings, collect
from training.data.curation.ray_workers import RayWorkers
from training.data.curation.recipes import plain
from training.data.curation.run import Alone, is_whole, run_stage
from training.data.curation.sources import find_source
from training.data.curation.store import Store

raw, work, per_shard, num_workers = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = Store(address=work)
shards = collect(store, [find_source(raw)], CollectSettings(per_shard=per_shard), lambda *_: None)
workers = RayWorkers(num_workers) if num_workers else Alone()
if num_workers:
    import ray
    ray.init(num_cpus=num_workers, include_dashboard=False, log_to_driver=False)
begun = time.monotonic()
for stage in plain().stages:
    run_stage(store, stage, shards, workers, lambda _: None)
print(f"SECONDS {time.monotonic() - begun:.3f}")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--sides", type=int, nargs="*", default=[256, 1024])
    parser.add_argument("--ray", type=int, default=2, help="workers beside one process; 0 for none")
    parser.add_argument("--nets", action="store_true", help="the embedded network's stages too")
    parser.add_argument("--out", type=Path, help="write the figures here, as JSON")
    args = parser.parse_args()
    record: dict[str, object] = {"pictures": args.count}
    with tempfile.TemporaryDirectory(prefix="speed-") as temporary:
        for side in args.sides:
            raw = draw(Path(temporary) / f"raw{side}", args.count, side)
            record[f"per_second_and_core_{side}_px"] = paces(
                raw, Path(temporary) / f"work{side}", args.count, args.nets
            )
        if args.ray:
            record["ray"] = beside_ray(raw, Path(temporary), args.count // 8, args.ray)
    print(json.dumps(record, indent=1))
    if args.out is not None:
        args.out.write_text(json.dumps(record, indent=1) + "\n")


def draw(folder: Path, count: int, side_px: int) -> Path:
    """Scenes of the small world as PNG at their own size, as JPEG where they are enlarged."""
    folder.mkdir()
    for index in range(count):
        _, image = draw_planted(rng_for("speed", 0, index), None)
        if side_px == 256:
            image.save(folder / f"{index:06}.png")
        else:
            image.resize((side_px, side_px), Image.Resampling.BICUBIC).save(
                folder / f"{index:06}.jpg", quality=90
            )
    return folder


def paces(raw: Path, work: Path, count: int, with_nets: bool) -> dict[str, float]:
    """By stage. One pass over each is all: what a run pays, reading and writing shards included."""
    store, begun = Store(address=str(work)), time.process_time()
    settings = CollectSettings(per_shard=max(1, count // 4))
    shards = collect(store, [find_source(raw)], settings, lambda *_: None)
    found = {"collect": count / (time.process_time() - begun)}
    for stage in wanted_stages(with_nets):
        begun = time.process_time()
        run_stage(store, stage, shards, Alone(), lambda _: None)
        found[stage.name] = count / (time.process_time() - begun)
    return {name: round(pace, 1) for name, pace in found.items()}


def wanted_stages(with_nets: bool) -> Iterator[ShardStage | WholeStage]:
    yield from (stickers() if with_nets else plain()).stages


def beside_ray(raw: Path, folder: Path, per_shard: int, num_workers: int) -> dict[str, object]:
    """Seconds by the clock of the same stages in both ways, and whether results agree."""
    seconds = dict[int, float]()
    with tempfile.TemporaryDirectory(prefix="ray-") as sockets:  # Ray's sockets need a short path
        environment = os.environ | {
            "RAY_AUTH_MODE": "disabled",
            "RAY_TMPDIR": sockets,
            "OMP_NUM_THREADS": "1",
        }
        for workers in (0, num_workers):
            command = [sys.executable, "-c", PROGRAM, str(raw), str(folder / f"w{workers}")]
            command += [str(per_shard), str(workers)]
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
            )
            seconds[workers] = float(done.stdout.split("SECONDS")[1])
    one, many = results(folder / "w0"), results(folder / f"w{num_workers}")
    return {
        "workers": num_workers,
        "seconds_alone": seconds[0],
        "seconds_with_ray": seconds[num_workers],
        "files_compared": len(one),
        "same_bytes": one == many and len(one) > 0,
    }


def results(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".done.json")
    }


if __name__ == "__main__":
    main()
