"""What the intent model sees: names of features of a message, and of a picture in the light of a message."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations

from agent.brains.brain import PictureView
from agent.brains.chinese import mask_quotes as mask_chinese_quotes
from agent.brains.chinese_references import find_reference as find_chinese_reference
from agent.brains.chinese_words import is_chinese, translate
from agent.brains.english_quotes import mask_quotes, plain_quotes
from agent.brains.english_references import find_reference
from agent.brains.lexicon import COLORS, NUMBERS, ORDINALS, STYLES, content_words, singular
from agent.brains.references import Album, Reference
from agent.brains.things import VISIBLE
from agent.domain import Origin, Route

__all__ = ["COUNTED", "Heard"]

WORD = re.compile(r"[a-z']+|0|[\u3400-\u9fff]|[^\sa-z0]")
STYLE_WORDS = frozenset(word for style in STYLES for word in style.split())
CLASSES = frozenset({"SHOWN", "ELSEWHERE", "COLOR", "ORDINAL", "NUMBER", "THING", "STYLE"})
COUNTED = frozenset({"two", "three", "four", "five", "six", "seven", "eight"})
MIDDLE = frozenset({"middle", "centre", "center", "central", "mid"})
MOST_PICTURES, MOST_CHARACTERS = 24, 600
"""No more is looked at: of many pictures the newest, of a long message its beginning and its end."""


class Heard:
    """A message and the pictures it may be about, as names of features.

    Quoted words are data and only leave their place; numbers count as one word.
    """

    def __init__(self, album: Album) -> None:
        self.album = album
        self.is_chinese = is_chinese(album.context.message)
        text = album.context.message
        masked, _ = mask_chinese_quotes(text) if self.is_chinese else mask_quotes(plain_quotes(text))
        self.text = shortened(masked)
        self.english = translate(self.text) if self.is_chinese else self.text
        self.own_words = words(self.text)
        self.words = words(self.english)

    @cached_property
    def situation(self) -> str:
        """How things stand when the message comes, in a word."""
        album = self.album
        if album.context.uploads:
            return "sent" if len(album.context.uploads) == 1 else "sent several"
        if album.current is None:
            return "nothing"
        if album.is_choice_open:
            return "choice"
        if album.current != album.pictures[-1]:
            return "gone back"
        return "edited" if album.current.parent else "made"

    @cached_property
    def classes(self) -> list[str]:
        """The words, each with a class in its place where it has one: "make the SHOWN COLOR"."""
        album = self.album
        here = album.words(album.current) if album.current else frozenset[str]()
        anywhere = frozenset[str]().union(*map(album.words, album.pictures))
        return [class_of(word, here, anywhere) for word in self.words]

    def message(self) -> Iterator[str]:
        """Features of the message, plain and together with how things stand."""
        has_picture = "some" if self.album.pictures else "none"
        yield f"now {self.situation}"
        yield f"pictures {has_picture}"
        for name in self.plain():
            yield name
            if not name.startswith("c "):
                yield f"{has_picture}|{name}"
            if name.startswith(("w ", "b ", "length ")):
                yield f"{self.situation}|{name}"

    def plain(self) -> Iterator[str]:
        for length, sign in ((1, "w"), (2, "b"), (3, "t")):
            yield from sequences(self.own_words, length, sign)
        if self.is_chinese:
            text = "".join(self.own_words)
            for length in (2, 3, 4):
                yield from (f"z {text[at : at + length]}" for at in range(len(text) - length + 1))
        else:
            text = f" {' '.join(self.own_words)} "
            for length in (3, 4, 5):
                yield from (f"c {text[at : at + length]}" for at in range(len(text) - length + 1))
        count = len(self.own_words)
        yield f"length {count if count < 5 else 5 + count // 6}"
        yield from self.patterns()

    def patterns(self) -> Iterator[str]:
        """Runs of words with classes in them, and how the message begins."""
        for length in (1, 2, 3):
            for run in runs(self.classes, length):
                if self.is_chinese or CLASSES & set(run):
                    yield f"k{length} {' '.join(run)}"
        start = [word if word in CLASSES or len(word) == 1 else "_" for word in self.classes[:6]]
        yield f"start {' '.join(start)}"

    def pictures(self) -> tuple[PictureView, ...]:
        """Those that the message may be about: the newest, and the very first."""
        every = self.album.pictures
        return every if len(every) <= MOST_PICTURES else (every[0], *every[1 - MOST_PICTURES :])

    def picture(self, picture: PictureView, route: Route) -> Iterator[str]:
        """Features of a picture: its place, how it fits what is named, and both with the message's words.

        `route`: what is wanted of it.
        """
        places, fits = list(self.places(picture)), list(self.fits(picture))
        every = [*places, *fits]
        yield from every
        yield from (f"{route}&{each}" for each in every)
        yield from (f"{route}&{self.situation}&{place}" for place in places)
        for first, second in combinations(every, 2):
            yield f"{first}&{second}"
        for place in places:
            yield f"{min(len(self.album.pictures), 5)} pictures&{place}"
        if self.album.is_choice_open:
            yield from (f"choice&{each}" for each in every)
        for name in self.cues:
            yield from (f"{each}|{name}" for each in (*places, *fits[:3]))

    @cached_property
    def cues(self) -> frozenset[str]:
        """What the message's words may say of a place."""
        names = {f"w {word}" for word in (*self.words, *self.own_words)}
        names |= set(sequences(self.words, 2, "b"))
        if self.is_chinese:
            names |= {f"z {self.text[at : at + 2]}" for at in range(len(self.text) - 1)}
        names |= {name for name in self.patterns() if name.startswith(("k1", "k2"))}
        return frozenset(names)

    def places(self, picture: PictureView) -> Iterator[str]:
        """Where it stands: in its family, among those shown together, in order of birth."""
        album, current = self.album, self.album.current
        every, group = album.pictures, album.group
        parent = album.by_id.get(current.parent or "") if current else None
        if picture == current:
            yield "current"
        elif current and picture == album.root(current):
            yield "root"
        if picture == parent:
            yield "parent"
        if parent and parent.parent == picture.id:
            yield "grandparent"
        if current and picture.parent == current.id:
            yield "child"
        if len(group) > 1 and picture in group:
            place = group.index(picture)
            yield f"shown {place}"
            yield f"shown {place - len(group)}"
            if len(group) % 2 and place == len(group) // 2:
                yield "shown in the middle"
        place = every.index(picture)
        yield f"born {min(place, 8)}"
        yield f"born {max(place - len(every), -8)}"
        if picture.id in album.context.uploads:
            yield "sent now"
        elif picture.origin is Origin.UPLOADED:
            yield "sent earlier"

    def fits(self, picture: PictureView) -> Iterator[str]:
        """How it fits what the message names; the first three go with words as well."""
        named, shown = self.named, self.shown[picture.id]
        own = self.instructions.get(picture.id, frozenset())
        children = [each for each in self.album.pictures if each.parent == picture.id]
        later = frozenset[str]().union(*(self.instructions[each.id] for each in children))
        yield f"made it {bool(own & named)}"
        yield f"undone by it {bool(later & named)}"
        yield f"alone shows {min(sum(self.times_shown[word] == 1 for word in shown), 2)}"
        some = sum(self.times_shown[word] < len(self.album.pictures) for word in shown)
        yield f"shows {min(len(shown), 2)}"
        yield f"shows, not all do {min(some, 2)}"
        most = max(map(len, self.shown.values()))
        yield f"shows most {bool(most) and len(shown) == most}"
        kind, ids = self.by_rule
        yield f"by rule {picture.id in ids}"
        yield f"by rule {kind} {picture.id in ids}"
        yield f"number {picture.number in self.numbers if self.numbers else 'none'}"
        yield f"counted {self.is_counted(picture, self.numbers)}"
        yield f"ordinal {self.is_counted(picture, self.ordinals)}"
        yield f"ordinal of all {self.is_counted(picture, self.ordinals, is_of_all=True)}"

    @cached_property
    def named(self) -> frozenset[str]:
        return content_words(self.english)

    @cached_property
    def shown(self) -> dict[str, frozenset[str]]:
        return {each.id: self.named & self.album.words(each) for each in self.album.pictures}

    @cached_property
    def times_shown(self) -> Counter[str]:
        return Counter(word for each in self.album.pictures for word in self.album.words(each))

    @cached_property
    def instructions(self) -> dict[str, frozenset[str]]:
        """Of each picture that was made from another, the words that asked for it."""
        return {each.id: content_words(translate(each.prompt)) for each in self.album.pictures if each.parent}

    @cached_property
    def numbers(self) -> frozenset[int]:
        """All numbers in the message; "one" and "some" are too often none."""
        digits = {int(found) for found in re.findall(r"(?<![\w.])#?(\d{1,3})(?!\w)", self.text)}
        return frozenset(digits | {NUMBERS[word] for word in self.words if word in COUNTED})

    @cached_property
    def ordinals(self) -> frozenset[int]:
        """Places named: from 1, from the end if negative, 0 the middle."""
        named = {ORDINALS[word] for word in self.words if word in ORDINALS and word not in MIDDLE}
        return frozenset(named | {0 for word in self.words if word in MIDDLE})

    def is_counted(self, picture: PictureView, places: frozenset[int], is_of_all: bool = False) -> str:
        """Whether one of the places, among the pictures shown together or all, is this picture's."""
        group = self.album.group
        pool = list(self.album.pictures if is_of_all or len(group) < 2 else group)
        if not places or picture not in pool:
            return "none"
        place, middle = pool.index(picture), len(pool) // 2 if len(pool) % 2 else None
        return str(bool(places & {place + 1, place - len(pool)} or (0 in places and place == middle)))

    @cached_property
    def by_rule(self) -> tuple[str, tuple[str, ...]]:
        """What the rules take an explicit name for ("the second one"): its kind and the pictures."""
        reference = self.reference()
        return (reference.kind, self.album.find(reference).ids) if reference else ("none", ())

    def reference(self) -> Reference | None:
        if self.is_chinese:
            return find_chinese_reference(self.text, self.album)[0]
        found = find_reference(self.text)
        return found.reference if found else None


