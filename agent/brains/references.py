"""Which picture do you mean? Words about pictures, once read, matched to ids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from agent.brains.brain import Context, PictureView
from agent.brains.chinese_words import translate
from agent.brains.lexicon import COLORS, content_words
from agent.domain import Origin

__all__ = ["Album", "Reference"]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """How a message names a picture. `words`: of "the red one".

    `index`: of ordinals (from 1, or -1 the last), of #4, or steps back.

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
        "redo",
    ]
    index: int = 1
    words: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    is_in_group: bool = True


class Album:
    """The pictures of a context and what each shows now, edits taken into account."""

    def __init__(self, context: Context) -> None:
        self.context = context
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

    def find(self, reference: Reference) -> tuple[str, ...]:
        """The ids meant: none, one, or several when the words fit several."""
        pictures = self.context.pictures
        match reference.kind:
            case "current":
                return self._ids(self.current)
            case "all":
                return tuple(each.id for each in self.group) or self._ids(self.current)
            case "number":
                return tuple(each.id for each in pictures if each.number == reference.index)
            case "ordinal":
                return self._ordinal(reference)
            case "upload":
                uploads = [each for each in pictures if each.origin is Origin.UPLOADED]
                return self._ids(pick(uploads, reference.index))
            case "original":
                return self._ids(self.root(self.current))
            case "back":
                return self._ids(self._back(reference.index))
            case "redo":
                children = [each for each in pictures if self.current and each.parent == self.current.id]
                return self._ids(children[-1] if children else None)
            case "before" | "after":
                return self._around(reference)
            case "described":
                return self._described(reference)

    def root(self, picture: PictureView | None) -> PictureView | None:
        """Where a picture's line of edits began."""
        while picture is not None and picture.parent in self.by_id:
            picture = self.by_id[picture.parent or ""]
        return picture

    def _ids(self, picture: PictureView | None) -> tuple[str, ...]:
        return () if picture is None else (picture.id,)

    def _ordinal(self, reference: Reference) -> tuple[str, ...]:
        group = self.group if reference.is_in_group and len(self.group) > 1 else ()
        pool = list(group) if group and abs(reference.index) <= len(group) else list(self.context.pictures)
        if reference.words:
            fitting = [each for each in pool if reference.words <= self.words(each)]
            pool = fitting or [each for each in self.context.pictures if reference.words <= self.words(each)]
        return self._ids(pick(pool, reference.index))

    def _back(self, steps: int) -> PictureView | None:
        """The version so many steps before; before a picture with no parent comes the one shown before it."""
        picture = self.current
        for _ in range(steps):
            if picture is None:
                return None
            parent = self.by_id.get(picture.parent or "")
            picture = parent or self._shown_before(picture)
        return picture

    def _shown_before(self, picture: PictureView) -> PictureView | None:
        order = [each for line in self.context.history for each in line.pictures if each in self.by_id]
        if picture.id in order:
            order = order[: order.index(picture.id)]
        earlier = [each for each in order if self.by_id[each].turn < picture.turn]
        return self.by_id[earlier[-1]] if earlier else None

    def _around(self, reference: Reference) -> tuple[str, ...]:
        """The version before (or after) some change was made: "the one before the hat"."""
        for picture in reversed(self.context.pictures):
            if reference.words & content_words(translate(picture.prompt)) and picture.parent in self.by_id:
                return (picture.parent or "",) if reference.kind == "before" else (picture.id,)
        return ()

    def _described(self, reference: Reference) -> tuple[str, ...]:
        """The pictures that show the words; of one line of edits only the newest, of different ones all."""
        fitting = [
            each
            for each in self.context.pictures
            if reference.words <= self.words(each) and not reference.without & self.words(each)
        ]
        if not fitting and len(reference.words) > 1:
            best = max((len(reference.words & self.words(each)) for each in self.context.pictures), default=0)
            fitting = [
                each
                for each in self.context.pictures
                if best and len(reference.words & self.words(each)) == best
            ]
        if len(fitting) > 1 and len(self.group) > 1 and any(each in self.group for each in fitting):
            fitting = [each for each in fitting if each in self.group]
            return tuple(each.id for each in fitting)
        others = [each for each in fitting if each != self.current]
        if not others:
            return self._ids(fitting[-1] if fitting else None)
        newest = others[-1]
        twins = [each for each in others if each.turn == newest.turn and each.parent == newest.parent]
        return tuple(each.id for each in twins)


def pick(pictures: list[PictureView], index: int) -> PictureView | None:
    """The one at a place counted from 1, or from the end if negative."""
    place = index - 1 if index > 0 else len(pictures) + index
    return pictures[place] if 0 <= place < len(pictures) else None


_REMOVAL = re.compile(
    r"\b(?:remove|delete|erase|without|drop|lose|take (?:away|off|out)|get rid of|no)\b(?P<what>.*)", re.I
)
_EXCHANGE = re.compile(
    r"\b(?:replace|swap|exchange|change|turn)\b (?P<old>.+?) (?:with|for|by|into|to) (?P<new>.+)", re.I
)


def after_edit(before: frozenset[str], instruction: str) -> frozenset[str]:
    """The words of a picture after an edit of these words."""
    words = before
    for part in re.split(r",| and (?=[a-z]+ )", instruction):
        exchange, removal = _EXCHANGE.search(part), _REMOVAL.search(part)
        if exchange:
            old, new = content_words(exchange["old"]), content_words(exchange["new"])
            gone = old if new - frozenset(COLORS) else frozenset[str]()
            words = (words - gone - colors_of(new, words)) | new
        elif removal:
            words = words - content_words(removal["what"])
        else:
            new = content_words(part)
            is_recolored = bool(new & frozenset(COLORS)) and not re.match(
                r"\W*(?:add|put|place)\b", part, re.I
            )
            words = (words - colors_of(new, words) if is_recolored else words) | new
    return words


def colors_of(new: frozenset[str], old: frozenset[str]) -> frozenset[str]:
    """The old colours that a new colour replaces."""
    colors = frozenset(COLORS)
    return old & colors if new & colors else frozenset()
