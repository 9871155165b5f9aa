"""A run's verdicts on disk: each picture is judged once by each judge."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from engines.manifest import file_sha256
from training.benchmarks.benchmark import Benchmark, Order, Verdict
from training.benchmarks.errors import JudgeFailed, JudgeUnavailable
from training.benchmarks.figures import Mark
from training.benchmarks.gallery import Gallery, read_picture
from training.ledger import Ledger
from training.loop import Say

__all__ = ["judge_all"]

SAY_SECONDS = 15


def judge_all(
    benchmark: Benchmark,
    orders: Sequence[Order],
    gallery: Gallery,
    folder: Path,
    say: Say,
    num_parallel: int = 1,
) -> list[Verdict]:
    """A verdict an order, in order; those in `folder`/verdicts.jsonl are taken from there, unless the picture
    is another one since.

    A failed judgement is kept as one, and tried again by the next run. Raises JudgeUnavailable, also when
    no picture at all got a verdict.
    """
    ledger = Ledger(folder / "verdicts.jsonl")
    known = {verdict.file: verdict for verdict in map(from_record, ledger) if verdict}
    pictures = {order.file: file_sha256(gallery.path(order)) for order in orders}
    settled = {
        file for file, each in known.items() if not each.failure and each.picture == pictures.get(file)
    }
    waiting = list({order.file: order for order in orders if order.file not in settled}.values())
    started = said = time.monotonic()

    def judged(order: Order) -> Verdict:
        verdict = replace(judge_one(benchmark, order, gallery), picture=pictures[order.file])
        ledger.add(asdict(verdict))
        return verdict

    with ThreadPoolExecutor(num_parallel) as pool:
        futures = [pool.submit(judged, order) for order in waiting]
        try:
            for count, (order, future) in enumerate(zip(waiting, futures, strict=True), 1):
                known[order.file] = future.result()
                if time.monotonic() - said > SAY_SECONDS or count == len(waiting):
                    said = time.monotonic()
                    say(f"{count}/{len(waiting)} judged, {(said - started) / count:.2f} s a picture")
        finally:
            for future in futures:
                future.cancel()
    verdicts = [known[order.file] for order in orders]
    if all(verdict.failure for verdict in verdicts):
        first = verdicts[0].failure if verdicts else "there is no picture"
        raise JudgeUnavailable(f"The judge gave no verdict on any picture. The first: {first}")
    return verdicts


def judge_one(benchmark: Benchmark, order: Order, gallery: Gallery) -> Verdict:
    try:
        return benchmark.judge(order, read_picture(gallery.path(order)))
    except JudgeFailed as failure:
        return Verdict(
            file=order.file,
            subject=order.subject,
            group=order.group,
            words=order.words,
            failure=str(failure),
            raw=failure.raw,
        )


def from_record(record: dict[str, Any]) -> Verdict | None:
    """None for a record of another make, which is then judged again."""
    try:
        marks = tuple(Mark(column=str(m["column"]), value=float(m["value"])) for m in record["marks"])
        return Verdict(**{**record, "marks": marks})
    except (KeyError, TypeError, ValueError):
        return None
