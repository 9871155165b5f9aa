"""Scenes in words: several lengths and phrasings of one scene, all true.

A caption never names a natural colour, and says nothing about a plain background or style.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.stickers.scene import Look, Scene, Thing

NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six")
BACKGROUND_WORDS: dict[str, tuple[str, ...]] = {
    "plain": ("on a plain background", "on white"),
    "sky": ("in the sky", "with a sky background", "on a blue sky"),
    "grass": ("on grass", "on the grass", "in a meadow", "on a green meadow"),
    "sand": ("on sand", "on the beach", "on a sandy beach"),
    "night": ("at night", "under a starry sky", "in the night", "on a night sky"),
    "room": ("in a room", "indoors", "inside a room"),
    "sea": ("on the sea", "at sea", "on the water"),
    "snow": ("in the snow", "on snow", "in winter"),
}
STYLE_WORDS: dict[str, tuple[str, ...]] = {
    "pixel art": ("pixel art", "in pixel art style", "as pixel art"),
    "sepia": ("sepia", "in sepia", "as a sepia photo"),
    "pencil sketch": ("pencil sketch", "as a pencil sketch", "in pencil"),
    "negative": ("negative", "as a negative", "in negative colors"),
    "black and white": ("black and white", "in black and white", "as a black and white photo"),
    "watercolor": ("watercolor", "as a watercolor", "in watercolor style"),
    "blueprint": ("blueprint", "as a blueprint", "in blueprint style"),
    "poster": ("poster", "as a poster", "in poster style"),
}
_LEFT = ("to the left of", "left of", "on the left of")
_RIGHT = ("to the right of", "right of", "on the right of")
_ABOVE = ("above", "over", "on top of")
_BELOW = ("below", "under", "beneath")


def noun_phrase(look: Look, count: int = 1) -> str:
    """ "a red car", "three cats"."""
    kind, color = look
    words = kind if color is None else f"{color} {kind}"
    if count == 1:
        return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
    return f"{NUMBER_WORDS[count]} {plural(words)}"


def plural(words: str) -> str:
    """The naive plural of the last word, with -es where it is spoken."""
    if words.endswith("fish"):
        return words
    return words + ("es" if words.endswith(("s", "x", "ch", "sh")) else "s")


def relation(first: Thing, second: Thing) -> str | None:
    """Where the first stands seen from the second ("left", "right", "above", "below"), None on a diagonal."""
    dx, dy = first.x - second.x, first.y - second.y
    if abs(dx) > 2 * abs(dy):
        return "left" if dx < 0 else "right"
    if abs(dy) > 2 * abs(dx):
        return "above" if dy < 0 else "below"
    return None


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """One true caption, its form drawn by `rng`."""
    subject = _subject(scene, rng)
    leads_with_style = scene.style is not None and rng.random() < 0.2
    if not leads_with_style and rng.random() < 0.3:
        subject = f"a photo of {subject}"
    where = (
        ""
        if scene.background == "plain" and rng.random() < 0.9
        else _pick(rng, BACKGROUND_WORDS[scene.background])
    )
    style = "" if scene.style is None else _pick(rng, STYLE_WORDS[scene.style])
    comma = ", " if rng.random() < 0.5 else " "
    parts = [part for part in (subject, where, style) if part]
    if leads_with_style:
        return " ".join([f"{scene.style} of", *parts[:-1]])
    return comma.join(parts)


def groups(scene: Scene) -> list[tuple[Look, int]]:
    """The different looks in the scene with their counts, in order of first appearance."""
    counts: dict[Look, int] = {}
    for thing in scene.things:
        counts[thing.look] = counts.get(thing.look, 0) + 1
    return list(counts.items())


def _subject(scene: Scene, rng: np.random.Generator) -> str:
    looks = groups(scene)
    if len(looks) == 1:
        return noun_phrase(*looks[0])
    if len(scene.things) == 2 and rng.random() < 0.6:
        return _related(scene.things, rng)
    order = [looks[int(index)] for index in rng.permutation(len(looks))]
    phrases = [noun_phrase(look, count) for look, count in order]
    if rng.random() < 0.15:
        return ", ".join(phrases)
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _related(things: Sequence[Thing], rng: np.random.Generator) -> str:
    first, second = (things[int(index)] for index in rng.permutation(2))
    match relation(first, second):
        case "left":
            words = _pick(rng, _LEFT)
        case "right":
            words = _pick(rng, _RIGHT)
        case "above":
            words = _pick(rng, _ABOVE)
        case "below":
            words = _pick(rng, _BELOW)
        case _:
            words = "and"
    if words in (*_LEFT, *_RIGHT) and rng.random() < 0.4:
        words = _pick(rng, ("next to", "beside"))
    return f"{noun_phrase(first.look)} {words} {noun_phrase(second.look)}"


def _pick(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]
