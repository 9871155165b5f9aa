"""The eyes beside the judge, and what the self-check is worth: python -m tests.bench.eyes

Draws each prompt several times, lets the eyes and the judge read every picture, and prints how often they
agree and what the judge gives those pictures that each way of checking would keep. The judge scores alone:
eyes and judge share no code, weights, seeds or examples.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from agent.asked import asked_of
from agent.eyes import Verdict, best_of, check
from engines.eyes.sticker_eyes import EYES, StickerEyes
from engines.load_engine import STICKERS, load_engine
from training.evaluation.batches import Sampling, Wish, draw_all
from training.evaluation.geneval import judge
from training.evaluation.judge import judge_of
from training.evaluation.prompts import TASKS, Prompt, own_prompts

EXTRA = ("background", "style", "three_objects")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One picture: what the eyes say, and whether the judge finds the prompt met."""

    verdict: Verdict
    is_correct: bool


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--preset", default="stickers-fast")
    options.add_argument("--prompts", type=int, default=10, help="a task")
    options.add_argument("--candidates", type=int, default=4, help="pictures a prompt")
    options.add_argument("--seed", type=int, default=0, help="of prompts and pictures")
    options.add_argument("--eyes", type=Path, default=STICKERS / EYES, help="folder of the eyes")
    args = options.parse_args()
    torch.set_num_threads(1)
    eyes, engine, the_judge = (
        StickerEyes.from_pretrained(args.eyes),
        load_engine(args.preset),
        judge_of(STICKERS),
    )
    prompts = own_prompts(args.prompts, args.seed, TASKS + EXTRA, the_judge.world)
    wishes = [
        Wish(words=prompt.prompt, seed=1_000_003 * (args.seed + 1) + number * 97 + candidate)
        for number, prompt in enumerate(prompts)
        for candidate in range(args.candidates)
    ]
    started = time.monotonic()
    pictures = draw_all(engine, wishes, Sampling(), lambda count: None)
    drawing = (time.monotonic() - started) / len(pictures)
    started = time.process_time()
    verdicts = [looked_at(eyes, picture, wish.words) for picture, wish in zip(pictures, wishes, strict=True)]
    looking = (time.process_time() - started) / len(pictures)
    readings = the_judge.detector.read(pictures)
    judged = [
        Judged(verdict=verdict, is_correct=judge(prompts[index // args.candidates], reading).is_correct)
        for index, (verdict, reading) in enumerate(zip(verdicts, readings, strict=True))
    ]
    print(
        f"{len(pictures)} pictures, {drawing:.2f} s each to draw, "
        f"{1000 * looking:.1f} ms of processor to look at"
    )
    print_agreement(judged)
    rows = [judged[start : start + args.candidates] for start in range(0, len(judged), args.candidates)]
    print_strategies(prompts, rows, args.candidates)


def looked_at(eyes: StickerEyes, picture: Image.Image, words: str) -> Verdict:
    return check(asked_of(words, eyes.vocabulary), eyes.look(picture), eyes.vocabulary)


def print_agreement(judged: Sequence[Judged]) -> None:
    counts = {
        (says, judges): sum(each.verdict.passes is says and each.is_correct is judges for each in judged)
        for says in (True, False)
        for judges in (True, False)
    }
    agreed = counts[True, True] + counts[False, False]
    print(f"eyes and judge agree on {agreed} of {len(judged)} ({agreed / len(judged):.3f})")
    print(f"  both say met {counts[True, True]}, both say not {counts[False, False]}")
    print(f"  only the eyes say met {counts[True, False]}, only the judge says met {counts[False, True]}")


def print_strategies(prompts: Sequence[Prompt], rows: Sequence[Sequence[Judged]], most: int) -> None:
    """The judge's score of the pictures kept, overall as GenEval takes it, and pictures drawn a prompt."""
    strategies: dict[str, Callable[[Sequence[Judged]], tuple[int, int]]] = {
        "no check": lambda row: (0, 1),
        "one repair where the check fails": repaired,
    }
    for number in range(2, most + 1):
        strategies[f"best of {number}"] = lambda row, number=number: (best(row[:number]), number)  # type: ignore[misc]
    strategies[f"best of {most} where the check fails"] = lambda row: (
        (0, 1) if row[0].verdict.passes else (best(row), most)
    )
    strategies[f"up to {most} until one passes"] = until_one_passes
    strategies["the judge's own choice"] = lambda row: (
        next((index for index, each in enumerate(row) if each.is_correct), 0),
        most,
    )
    print(f"{'':34}overall  " + "  ".join(f"{task[:9]:>9}" for task in TASKS + EXTRA) + "  pictures")
    for name, choose in strategies.items():
        kept = [choose(row) for row in rows]
        scores = {
            task: share(
                [
                    row[index].is_correct
                    for prompt, row, (index, _) in zip(prompts, rows, kept, strict=True)
                    if prompt.tag == task
                ]
            )
            for task in TASKS + EXTRA
        }
        overall = sum(scores[task] for task in TASKS) / len(TASKS)
        drawn = sum(number for _, number in kept) / len(kept)
        print(
            f"{name:34}{overall:7.3f}  "
            + "  ".join(f"{scores[task]:9.2f}" for task in TASKS + EXTRA)
            + f"  {drawn:8.2f}"
        )


def repaired(row: Sequence[Judged]) -> tuple[int, int]:
    """Drawn once more where the eyes find a fault; the better of the two is kept."""
    return (0, 1) if row[0].verdict.passes else (best(row[:2]), 2)


def until_one_passes(row: Sequence[Judged]) -> tuple[int, int]:
    """Drawn again until the eyes find no fault; the best is kept if they always do."""
    for index, each in enumerate(row):
        if each.verdict.passes:
            return index, index + 1
    return best(row), len(row)


def best(row: Sequence[Judged]) -> int:
    return best_of([each.verdict for each in row])


def share(facts: Sequence[bool]) -> float:
    return sum(facts) / max(1, len(facts))


if __name__ == "__main__":
    main()
