"""A captioner by rule for pictures of the small world: no model, a stand-in for one that can be told to err.

It sees either by planted truth, which it finds by a picture's id and which is never wrong, or with the judge
of training/stickers, which looks at pixels and errs as its report.json says. What it claims of a picture, it
may be told to make up; asked yes or no, it looks again and does not know what was claimed before.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from training.data.curation.caption_rules import CaptionRules
from training.data.curation.caption_words import Captions, Thing
from training.data.curation.claims import Claim, ClaimKind, asked_in
from training.data.curation.decode import Decoded, decode, pixel_hash
from training.errors import BadRecipe
from training.seeds import rng_for
from training.stickers.captions import BACKGROUND_WORDS, noun_phrase
from training.stickers.catalogue import CLASSES, COLORS, shows_colors
from training.stickers.detector import Detector
from training.stickers.scene import Scene

__all__ = [
    "SCENES",
    "DetectorSight",
    "Manners",
    "PlantedSight",
    "RuleCaptioner",
    "Seen",
    "is_true",
    "seen_in",
]

SCENES = "scenes.jsonl"
NONSENSE = (
    "blue the seven of of running",
    "A lovely picture! I hope that this helps.",
    '{"short": "A cat", "medium": "A cat st',
    '{"caption": "a cat"}',
    "[1, 2, 3]",
)
REFUSAL = "I'm sorry, but I can't help with that."


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is in a picture: kinds with number and colour, where they are, and in which style."""

    things: tuple[Thing, ...]
    background: str
    style: str | None = None


class Sight(Protocol):
    """How it looks."""

    def look(self, image: Image.Image) -> Seen | None:
        """None for a picture that it knows nothing of."""
        ...


@dataclass(frozen=True, kw_only=True)
class PlantedSight:
    """By the truth that `python -m training scenes` writes beside its pictures: a picture's id says all."""

    scenes: Mapping[str, Scene]

    @classmethod
    def read(cls, folder: Path) -> PlantedSight:
        """Raises BadRecipe."""
        scenes, reads = dict[str, Scene](), TypeAdapter(Scene)
        try:
            for line in (folder / SCENES).read_text("utf-8").splitlines():
                record = json.loads(line)
                scenes[record["id"]] = reads.validate_python(record["scene"])
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            raise BadRecipe(
                f"{folder / SCENES} cannot be read ({error}): `python -m training scenes` writes one."
            ) from error
        return cls(scenes=scenes)

    def look(self, image: Image.Image) -> Seen | None:
        scene = self.scenes.get(pixel_hash(image))
        return None if scene is None else seen_in(scene)


@dataclass(frozen=True, kw_only=True)
class DetectorSight:
    """By the judge's detector. It is not made for many threads, so they take turns."""

    detector: Detector
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def look(self, image: Image.Image) -> Seen | None:
        with self.lock:
            (reading,) = self.detector.read([image])
        looks = [(thing.kind, thing.color) for thing in reading.things]
        return Seen(things=counted(looks, reading.style), background=reading.background, style=reading.style)


def seen_in(scene: Scene) -> Seen:
    looks = [(thing.kind, thing.color) for thing in scene.things]
    return Seen(things=counted(looks, scene.style), background=scene.background, style=scene.style)


