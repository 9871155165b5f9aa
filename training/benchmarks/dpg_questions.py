"""DPG-Bench's table of questions (Hu et al. 2024, section 4), one item a prompt."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from training.benchmarks.errors import BadPrompts
from training.benchmarks.prompt_files import read_text

__all__ = ["Item", "Question", "broad", "read_items", "sound"]

COLUMNS = ("item_id", "text", "proposition_id", "dependency", "tuple", "question_natural_language")
MOST_FIELD_CHARACTERS = 100_000


@dataclass(frozen=True, kw_only=True)
class Question:
    """A yes-or-no question that counts only where all of its `parents` are answered yes.

    `category` is the finer of the two, for example "attribute - color".
    """

    number: int
    words: str
    category: str
    parents: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Item:
    """A prompt with its questions. `id` is the stem of the prompt's file and of the picture's."""

    index: int
    id: str
    words: str
    questions: tuple[Question, ...]


def read_items(file: Path, *, skips_first: bool = False) -> list[Item]:
    """Raises BadPrompts, naming the line. `skips_first` leaves out the first row, as the original does."""
    csv.field_size_limit(MOST_FIELD_CHARACTERS)
    rows = csv.DictReader(io.StringIO(read_text(file), newline=""), strict=True)
    words: dict[str, str] = {}
    questions: dict[str, dict[int, Question]] = {}
    try:
        require_columns(rows.fieldnames or ())
        for number, row in enumerate(rows):
            name, question = item_id(row), question_of(row)
            words.setdefault(name, row["text"].strip())
            known = questions.setdefault(name, {})
            if question.number in known:
                raise ValueError(f"{name} has two questions {question.number}")
            if number or not skips_first:
                known[question.number] = question
    except (ValueError, AttributeError, TypeError, csv.Error) as error:
        raise BadPrompts(f"{file}, line {rows.line_num} is not a question of DPG-Bench ({error}).") from error
    if not questions:
        raise BadPrompts(f"{file} holds no questions.")
    return [
        Item(index=index, id=name, words=words[name], questions=tuple(each.values()))
        for index, (name, each) in enumerate(questions.items())
    ]


def require_columns(names: Sequence[str]) -> None:
    """Raises ValueError."""
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}")


def item_id(row: dict[str, str]) -> str:
    """Raises ValueError for what could not name a file."""
    name = row["item_id"].strip()
    if not name or not name.replace("_", "").replace("-", "").isalnum():
        raise ValueError(f"{name!r} names no item")
    return name


def question_of(row: dict[str, str]) -> Question:
    """Raises ValueError or AttributeError."""
    words = row["question_natural_language"].strip()
    category = row["tuple"].split("(")[0].strip()
    if not words or not category:
        raise ValueError("a question or its tuple is empty")
    return Question(
        number=int(row["proposition_id"]),
        words=words,
        category=category,
        parents=tuple(number for number in map(int, row["dependency"].split(",")) if number),
    )


def sound(items: Sequence[Item]) -> tuple[list[Item], int]:
    """The items without what cannot be followed, and how many dependencies that were: on questions that are
    not in the table, or, by whatever detour, on the question itself."""
    kept, num_cut = [], 0
    for item in items:
        parents = {question.number: question.parents for question in item.questions}
        questions = []
        for question in item.questions:
            good = tuple(
                p for p in question.parents if p in parents and question.number not in above(p, parents)
            )
            num_cut += len(question.parents) - len(good)
            questions.append(replace(question, parents=good))
        kept.append(replace(item, questions=tuple(questions)))
    return kept, num_cut


def above(number: int, parents: Mapping[int, Sequence[int]]) -> set[int]:
    """A question with all that it depends on."""
    seen, waiting = set(), [number]
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting += parents.get(each, ())
    return seen


def broad(category: str) -> str:
    """The wider of the two categories: "attribute" of "attribute - color"."""
    return category.split("-")[0].strip()
