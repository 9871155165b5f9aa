"""The judge judged: thresholds from held-out renders, and its own error on the rest of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from PIL import Image

from training.evaluation.examples import Example
from training.stickers.detector import Detection, Detector, DetectorNetwork, Reading, Thresholds
from training.stickers.scene import Thing


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Held-out examples by kind, and the pictures as the judge sees them."""

    examples: Mapping[str, Sequence[Example]]
    pictures: Mapping[str, Sequence[Image.Image]]

    def halves(self) -> tuple[Groups, Groups]:
        """Even examples to choose on, odd ones to report on."""
        even, odd = (
            Groups(
                examples={name: each[start::2] for name, each in self.examples.items()},
                pictures={name: each[start::2] for name, each in self.pictures.items()},
            )
            for start in (0, 1)
        )
        return even, odd


@dataclass(frozen=True, kw_only=True)
class JudgeError:
    """Shares of what the judge got right, None where nothing of the kind was shown.

    `found` and `color` count things, `word` signs, the others pictures. Backgrounds of sketches and
    blueprints, which show none, count too.

    `exact`: every thing with class and colour at its place and nothing else. `invented`: a thing too many.
    """

    num_pictures: int
    found: float | None
    color: float | None
    word: float | None
    exact: float | None
    invented: float | None
    background: float | None
    style: float | None
    place_error_px: float | None


def find_things(things: Sequence[Thing], detections: Sequence[Detection]) -> list[Detection | None]:
    """For each thing the surest unused detection of its class whose centre lies within 0.35 of its size."""
    unused = list(detections)
    found: list[Detection | None] = []
    for thing in things:
        near = [
            each
            for each in unused
            if each.kind == thing.kind
            and max(abs(each.x - thing.x), abs(each.y - thing.y)) < 0.35 * thing.size
        ]
        found.append(near[0] if near else None)
        if near:
            unused.remove(near[0])
    return found


def is_exact(example: Example, reading: Reading) -> bool:
    found = find_things(example.things, reading.things)
    if len(reading.things) != len(example.things):
        return False
    return all(
        each is not None
        and (not example.has_colors or each.color == thing.color)
        and (not example.has_words or each.word == thing.word)
        for thing, each in zip(example.things, found, strict=True)
    )


def error_of(examples: Sequence[Example], readings: Sequence[Reading]) -> JudgeError:
    """Compare readings with the truth."""
    pairs = [
        (thing, each, example)
        for example, reading in zip(examples, readings, strict=True)
        for thing, each in zip(example.things, find_things(example.things, reading.things), strict=True)
    ]
    seen = [(thing, each, example) for thing, each, example in pairs if each is not None]
    colors = [each.color == thing.color for thing, each, example in seen if example.has_colors]
    words = [each.word == thing.word for thing, each, example in seen if thing.word and example.has_words]
    places = [max(abs(each.x - thing.x), abs(each.y - thing.y)) for thing, each, _ in seen]
    both = list(zip(examples, readings, strict=True))
    return JudgeError(
        num_pictures=len(examples),
        found=share([each is not None for _, each, _ in pairs]),
        color=share(colors),
        word=share(words),
        exact=share([is_exact(example, reading) for example, reading in both]),
        invented=share(
            [len(r.things) > sum(m is not None for m in find_things(e.things, r.things)) for e, r in both]
        ),
        background=share([reading.background == example.background for example, reading in both]),
        style=share([reading.style == example.style for example, reading in both]),
        place_error_px=round(sum(places) / len(places), 2) if places else None,
    )


def share(facts: Sequence[bool]) -> float | None:
    """How many of them hold."""
    return round(sum(facts) / len(facts), 4) if facts else None


def measure(detector: Detector, groups: Groups) -> dict[str, JudgeError]:
    """The error on each group."""
    return {
        name: error_of(examples, detector.read(groups.pictures[name]))
        for name, examples in groups.examples.items()
    }


def choose_thresholds(network: DetectorNetwork, groups: Groups) -> Thresholds:
    """The confidence at which the groups' mean share of exactly read pictures is highest."""
    candidates = [Thresholds(confidence=percent / 100) for percent in range(15, 75, 5)]

    def mean_exact(thresholds: Thresholds) -> float:
        errors = measure(Detector(network, thresholds), groups)
        return sum(error.exact or 0.0 for error in errors.values()) / len(errors)

    with torch.inference_mode():
        return max(candidates, key=mean_exact)