def counted(looks: Sequence[tuple[str, str | None]], style: str | None) -> tuple[Thing, ...]:
    """A colour is told where the style shows it."""
    counts = Counter((kind, color if shows_colors(style) else None) for kind, color in looks)
    return tuple(Thing(name=kind, count=count, color=color) for (kind, color), count in counts.items())


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How it misbehaves, as shares. `hallucinate`: of kinds told wrong: another kind, number or colour.

    `misjudge`: of yes and no turned round. The rest: of requests answered by nonsense, by nothing, by a
    refusal, or never.
    """

    hallucinate: float = 0.0
    misjudge: float = 0.0
    nonsense: float = 0.0
    empty: float = 0.0
    refuse: float = 0.0
    hang: float = 0.0

    def __post_init__(self) -> None:
        shares = (self.hallucinate, self.misjudge, self.nonsense, self.empty, self.refuse, self.hang)
        if not all(0 <= share <= 1 for share in shares) or sum(shares[2:]) > 1:
            raise BadRecipe("Rates go from 0 to 1, and those of bad answers together are at most 1.")


class RuleCaptioner:
    """Answers what caption_words and claims ask. What it does depends on seed, picture and number of times
    that it was asked about it alone."""

    def __init__(self, sight: Sight, manners: Manners, seed: int = 0) -> None:
        self.sight, self.manners, self.seed = sight, manners, seed
        self.requests = Counter[str]()
        """By picture: how often it was asked about it."""
        self._lock = threading.Lock()

    def answer(self, content: bytes, words: str) -> str | None:
        """A reply, or None for none at all, ever. Raises BadRecipe for what it cannot look at."""
        decoded = decode(content)
        if not isinstance(decoded, Decoded):
            raise BadRecipe(f"The picture cannot be looked at: {decoded}.")
        picture = pixel_hash(decoded.image)
        with self._lock:
            self.requests[picture] += 1
            number = self.requests[picture]
        rng = rng_for(f"captioner-{number}", self.seed, int(picture[:15], 16))
        manners, mood = self.manners, float(rng.random())
        bounds = np.cumsum([manners.hang, manners.empty, manners.refuse, manners.nonsense])
        match int(np.searchsorted(bounds, mood, side="right")):
            case 0:
                return None
            case 1:
                return ""
            case 2:
                return REFUSAL
            case 3:
                return NONSENSE[int(rng.integers(len(NONSENSE)))]
        seen = self.sight.look(decoded.image)
        if seen is None:
            raise BadRecipe("No truth is planted about this picture.")
        if claims := asked_in(words):
            return self._look_again(seen, claims, rng)
        lies = rng_for("captioner-lies", self.seed, int(picture[:15], 16))
        return told(self.hallucinated(seen, lies)).model_dump_json()

    def hallucinated(self, seen: Seen, rng: np.random.Generator) -> Seen:
        things = [
            made_up(thing, seen, rng) if rng.random() < self.manners.hallucinate else thing
            for thing in seen.things
        ]
        return replace(seen, things=tuple(things))

    def _look_again(self, seen: Seen, claims: Sequence[Claim | None], rng: np.random.Generator) -> str:
        answers = [claim is not None and is_true(claim, seen) for claim in claims]
        turned = [answer ^ (rng.random() < self.manners.misjudge) for answer in answers]
        return json.dumps({"answers": ["yes" if answer else "no" for answer in turned]})


def is_true(claim: Claim, seen: Seen) -> bool:
    alike = [thing for thing in seen.things if thing.name == claim.name]
    match claim.kind:
        case ClaimKind.OBJECT:
            return bool(alike)
        case ClaimKind.COUNT:
            return sum(thing.count for thing in alike) == claim.count
        case ClaimKind.COLOR:
            return any(thing.color == claim.color for thing in alike)


def made_up(thing: Thing, seen: Seen, rng: np.random.Generator) -> Thing:
    """Another kind, number or colour than there is; a natural colour stays, for it is never told."""
    kinds = [ClaimKind.OBJECT, ClaimKind.COUNT] + ([ClaimKind.COLOR] if thing.color else [])
    match kinds[int(rng.integers(len(kinds)))]:
        case ClaimKind.OBJECT:
            others = [kind for kind in CLASSES if all(kind != each.name for each in seen.things)]
            return thing.model_copy(update={"name": others[int(rng.integers(len(others)))]})
        case ClaimKind.COUNT:
            more = thing.count == 1 or rng.random() < 0.5
            return thing.model_copy(update={"count": thing.count + (1 if more else -1)})
        case ClaimKind.COLOR:
            told_of = {each.color for each in seen.things if each.name == thing.name}
            others = [color for color in COLORS if color not in told_of]
            return thing.model_copy(update={"color": others[int(rng.integers(len(others)))]})


def told(seen: Seen) -> Captions:
    """In three lengths, which keep to the rules of style."""
    phrases = [noun_phrase((thing.name, thing.color), thing.count) for thing in seen.things] or ["nothing"]
    numbers = [
        f"one {phrase.partition(' ')[2]}" if thing.count == 1 else phrase
        for phrase, thing in zip(phrases, seen.things, strict=False)
    ] or ["nothing"]
    is_one = sum(thing.count for thing in seen.things) <= 1
    subject = capital(enumerated(phrases))
    style = "" if seen.style is None else f", drawn in the manner of {seen.style}"
    medium = f"{subject} {'stands' if is_one else 'stand'} {BACKGROUND_WORDS[seen.background][0]}{style}."
    counts = f"Exactly {enumerated(numbers)} {'is' if is_one else 'are'} here."
    kinds = enumerated([noun_phrase((thing.name, None), thing.count) for thing in seen.things] or ["nothing"])
    short = subject if len(subject.split()) <= CaptionRules().short.most else capital(kinds)
    return Captions(
        short=short if seen.things else "Nothing here",
        medium=medium,
        long=f"{medium} {counts} Nothing else stands beside what is named here.",
        things=seen.things,
    )


def enumerated(phrases: Sequence[str]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def capital(words: str) -> str:
    return words[:1].upper() + words[1:]
