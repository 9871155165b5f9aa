"""Near copies among many descriptors, with planted pairs: `python -m tests.bench.dedup`.

Time, peak memory, recall, how time grows, and what the borders of clusters cost at one, two and three probes.
Processor seconds are of all threads together: on a busy machine they say more than the clock.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.data.curation.keepers import Indices
from training.data.curation.near_copies import Halves, Search, cluster, near_pairs

PROBES = (1, 2, 3)
LEAST_ALIKE, MOST_ALIKE = 0.8, 0.99
CHUNK = 50_000


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`recall_at`: of planted pairs, by how many of its nearest clusters each picture is looked for in."""

    rows: int
    dimensions: int
    planted: int
    pairs: int
    seconds: float
    cpu_seconds: float
    peak_gb: float
    recall: float
    precision: float
    recall_at: dict[int, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--dimensions", type=int, default=512)
    parser.add_argument("--copies", type=float, default=0.05, help="share of rows that are copies of others")
    parser.add_argument("--out", type=Path, help="write the figures here, as JSON")
    args = parser.parse_args()
    found = [measure(rows, args.dimensions, args.copies, Search()) for rows in args.sizes]
    record: dict[str, object] = {"search": asdict(Search()), "sizes": [asdict(each) for each in found]}
    if len(found) > 1:
        record["exponent_cpu"] = round(exponent(found[0], found[-1]), 3)
    print(json.dumps(record, indent=1))
    if args.out is not None:
        args.out.write_text(json.dumps(record, indent=1) + "\n")


def measure(rows: int, dimensions: int, copies: float, search: Search) -> Figures:
    vectors_ND, planted_P2 = plant(rows, dimensions, round(rows * copies))
    begun, worked = time.monotonic(), time.process_time()
    pairs, _ = near_pairs(vectors_ND, search)
    seconds, cpu_seconds = time.monotonic() - begun, time.process_time() - worked
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    hits = len(np.intersect1d(numbered(pairs, rows), numbered(planted_P2, rows), assume_unique=True))
    clusters_NP = cluster(vectors_ND, replace(search, num_probes=max(PROBES)))
    return Figures(
        rows=rows,
        dimensions=dimensions,
        planted=len(planted_P2),
        pairs=len(pairs),
        seconds=round(seconds, 1),
        cpu_seconds=round(cpu_seconds, 1),
        peak_gb=round(peak_gb, 2),
        recall=round(hits / len(planted_P2), 4),
        precision=round(hits / max(len(pairs), 1), 4),
        recall_at={probes: round(shared(clusters_NP[:, :probes], planted_P2), 4) for probes in PROBES},
    )


def plant(rows: int, dimensions: int, num_copies: int) -> tuple[Halves, Indices]:
    """Clumps of 300 on average, half alike; the last rows are copies of others, 0.8 to 0.99 alike."""
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((max(1, rows // 300), dimensions), np.float32)
    vectors_ND = np.empty((rows, dimensions), np.float16)
    firsts = rows - num_copies
    for start in range(0, firsts, CHUNK):
        size = min(CHUNK, firsts - start)
        part = centres[rng.integers(0, len(centres), size)]
        part = part + rng.standard_normal(part.shape, np.float32)
        vectors_ND[start : start + size] = part / np.linalg.norm(part, axis=1, keepdims=True)
    originals = rng.choice(firsts, num_copies, replace=False)
    for start in range(0, num_copies, CHUNK):
        chosen = originals[start : start + CHUNK]
        alike = rng.uniform(LEAST_ALIKE, MOST_ALIKE, (len(chosen), 1)).astype(np.float32)
        first = vectors_ND[chosen].astype(np.float32)
        other = rng.standard_normal(first.shape, np.float32)
        other -= (other * first).sum(axis=1, keepdims=True) * first
        other /= np.linalg.norm(other, axis=1, keepdims=True)
        copied = alike * first + np.sqrt(1 - alike**2) * other
        vectors_ND[firsts + start : firsts + start + len(chosen)] = copied
    return vectors_ND, np.stack([originals, firsts + np.arange(num_copies)], axis=1)


def numbered(pairs_P2: Indices, rows: int) -> Indices:
    """Each pair as one number."""
    numbers: Indices = pairs_P2[:, 0] * rows + pairs_P2[:, 1]
    return numbers


def shared(clusters_NP: npt.NDArray[np.int32], pairs_P2: Indices) -> float:
    """Of the pairs, how many have a cluster in common: only those can be found."""
    one, two = clusters_NP[pairs_P2[:, 0]], clusters_NP[pairs_P2[:, 1]]
    return float((one[:, :, None] == two[:, None, :]).any(axis=(1, 2)).mean())


def exponent(small: Figures, large: Figures) -> float:
    """Of how work grows with rows."""
    return math.log(large.cpu_seconds / small.cpu_seconds) / math.log(large.rows / small.rows)


if __name__ == "__main__":
    main()
