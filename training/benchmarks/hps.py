"""HPSv2's benchmark (Wu et al. 2023): 800 prompts in each of four styles, a preference score a picture.

What its released scorer does otherwise, under `compat`: a picture that is missing, or is no .jpg, is scored
as the next one that is there, so that some count twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from training.benchmarks.benchmark import Exists, Order, Verdict, needed, picture_seed
from training.benchmarks.errors import BadPrompts
from training.benchmarks.figures import Figure, Mark, draws_of, figure_of
from training.benchmarks.prompt_files import read_text, spread

__all__ = ["HPS", "STYLES", "PreferenceJudge", "StylePrompt", "read_styles"]

STYLES = ("anime", "concept-art", "paintings", "photo")
GROUP_SIZE = 80
"""The original prints the mean and the spread of ten means of 80."""
PREFERRED = 30.0


class PreferenceJudge(Protocol):
    """Scores how well people would like a picture for these words."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def score(self, picture: Image.Image, words: str) -> float:
        """About 20 to 35. Raises JudgeUnavailable."""
        ...


@dataclass(frozen=True, kw_only=True)
class StylePrompt:
    """A prompt of a style, by its number in the style's file."""

    style: str
    index: int
    words: str

    @property
    def id(self) -> str:
        return f"{self.style}/{self.index:05}"


def read_styles(files: Sequence[Path]) -> list[StylePrompt]:
    """Each file a JSON list of prompts, named after its style. Raises BadPrompts."""
    prompts: list[StylePrompt] = []
    for style, file in zip(STYLES, files, strict=True):
        try:
            words = json.loads(read_text(file))
        except ValueError as error:
            raise BadPrompts(f"{file} is no JSON ({error}).") from error
        if not isinstance(words, list) or not words:
            raise BadPrompts(f"{file} is no list of prompts.")
        for index, each in enumerate(words):
            if not isinstance(each, str) or not each.strip():
                raise BadPrompts(f"{file}, entry {index} is no prompt.")
            prompts.append(StylePrompt(style=style, index=index, words=each))
    return prompts


class HPS:
    """One picture a prompt, as a .jpg unless the run is told otherwise."""

    def __init__(
        self,
        prompts: Sequence[StylePrompt],
        judge: PreferenceJudge | None,
        *,
        suffix: str = ".jpg",
        num_seeds: int = 1,
        seed: int = 0,
        limit: int | None = None,
    ) -> None:
        self.prompts = {each.id: each for each in spread(prompts, limit)}
        self.num_all = len(prompts)
        self.preference = judge
        self.orders = tuple(
            Order(
                file=f"{each.id}{suffix}" if number == 0 else f"{each.id}-{number}{suffix}",
                subject=each.id,
                group=each.style,
                words=each.words,
                seeds=(picture_seed(seed, STYLES.index(each.style) * 10_000 + each.index, number),),
            )
            for each in self.prompts.values()
            for number in range(num_seeds)
        )

    def prepare(self, images: Path) -> None:
        images.mkdir(parents=True, exist_ok=True)

    def present(self, exists: Exists) -> list[Order]:
        """In place of a picture that is missing or no .jpg the next one of its style, round and round."""
        chosen: list[Order] = []
        for style in dict.fromkeys(order.group for order in self.orders):
            own = [order for order in self.orders if order.group == style]
            there = [order.file.endswith(".jpg") and exists(order) for order in own]
            if any(there):
                found = [
                    next(i for i in range(start, start + len(own)) if there[i % len(own)])
                    for start in range(len(own))
                ]
                chosen += [own[i % len(own)] for i in found]
        return chosen

    def judge(self, order: Order, picture: Image.Image) -> Verdict:
        score = needed(self.preference).score(picture, order.words)
        return Verdict(
            file=order.file,
            subject=order.subject,
            group=order.group,
            words=order.words,
            marks=(Mark(column=order.group, value=score),),
            is_good=score >= PREFERRED,
            reason=f"{score:.2f}",
        )

    def figures(self, verdicts: Sequence[Verdict]) -> list[Figure]:
        """The mean over all pictures, then each style's."""
        styles: dict[str, dict[str, list[float]]] = {}
        everything: dict[str, list[float]] = {}
        for verdict in verdicts:
            for mark in verdict.marks:
                styles.setdefault(mark.column, {}).setdefault(verdict.subject, []).append(mark.value)
                everything.setdefault(verdict.subject, []).append(mark.value)
        return [
            figure_of("overall", draws_of(everything)),
            *(
                figure_of(style, draws_of(styles[style]), note=spread_note(styles[style]))
                for style in STYLES
                if style in styles
            ),
        ]

    def finish(self, folder: Path, verdicts: Sequence[Verdict]) -> None:
        """results.jsonl: a line a picture with its score."""
        lines = [
            json.dumps({"filename": v.file, "prompt": v.words, "score": v.marks[0].value}, ensure_ascii=False)
            for v in verdicts
            if not v.failure
        ]
        (folder / "results.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")


def spread_note(subjects: dict[str, list[float]]) -> str:
    """Mean and standard deviation of the means of 80 prompts each, of whole groups only."""
    scores = np.array([np.mean(subjects[name]) for name in sorted(subjects)])
    num_groups = len(scores) // GROUP_SIZE
    if not num_groups:
        return ""
    means = scores[: num_groups * GROUP_SIZE].reshape(num_groups, GROUP_SIZE).mean(1)
    return f"{num_groups} groups of {GROUP_SIZE}: {means.mean():.2f}, deviation {means.std():.4f}"
