"""How well a second look finds what captions make up: `python -m tests.bench.captions --count 300`."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.training.curation.captioner_serving import draw_scenes, serving, settings_for
from training.data.curation.caption_stage import CaptionStage
from training.data.curation.captioner_server import detector_sight
from training.data.curation.claims import Claim, ClaimKind, claim_in
from training.data.curation.collect import CollectSettings, collect
from training.data.curation.rule_captioner import (
    Manners,
    PlantedSight,
    RuleCaptioner,
    Sight,
    is_true,
    seen_in,
)
from training.data.curation.run import Alone, run_stage
from training.data.curation.sources import find_source
from training.data.curation.store import Store
from training.data.curation.tables import read_stage
from training.stickers.scene import Scene

BAD = {
    "20 % nonsense": Manners(nonsense=0.2),
    "60 % nonsense": Manners(nonsense=0.6),
    "20 % empty": Manners(empty=0.2),
    "20 % refused": Manners(refuse=0.2),
    "5 % hang": Manners(hang=0.05),
}
"""How else the writer may err. Three tries each; who hangs is waited for two seconds, once."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One claim: what is so, and what the second look said."""

    claim: Claim
    is_true: bool
    is_supported: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--hallucinate", type=float, nargs="*", default=[0.1, 0.3])
    args = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scenes = draw_scenes(folder / "raw", args.count, args.seed)
        truth = PlantedSight(scenes=scenes)
        checkers: dict[str, tuple[Sight, Manners]] = {
            "planted truth": (truth, Manners()),
            "truth, 5 % of answers turned": (truth, Manners(misjudge=0.05)),
            "the judge's detector": (detector_sight(), Manners()),
        }
        print(
            f"{'made up':>8}  {'checker':<30}{'claims':>7}{'false':>7}{'found':>7}"
            f"{'precision':>10}{'recall':>8}{'kept >= 0.8':>13}{'with lies':>10}"
            f"{'kept = 1':>10}{'with lies':>10}"
        )
        for rate in args.hallucinate:
            for name, (sight, manners) in checkers.items():
                work = folder / f"{rate} {name}"
                rows = captioned(work, folder / "raw", truth, Manners(hallucinate=rate), sight, manners)
                print(f"{rate:>8.2f}  {name:<30}{line_of(rows, scenes)}", flush=True)
        for name, manners in BAD.items():
            rows = captioned(folder / name, folder / "raw", truth, manners, truth, Manners())
            reasons = Counter(row["caption_status"] for row in rows)
            print(f"{name:<22}{dict(reasons.most_common())}", flush=True)


def captioned(
    work: Path, raw: Path, truth: Sight, writing: Manners, sight: Sight, manners: Manners
) -> list[dict[str, Any]]:
    writer = RuleCaptioner(truth, writing, seed=1)
    store, begun = Store(address=str(work)), time.monotonic()
    shards = collect(store, [find_source(raw)], CollectSettings(), lambda *_: None)
    with serving(writer) as url, serving(RuleCaptioner(sight, manners, seed=2)) as check_url:
        stage = CaptionStage(
            writer=settings_for(url, timeout_seconds=2.0, num_retries=0),
            checker=settings_for(check_url),
            replies=work / "replies",
        )
        run_stage(store, stage, shards, Alone(), lambda _: None)
    seconds, num_asked = time.monotonic() - begun, writer.requests.total()
    print(f"# {len(writer.requests)} pictures, {num_asked} captions asked for, {seconds:.1f} s")
    ids = dict(
        zip(*(read_stage(store, "collect", shards)[name].to_pylist() for name in ("key", "id")), strict=True)
    )
    return [{**row, "id": ids[row["key"]]} for row in read_stage(store, "captions", shards).to_pylist()]


def line_of(rows: list[dict[str, Any]], scenes: dict[str, Scene]) -> str:
    by_picture = {row["key"]: verdicts_of(row, scenes[row["id"]]) for row in rows}
    every = [each for some in by_picture.values() for each in some]
    false = sum(not each.is_true for each in every)
    found = sum(not each.is_supported for each in every)
    hits = sum(not each.is_true and not each.is_supported for each in every)
    shares = []
    for least in (0.8, 1.0):
        kept = [row for row in rows if row["caption_status"] == "ok" and row["caption_supported"] >= least]
        lying = sum(not all(each.is_true for each in by_picture[row["key"]]) for row in kept)
        shares.append(f"{len(kept):>{13 if least < 1 else 10}}{lying:>10}")
    return (
        f"{len(every):>7}{false:>7}{found:>7}{hits / max(found, 1):>10.4f}{hits / max(false, 1):>8.4f}"
        f"{''.join(shares)}"
    )


def verdicts_of(row: dict[str, Any], scene: Scene) -> list[Verdict]:
    seen, verdicts = seen_in(scene), []
    for each in row["caption_claims"]:
        claim = claim_in(each["question"])
        assert claim is not None
        assert claim.kind is ClaimKind(each["kind"])
        verdicts.append(
            Verdict(claim=claim, is_true=is_true(claim, seen), is_supported=each["is_supported"] is True)
        )
    return verdicts


if __name__ == "__main__":
    main()
