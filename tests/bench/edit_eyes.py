"""What the self-check is worth for edits: python -m tests.bench.edit_eyes

Makes each edit several times, lets the eyes compare source, words and result, and prints the judge's marks
(0 to 10) for those results that each way of checking would keep.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from agent.asked_edits import after_edit
from agent.eyes import Verdict, best_of, check
from engines.eyes.sticker_eyes import EYES, StickerEyes
from engines.load_engine import STICKERS, load_engine
from training.evaluation.batches import Sampling, Wish, edit_all
from training.evaluation.editing import own_edits, score_edit
from training.evaluation.judge import judge_of
from training.evaluation.train_detector import round_trip
from training.stickers.render import render


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--edits", type=int, default=6, help="a type")
    options.add_argument("--candidates", type=int, default=3, help="results an edit")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--eyes", type=Path, default=STICKERS / EYES, help="folder of the eyes")
    args = options.parse_args()
    torch.set_num_threads(1)
    eyes, engine, the_judge = (
        StickerEyes.from_pretrained(args.eyes),
        load_engine("stickers-edit"),
        judge_of(STICKERS),
    )
    edits = own_edits(args.edits, args.seed, the_judge.world)
    sources = [render(edit.source) for edit in edits]
    wishes = [
        Wish(words=edit.instruction, source=source, seed=31 * number + candidate)
        for number, (edit, source) in enumerate(zip(edits, sources, strict=True))
        for candidate in range(args.candidates)
    ]
    pictures = edit_all(engine, wishes, Sampling(), lambda count: None)
    decoded = round_trip(engine.parts.vae, [render(edit.target) for edit in edits])
    verdicts = [looked_at(eyes, wish, picture) for wish, picture in zip(wishes, pictures, strict=True)]
    marks = [
        score_edit(edits[index // args.candidates], picture, reading, decoded[index // args.candidates]).score
        for index, (picture, reading) in enumerate(
            zip(pictures, the_judge.detector.read(pictures), strict=True)
        )
    ]
    starts = range(0, len(marks), args.candidates)
    print(f"{len(edits)} edits, judged by the eyes: {share([each.is_checked for each in verdicts]):.2f}")
    print(f"passes and marks of 5 or more agree: {agreement(verdicts, marks):.3f}")
    report("no check", [(start, 1) for start in starts], marks)
    report("one repair where the check fails", [repaired(verdicts, start) for start in starts], marks)
    for number in range(2, args.candidates + 1):
        report(f"best of {number}", [(best(verdicts, start, number), number) for start in starts], marks)
    ceiling = [(start + argmax(marks[start : start + args.candidates]), args.candidates) for start in starts]
    report("the judge's own choice", ceiling, marks)


def looked_at(eyes: StickerEyes, wish: Wish, picture: Image.Image) -> Verdict:
    assert wish.source is not None
    asked = after_edit(wish.words, eyes.look(wish.source), eyes.vocabulary)
    return Verdict() if asked is None else check(asked, eyes.look(picture), eyes.vocabulary)


def agreement(verdicts: Sequence[Verdict], marks: Sequence[float]) -> float:
    pairs = [(each.passes, mark >= 5) for each, mark in zip(verdicts, marks, strict=True) if each.is_checked]
    return share([says == judges for says, judges in pairs])


def best(verdicts: Sequence[Verdict], start: int, number: int) -> int:
    return start + best_of(verdicts[start : start + number])


def repaired(verdicts: Sequence[Verdict], start: int) -> tuple[int, int]:
    return (start, 1) if verdicts[start].passes else (best(verdicts, start, 2), 2)


def argmax(marks: Sequence[float]) -> int:
    return max(range(len(marks)), key=lambda index: marks[index])


def share(facts: Sequence[bool]) -> float:
    return sum(facts) / max(1, len(facts))


def report(name: str, kept: Sequence[tuple[int, int]], marks: Sequence[float]) -> None:
    mean = sum(marks[index] for index, _ in kept) / len(kept)
    drawn = sum(number for _, number in kept) / len(kept)
    print(f"{name:34}{mean:5.2f} of 10, {drawn:.2f} results an edit")


if __name__ == "__main__":
    main()
