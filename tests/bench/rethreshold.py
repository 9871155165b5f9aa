"""A new manifest from tables that are there: `python -m tests.bench.rethreshold --rows 1000000`."""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from training.data.curation.collect import COLLECT, SCHEMA
from training.data.curation.marks import Mark
from training.data.curation.select import select
from training.data.curation.store import Store
from training.data.curation.tables import KEY, pack_table, table_name

EXPRESSIONS = (
    "not is_copy and not is_near_copy and nsfw < 0.3 and aesthetic > 4.5 and watermark < 0.5",
    "not is_copy and not is_near_copy and nsfw < 0.2 and aesthetic > 5 and bytes_per_pixel > 0.1",
)
STAGES = ("copies", "near_copies", "scores", "measures")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--per-shard", type=int, default=1_000)
    parser.add_argument("--out", type=Path, help="write the figures here, as JSON")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        store = Store(address=folder)
        shards = annotate(store, args.rows, args.per_shard)
        lines = [timed(store, shards, expression) for expression in EXPRESSIONS]
    figures = {
        "rows": args.rows,
        "shards": len(shards),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "selections": lines,
    }
    print(json.dumps(figures, indent=1))
    if args.out is not None:
        args.out.write_text(json.dumps(figures, indent=1) + "\n")


def timed(store: Store, shards: list[str], expression: str) -> dict[str, object]:
    begun, worked = time.monotonic(), time.process_time()
    selection = select(store, shards, STAGES, expression)
    return {
        "expression": expression,
        "kept": selection.num_kept,
        "seconds": round(time.monotonic() - begun, 2),
        "cpu_seconds": round(time.process_time() - worked, 2),
    }


def annotate(store: Store, num_rows: int, per_shard: int) -> list[str]:
    """What stages would have written about `num_rows` pictures, one in 200 of which could not be read."""
    shards = [f"{number:05}" for number in range(-(-num_rows // per_shard))]
    for number, shard in enumerate(shards):
        size = min(per_shard, num_rows - number * per_shard)
        for stage, table in tables_of(shard, size, np.random.default_rng((7, number))):
            file = Path(store.address) / table_name(stage, shard)
            file.parent.mkdir(parents=True, exist_ok=True)
            content = pack_table(table)
            file.write_bytes(content)
            mark = Mark(made_of="", sha256=sha256(content).hexdigest(), num_rows=table.num_rows, seconds=0.0)
            file.with_name(f"{file.name}.done.json").write_text(json.dumps(asdict(mark)))
    return shards


def tables_of(shard: str, size: int, rng: np.random.Generator) -> Iterator[tuple[str, pa.Table]]:
    keys = np.array([f"{shard}{index:04}" for index in range(size)])
    is_ok = rng.random(size) > 0.005
    columns = {
        KEY: keys,
        "id": [rng.bytes(32).hex() if ok else None for ok in is_ok],
        "status": np.where(is_ok, "ok", "damaged"),
        "source": [f"web/{shard}/{key}.jpg" for key in keys],
        "origin": [""] * size,
        "licence": ["CC-BY-4.0"] * size,
        "caption": [f"a photograph of thing number {number}" for number in rng.integers(0, 10**6, size)],
        "tags": [["a", "b"]] * size,
        "width": rng.integers(256, 2_048, size),
        "height": rng.integers(256, 2_048, size),
        "format": ["JPEG"] * size,
        "mode": ["RGB"] * size,
        "file_bytes": rng.integers(10_000, 900_000, size),
        "file_sha256": [rng.bytes(32).hex() for _ in range(size)],
    }
    yield COLLECT, pa.table(columns, schema=SCHEMA)
    kept = keys[is_ok]
    count = len(kept)
    for stage, flag, other in (
        ("copies", "is_copy", "copy_of"),
        ("near_copies", "is_near_copy", "near_copy_of"),
    ):
        is_copy = rng.random(count) < 0.1
        yield stage, pa.table({KEY: kept, other: np.where(is_copy, kept[0], ""), flag: is_copy})
    scores = {name: rng.random(count, np.float32) for name in ("watermark", "nsfw", "quality")}
    yield "scores", pa.table({KEY: kept, **scores, "aesthetic": 1 + 9 * rng.random(count, np.float32)})
    names = ("bytes_per_pixel", "sharpness", "contrast")
    yield "measures", pa.table({KEY: kept, **{name: rng.random(count, np.float32) for name in names}})


if __name__ == "__main__":
    main()
