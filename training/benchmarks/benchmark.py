"""What every benchmark is made of: orders to draw, verdicts on the pictures, figures from the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from PIL import Image

from training.benchmarks.errors import JudgeUnavailable
from training.benchmarks.figures import Figure, Mark

__all__ = ["Benchmark", "Exists", "Order", "Verdict", "needed", "picture_seed", "those_there"]

AnyJudge = TypeVar("AnyJudge")


@dataclass(frozen=True, kw_only=True)
class Order:
    """One picture file to make, its path below the run's folder of pictures.

    Several `seeds` give one grid, two tiles wide. `subject` is the prompt that it belongs to: pictures of one
    subject are not independent. `group` is the category that the page lists it under. `source` is the picture
    to edit.
    """

    file: str
    subject: str
    group: str
    words: str
    seeds: tuple[int, ...]
    source: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a judge made of one picture.

    `picture` is the SHA-256 of the file that was judged. `failure` is the sentence that says why there is no
    verdict: it then has no marks and counts nowhere. `raw` is what the judge answered or saw, word for word.
    """

    file: str
    subject: str
    group: str
    words: str
    marks: tuple[Mark, ...] = ()
    is_good: bool = False
    reason: str = ""
    failure: str = ""
    raw: str = ""
    picture: str = ""


Exists = Callable[[Order], bool]
"""Whether the picture of an order is there."""


class Benchmark(Protocol):
    """One benchmark with its prompts and, unless it only draws, its judge."""

    @property
    def orders(self) -> Sequence[Order]: ...

    def prepare(self, images: Path) -> None:
        """Write what the original keeps beside its pictures."""
        ...

    def present(self, exists: Exists) -> list[Order]:
        """What the original scores where pictures are missing (for --compat: we refuse to)."""
        ...

    def judge(self, order: Order, picture: Image.Image) -> Verdict:
        """Raises JudgeFailed for an answer that cannot be used, JudgeUnavailable where none comes."""
        ...

    def figures(self, verdicts: Sequence[Verdict]) -> list[Figure]:
        """The benchmark's own figures, the main one first."""
        ...

    def finish(self, folder: Path, verdicts: Sequence[Verdict]) -> None:
        """Write what the original scorer would have written into `folder`."""
        ...


def needed(judge: AnyJudge | None) -> AnyJudge:
    """The judge of a benchmark that was not set up to draw only. Raises JudgeUnavailable."""
    if judge is None:
        raise JudgeUnavailable("This run only draws: it has no judge.")
    return judge


def those_there(orders: Sequence[Order], exists: Exists) -> list[Order]:
    return [order for order in orders if exists(order)]


def picture_seed(seed: int, index: int, number: int) -> int:
    """A seed of its own for picture `number` of prompt `index`, whatever is drawn beside it."""
    return 10_000_000 * (seed + 1) + 100 * index + number
