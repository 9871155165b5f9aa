"""How well the eyes see: held-out pictures read and compared with the truth, and the thresholds chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image

from engines.engine import DiffusionEngine
from engines.eyes.sticker_eyes import StickerEyes, Thresholds
from engines.seen import Seen, SeenThing
from engines.vae import Vae, to_image, to_pixels
from training.eyes.outside import outside_picture
from training.eyes.store import redraw, roundtrip, words_of
from training.eyes.views import Labelled, ViewTruth, natural_colors, sample_view
from training.seeds import rng_for
from training.stickers.catalogue import SHAPES, World, shows_places

__all__ = ["EyesError", "Group", "choose_thresholds", "held_out", "measure"]

STREAM = "eyes-held-out"
OUTSIDE = "outside"
_LOWEST = 0.2
_LOST = 0.005
"""The share of the small world's pictures that may be taken for photographs."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Pictures as they are shown, beside what is in them; None for pictures from outside."""

    pictures: Sequence[Image.Image]
    truths: Sequence[ViewTruth | None]

    def half(self, start: int) -> Group:
        return Group(pictures=self.pictures[start::2], truths=self.truths[start::2])


@dataclass(frozen=True, kw_only=True)
class EyesError:
    """Shares of what was seen rightly; `exact`: every thing with class and colour where it stands, no other.

    `found`, `invented` and `color` count things, the others pictures.
    """

    num_pictures: int
    exact: float | None
    found: float | None
    invented: float | None
    color: float | None
    background: float | None
    style: float | None
    known: float | None


def held_out(
    world: World, vae: Vae, drawer: DiffusionEngine | None, count: int = 400, seed: int = 0
) -> dict[str, Group]:
    """Fresh pictures: plain, through the autoencoder, redrawn by the engine, and from outside."""
    alike = natural_colors(world)

    def views(name: str) -> list[ViewTruth]:
        shapes = world.shapes
        return [
            sample_view(
                rng_for(f"{STREAM}-{name}", seed, index), world, alike, shapes[index // 2 % len(shapes)]
            )
            for index in range(count)
        ]

    def group(truths: Sequence[ViewTruth], pictures: Sequence[Image.Image]) -> Group:
        return Group(pictures=pictures, truths=truths)

    plain, decoded = views("plain"), views("decoded")
    groups = {
        "plain": group(plain, [view.picture for view in plain]),
        "decoded": group(decoded, each_alone(decoded, vae)),
    }
    if drawer is not None:
        redrawn = views("redrawn")
        groups["redrawn"] = group(redrawn, redrawn_pictures(redrawn, vae, drawer))
    size = SHAPES[world.shapes[0]]
    outside = [outside_picture(rng_for(f"{STREAM}-outside", seed, index), *size) for index in range(count)]
    groups[OUTSIDE] = Group(pictures=outside, truths=[None] * count)
    return groups


def each_alone(views: Sequence[ViewTruth], vae: Vae) -> list[Image.Image]:
    return [roundtrip(vae, [view.picture])[0] for view in views]


@torch.no_grad()
def redrawn_pictures(views: Sequence[ViewTruth], vae: Vae, drawer: DiffusionEngine) -> list[Image.Image]:
    generator = torch.Generator().manual_seed(1)
    pictures = []
    for view in views:
        latents = redraw(drawer, vae.encode(to_pixels(view.picture)), [words_of(view)], generator)
        pictures.append(to_image(vae.decode(latents)))
    return pictures


def measure(eyes: StickerEyes, groups: Mapping[str, Group]) -> dict[str, EyesError]:
    """The error on each group."""
    return {
        name: error_of(group.truths, [eyes.look(picture) for picture in group.pictures])
        for name, group in groups.items()
    }


def error_of(truths: Sequence[ViewTruth | None], seen: Sequence[Seen]) -> EyesError:
    inside = [(truth, each) for truth, each in zip(truths, seen, strict=True) if truth is not None]
    matches = [matched(known_things(truth), each.things) for truth, each in inside]
    pairs = [pair for match in matches for pair in match]
    colors = [each.color == thing.color for thing, each in pairs if each is not None and thing.has_color]
    placed = [(truth, each) for truth, each in inside if shows_places(truth.style)]
    surplus = [
        len(e.things) - sum(s is not None for _, s in m) for (_, e), m in zip(inside, matches, strict=True)
    ]
    return EyesError(
        num_pictures=len(seen),
        exact=share([is_exact(match, extra) for match, extra in zip(matches, surplus, strict=True)]),
        found=share([each is not None for _, each in pairs]),
        invented=round(sum(surplus) / max(1, len(pairs)), 4) if inside else None,
        color=share(colors),
        background=share([each.background == truth.background for truth, each in placed]),
        style=share([each.style == truth.style for truth, each in inside]),
        known=share([each.is_known == (truth is not None) for truth, each in zip(truths, seen, strict=True)]),
    )


Pair = tuple[Labelled, SeenThing | None]


def known_things(truth: ViewTruth) -> list[Labelled]:
    return [thing for thing in truth.things if thing.kind is not None]


def matched(things: Sequence[Labelled], seen: Sequence[SeenThing]) -> list[Pair]:
    """For each thing the surest unused one of its class whose centre stands inside its box."""
    unused, pairs = list(seen), []
    for thing in things:
        left, top, right, bottom = thing.box
        near = [
            each
            for each in unused
            if each.kind == thing.kind and left < each.centre[0] < right and top < each.centre[1] < bottom
        ]
        pairs.append((thing, near[0] if near else None))
        if near:
            unused.remove(near[0])
    return pairs


def is_exact(pairs: Sequence[Pair], surplus: int) -> bool:
    return surplus == 0 and all(
        each is not None and (not thing.has_color or each.color == thing.color) for thing, each in pairs
    )


def share(facts: Sequence[bool]) -> float | None:
    return round(sum(facts) / len(facts), 4) if facts else None


def choose_thresholds(eyes: StickerEyes, groups: Mapping[str, Group]) -> StickerEyes:
    """The confidence with the highest mean share of exactly read pictures, and the one that lets nearly all
    pictures of the small world in.

    Each picture is read once: only surer things put others out, so a higher bar leaves the rest alone.
    """
    keen = StickerEyes(eyes.network, replace(eyes.thresholds, thing=_LOWEST))
    read = {name: [keen.look(picture) for picture in group.pictures] for name, group in groups.items()}

    def mean_exact(bar: float) -> float:
        exact = [
            error.exact
            for name, group in groups.items()
            for error in [error_of(group.truths, [above(each, bar) for each in read[name]])]
            if error.exact is not None
        ]
        return sum(exact) / len(exact)

    inside = [each.confidence for name, seen in read.items() if name != OUTSIDE for each in seen]
    known = float(np.quantile(inside, _LOST))
    best = max((percent / 100 for percent in range(round(100 * _LOWEST), 70, 5)), key=mean_exact)
    return StickerEyes(eyes.network, Thresholds(thing=best, known=round(min(max(known, 0.5), 0.95), 3)))


def above(seen: Seen, bar: float) -> Seen:
    return replace(seen, things=tuple(thing for thing in seen.things if thing.confidence >= bar))
