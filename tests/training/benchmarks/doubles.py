"""Painters and judges that follow a script, and small files of prompts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from training.benchmarks.chat_judges import Rating
from training.benchmarks.errors import JudgeFailed
from training.benchmarks.objects import Confidence
from training.benchmarks.painters import Painted, Settings
from training.evaluation.batches import Wish
from training.evaluation.prompts import Prompt
from training.evaluation.sightings import Box, Sighting


@dataclass
class ScriptedPainter:
    """A flat picture whose colour follows from words and seed; dies before picture number `dies_at`."""

    dies_at: int | None = None
    batch_size: int = 2
    size: tuple[int, int] = (8, 8)
    note: str = ""
    name: str = "scripted"
    painted: list[Wish] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return {"engine": self.name, "steps": 2}

    def paint(self, wishes: Sequence[Wish]) -> list[Painted]:
        pictures = []
        for wish in wishes:
            if len(self.painted) == self.dies_at:
                raise KeyboardInterrupt
            self.painted.append(wish)
            digest = hashlib.sha256(f"{wish.words} {wish.seed}".encode()).digest()
            pictures.append(Painted(image=Image.new("RGB", self.size, tuple(digest[:3])), note=self.note))
        return pictures


def seen(
    kind: str, x: float = 50, y: float = 50, *, sure: float = 0.95, color: str | None = None
) -> Sighting:
    """A 20 px square around (x, y)."""
    box = Box(left=x - 10, top=y - 10, right=x + 10, bottom=y + 10)
    return Sighting(kind=kind, confidence=sure, box=box, color=color)


@dataclass
class ScriptedObjects:
    """Sees the same in every picture."""

    sightings: Sequence[Sighting]
    confidence: Confidence = field(default_factory=lambda: Confidence(plain=0.3, counting=0.9))
    name: str = "scripted"
    version: str = "1"
    asked: int = 0

    def can_judge(self, prompt: Prompt) -> bool:
        return "unknown" not in prompt.prompt

    def find(self, picture: Image.Image) -> list[Sighting]:
        self.asked += 1
        return list(self.sightings)

    def colors(self, picture: Image.Image, sightings: Sequence[Sighting]) -> list[str]:
        return [each.color or "natural" for each in sightings]


@dataclass
class ScriptedYesNo:
    """Answers by a function of the picture and the question; None is a judge that says nothing usable."""

    answer: Callable[[Image.Image, str], bool | None]
    name: str = "scripted"
    version: str = "1"
    asked: list[str] = field(default_factory=list)

    def is_true(self, picture: Image.Image, question: str) -> bool:
        self.asked.append(question)
        answer = self.answer(picture, question)
        if answer is None:
            raise JudgeFailed("It hummed.", "hm")
        return answer


@dataclass
class ScriptedRater:
    """The same marks in turn for every edit, and the sizes it was shown."""

    marks: Sequence[tuple[float, float]]
    name: str = "scripted"
    version: str = "1"
    sizes: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)

    def rate(self, source: Image.Image, edited: Image.Image, instruction: str) -> list[Rating]:
        self.sizes.append((source.size, edited.size))
        return [Rating(success=first, restraint=second, raw="said") for first, second in self.marks]


def write_geneval(file: Path, *records: dict[str, object]) -> Path:
    file.write_text("".join(f"{json.dumps(record)}\n" for record in records), "utf-8")
    return file


def record(tag: str, *include: dict[str, object], prompt: str = "", **more: object) -> dict[str, object]:
    return {"tag": tag, "include": list(include), "prompt": prompt or f"a photo, {tag}", **more}


def one(kind: str, count: int = 1, **more: object) -> dict[str, object]:
    return {"class": kind, "count": count, **more}


DPG_HEADER = (
    "item_id,text,keywords,proposition_id,dependency,category_broad,category_detailed,tuple,"
    "question_natural_language"
)


def dpg_row(item: str, number: int, parents: str, category: str, question: str) -> str:
    return f'{item},"words of {item}",,{number},"{parents}",,,"{category} (thing, {number})","{question}"'


def write_dpg(file: Path, *rows: str) -> Path:
    file.write_text("\n".join([DPG_HEADER, *rows]) + "\n", "utf-8")
    return file


def unheard(sentence: str) -> None:
    pass
