"""Which picture do you mean? Words about pictures, once read, matched to ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from agent.brains import reasons
from agent.brains.brain import Context, PictureView
from agent.brains.chinese_words import translate
from agent.brains.lexicon import content_words
from agent.brains.picture_words import after_edit
from agent.brains.reasons import Reason
from agent.domain import Origin

__all__ = ["Album", "Reference", "Resolved"]


_BEFORE_IT_WAS = {
    "day": "night", "daytime": "night", "daylight": "night", "night": "day", "summer": "winter",
    "sunny": "rain", "dry": "rain", "snowless": "snow", "clear": "fog", "colour": "black", "color": "black",
    "colored": "black", "coloured": "black", "colourful": "black", "colorful": "black",
}  # fmt: skip
""" "The daytime version" is the one before it was made night."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """How a message names a picture. `words`: of "the red one".

    `index`: of ordinals (from 1, or -1 the last), of #4, or steps back. `letter`: of #4b.

    `is_in_group`: the ordinal counts the pictures shown last ("the second one"), not all of them.
    """

    kind: Literal[
        "current",
        "ordinal",
        "number",
        "back",
        "original",
        "upload",
        "described",
        "before",
        "after",
        "all",
        "several",
        "redo",
    ]
    index: int = 1
    letter: str = ""
    places: tuple[int, ...] = ()
    words: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    is_in_group: bool = True


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """The pictures that a reference means, why ("the second of the four shown last") and how sure, 0 to 1."""

    ids: tuple[str, ...]
    reason: str
    confidence: float


class Album:
    """The pictures of a context and what each shows now, edits taken into account.

    `language`: of the reasons given.
    """

    def __init__(self, context: Context, language: str = "en") -> None:
        self.context = context
        self.language = language
        self.pictures = context.pictures
        self.by_id = {picture.id: picture for picture in context.pictures}
        self._words: dict[str, frozenset[str]] = {}

    @cached_property
    def current(self) -> PictureView | None:
        """The picture the user means by "it": the upload sent along, else the one looked at."""
        if self.context.uploads:
            return self.by_id.get(self.context.uploads[-1])
        if self.context.current in self.by_id:
            return self.by_id[self.context.current or ""]
        return self.context.pictures[-1] if self.context.pictures else None

    @cached_property
    def group(self) -> tuple[PictureView, ...]:
        """The pictures shown side by side last (or sent along now), those that others grew from left out."""
        if len(self.context.uploads) > 1:
            return tuple(self.by_id[each] for each in self.context.uploads)
        for utterance in reversed(self.context.history):
            shown = [self.by_id[each] for each in utterance.pictures if each in self.by_id]
            if shown:
                parents = {picture.parent for picture in shown}
                return tuple(picture for picture in shown if picture.id not in parents)
        return ()

    @cached_property
    def leaves(self) -> tuple[PictureView, ...]:
        """The newest version of each picture: those that no other grew from."""
        parents = {picture.parent for picture in self.pictures}
        return tuple(picture for picture in self.pictures if picture.id not in parents)

    @property
    def is_choice_open(self) -> bool:
        """Several pictures lie side by side and none has been picked."""
        return len(self.group) > 1 and (bool(self.context.uploads) or self.current in self.group)

    def words(self, picture: PictureView) -> frozenset[str]:
        """What the picture shows, as far as its words and its parents' words say."""
        if picture.id not in self._words:
            self._words[picture.id] = frozenset()
            prompt = translate(picture.prompt)
            parent = self.by_id.get(picture.parent or "")
            before = self.words(parent) if parent else frozenset()
            self._words[picture.id] = after_edit(before, prompt) if parent else content_words(prompt)
        return self._words[picture.id]

    def find(self, reference: Reference) -> Resolved:
        """The pictures meant, why, and how sure that is; none, or several when the words fit several."""
        match reference.kind:
            case "current":
                return self._current()
            case "all":
                together = self.group if len(self.group) > 1 else self.leaves
                return self._resolved(together or one(self.current), 1.0, reasons.all_shown)
            case "several":
                pool = (
                    self.group
                    if len(self.group) >= abs(reference.index) and len(self.group) > 1
                    else self.pictures
                )
                if reference.places:
                    named = [pick(list(pool), place) for place in reference.places]
                    return self._resolved([each for each in named if each], 0.95, reasons.all_shown)
                chosen = pool[: reference.index] if reference.index > 0 else pool[reference.index :]
                return self._resolved(chosen, 0.95, reasons.all_shown)
            case "number":
                return self._number(reference)
            case "ordinal":
                return self._ordinal(reference)
            case "upload":
                return self._upload(reference)
            case "original":
                return self._resolved(one(self.root(self.current)), 0.95, reasons.original)
            case "back":
                return self._back(reference.index)
            case "redo":
                children = [each for each in self.pictures if self.current and each.parent == self.current.id]
                return self._resolved(children[-1:], 0.95 if len(children) == 1 else 0.7, reasons.redone)
            case "before" | "after":
                return self._around(reference)
            case "described":
                return self._described(reference)

    def showing(self, text: str) -> Resolved:
        """Of pictures side by side those that show what an instruction names ("make the cat blue")."""
        side = re.search(
            r"\b(?:on|to|at|in) the (left|right|middle|cent(?:er|re))\b|\bthe (left|right) (?!of)", text, re.I
        )
        if side:
            index = {"l": 1, "r": -1}.get((side[1] or side[2])[0].lower(), (len(self.group) + 1) // 2)
            return self._resolved(
                [self.group[index - (index > 0)]], 0.8, reasons.place_in_group(index, len(self.group))
            )
        shared = (
            frozenset[str].intersection(*(self.words(each) for each in self.group))
            if self.group
            else frozenset()
        )
        named = content_words(text) - shared
        fitting = [each for each in self.group if named & self.words(each)]
        seen = frozenset[str]().union(*(self.words(each) for each in fitting))
        why = reasons.shows(named & seen, frozenset(), is_only=True)
        return self._resolved(fitting, 0.9 / max(len(fitting), 1), why)

    def root(self, picture: PictureView | None) -> PictureView | None:
        """Where a picture's line of edits began."""
        while picture is not None and picture.parent in self.by_id:
            picture = self.by_id[picture.parent or ""]
        return picture

    def _resolved(self, pictures: Sequence[PictureView], confidence: float, why: Reason) -> Resolved:
        """Several pictures where one is meant are each as likely as their number allows."""
        ids = tuple(dict.fromkeys(each.id for each in pictures))
        return Resolved(ids=ids, reason=why.told(self.language), confidence=confidence if ids else 0.0)

    def _current(self) -> Resolved:
        if self.context.uploads:
            confidence = 1.0 if len(self.context.uploads) == 1 else 0.4
            return self._resolved(one(self.current), confidence, reasons.just_sent)
        if self.is_choice_open:
            return self._resolved(one(self.current), 0.4, reasons.current)
        why = reasons.only_one if len(self.pictures) == 1 else reasons.current
        return self._resolved(one(self.current), 1.0, why)

    def _number(self, reference: Reference) -> Resolved:
        named = [each for each in self.pictures if each.number == reference.index]
        if reference.letter and any(each.letter for each in named):
            named = [each for each in named if each.letter == reference.letter]
        return self._resolved(named, 1.0 / max(len(named), 1), reasons.number)

    def _upload(self, reference: Reference) -> Resolved:
        uploads = [each for each in self.pictures if each.origin is Origin.UPLOADED]
        root = self.root(self.current)
        is_last = reference.index == -1
        if is_last and len(uploads) > 1 and root in uploads and not self.context.uploads:
            return self._resolved(one(root), 0.8, reasons.upload)
        confidence = 0.7 if is_last and len(uploads) > 1 else 1.0
        return self._resolved(one(pick(uploads, reference.index)), confidence, reasons.upload)

    def _ordinal(self, reference: Reference) -> Resolved:
        pool, confidence, place = self._pool(reference)
        if reference.words:
            fitting = [each for each in pool if reference.words <= self.words(each)]
            pool = fitting or [each for each in self.pictures if reference.words <= self.words(each)]
        return self._resolved(one(pick(pool, reference.index)), confidence, place(reference.index, len(pool)))

    def _pool(self, reference: Reference) -> tuple[list[PictureView], float, Callable[[int, int], Reason]]:
        """The pictures that an ordinal counts: those shown last, those that were chosen from, or all."""
        group = list(self.group) if reference.is_in_group and len(self.group) > 1 else []
        if group and abs(reference.index) <= len(group):
            return group, 0.95, reasons.place_in_group
        choice = self._chosen_from() if reference.is_in_group and reference.index > 1 else []
        if abs(reference.index) <= len(choice):
            return choice, 0.8, reasons.place_in_group
        return list(self.pictures), 0.9 if not group else 0.6, reasons.place_of_all

    def _chosen_from(self) -> list[PictureView]:
        """The pictures once shown side by side from which the current one was picked or grew."""
        line = {each.id for each in self.line(self.current)}
        for utterance in reversed(self.context.history):
            shown = [self.by_id[each] for each in utterance.pictures if each in self.by_id]
            if len(shown) > 1 and line & set(utterance.pictures):
                return shown
        return []

    def line(self, picture: PictureView | None) -> list[PictureView]:
        """A picture and all it grew from, the newest first."""
        line = one(picture)
        while line and line[-1].parent in self.by_id:
            line.append(self.by_id[line[-1].parent or ""])
        return line

    def _back(self, steps: int) -> Resolved:
        """The version so many steps before; before a picture with no parent comes the one shown before it."""
        picture, confidence = self.current, 0.95
        for _ in range(steps):
            if picture is None:
                break
            parent = self.by_id.get(picture.parent or "")
            confidence = confidence if parent else 0.8
            picture = parent or self._shown_before(picture)
        return self._resolved(one(picture), confidence, reasons.steps_back(steps))

    def _shown_before(self, picture: PictureView) -> PictureView | None:
        order = [each for line in self.context.history for each in line.pictures if each in self.by_id]
        if picture.id in order:
            order = order[: order.index(picture.id)]
        earlier = [each for each in order if self.by_id[each].turn < picture.turn]
        return self.by_id[earlier[-1]] if earlier else None

    def _around(self, reference: Reference) -> Resolved:
        """The version before (or after) some change was made: "the one before the hat"."""
        line = [each.id for each in self.line(self.current)]
        for picture in sorted(reversed(self.pictures), key=lambda each: each.id not in line):
            if reference.words & content_words(translate(picture.prompt)) and picture.parent in self.by_id:
                confidence = 0.95 if picture.id in line else 0.8
                if reference.kind == "before":
                    before = self.by_id[picture.parent or ""]
                    return self._resolved([before], confidence, reasons.before(picture.prompt))
                return self._resolved([picture], confidence, reasons.after(picture.prompt))
        return self._resolved([], 0.0, reasons.number)

    def _described(self, reference: Reference) -> Resolved:
        """The pictures that show the words; of one line of edits only the newest, of different ones all."""
        words, share = reference.words, 1.0
        changed = (
            {_BEFORE_IT_WAS[each] for each in words if each in _BEFORE_IT_WAS} if len(words) == 1 else set()
        )
        if changed and not any(words <= self.words(each) for each in self.pictures):
            return self._around(Reference(kind="before", words=frozenset(changed)))
        fitting = [
            each
            for each in self.pictures
            if words <= self.words(each) and not reference.without & self.words(each)
        ]
        if not fitting and len(words) > 1:
            best = max((len(words & self.words(each)) for each in self.pictures), default=0)
            fitting = [each for each in self.pictures if best and len(words & self.words(each)) == best]
            share = best / len(words)
        why = reasons.shows(words, reference.without, is_only=len(fitting) == 1)
        if len(fitting) > 1 and len(self.group) > 1 and any(each in self.group for each in fitting):
            fitting = [each for each in fitting if each in self.group]
            return self._resolved(fitting, share / len(fitting), why)
        others = [each for each in fitting if each != self.current]
        if not others:
            return self._resolved(fitting[-1:], share, why)
        named = [each for each in others if words and words <= content_words(translate(each.prompt))]
        newest = (named or others)[-1]
        twins = [each for each in others if each.turn == newest.turn and each.parent == newest.parent]
        confidence = share * (0.95 if len(fitting) == 1 else 0.8) / len(twins)
        return self._resolved(twins, confidence, why)


def one(picture: PictureView | None) -> list[PictureView]:
    return [] if picture is None else [picture]


def pick(pictures: list[PictureView], index: int) -> PictureView | None:
    """The one at a place counted from 1, or from the end if negative."""
    place = index - 1 if index > 0 else len(pictures) + index
    return pictures[place] if 0 <= place < len(pictures) else None