def shortened(text: str) -> str:
    """Of a very long message both ends."""
    half = MOST_CHARACTERS // 2
    return text if len(text) <= MOST_CHARACTERS else f"{text[:half]} {text[-half:]}"


def words(text: str) -> list[str]:
    """Lower case words, Chinese characters and signs; every number is 0."""
    return WORD.findall(re.sub(r"\d+", "0", text.lower().replace("’", "'")))


def class_of(word: str, here: frozenset[str], anywhere: frozenset[str]) -> str:
    both = {word, singular(word)}
    for name, members in (
        ("SHOWN", here),
        ("ELSEWHERE", anywhere),
        ("COLOR", COLORS),
        ("ORDINAL", ORDINALS),
        ("NUMBER", (*NUMBERS, "0")),
        ("THING", VISIBLE),
        ("STYLE", STYLE_WORDS),
    ):
        if both & set(members):
            return name
    return word


def runs(items: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    """All runs of a length; from two on, the ends count."""
    padded = list(items) if length == 1 else ["<", *items, ">"]
    return (tuple(padded[at : at + length]) for at in range(len(padded) - length + 1))


def sequences(items: Sequence[str], length: int, sign: str) -> Iterator[str]:
    return (f"{sign} {' '.join(run)}" for run in runs(items, length))
