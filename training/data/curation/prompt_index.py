"""Which captions say what a benchmark's prompts say.

Words are compared after NFKC, without case and punctuation. A caption leaks a prompt when its words are the
prompt's own; or, for prompts of at least `num_words` words, when it holds at least `least_share` of the
prompt's runs of `num_words` words.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.errors import BadRecipe

__all__ = ["PromptIndex", "PromptRule", "read_prompts", "words_of"]

PROMPT_KEYS = ("prompt", "text", "caption", "Prompt")


@dataclass(frozen=True, kw_only=True)
class PromptRule:
    """See the module."""

    num_words: int = 8
    least_share: float = 0.5


class PromptIndex:
    """Prompts by their words and by runs of words."""

    def __init__(self, prompts: Sequence[str], rule: PromptRule) -> None:
        self.prompts, self.rule = prompts, rule
        self.whole = dict[tuple[str, ...], int]()
        self.holders = defaultdict[tuple[str, ...], list[int]](list)
        self.num_runs = list[int]()
        for number, prompt in enumerate(prompts):
            words = words_of(prompt)
            self.whole.setdefault(words, number)
            runs = runs_of(words, rule.num_words)
            self.num_runs.append(len(runs))
            for run in runs:
                self.holders[run].append(number)

    def find(self, caption: str) -> str:
        """The prompt that the caption leaks, or nothing."""
        words = words_of(caption)
        if words and words in self.whole:
            return self.prompts[self.whole[words]]
        hits = Counter(
            number
            for run in runs_of(words, self.rule.num_words)
            for number in self.holders.get(run, ())  # a look must not add an entry
        )
        shares = [(count / self.num_runs[number], -number) for number, count in hits.items()]
        share, number = max(shares, default=(0.0, 0))
        return self.prompts[-number] if shares and share >= self.rule.least_share else ""


def words_of(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def runs_of(words: Sequence[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


def read_prompts(file: Path) -> list[str]:
    """One a line: the line itself, or its prompt where the file is JSON lines. Raises BadRecipe."""
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]
        prompts = [prompt_of(line) for line in lines] if file.suffix == ".jsonl" else lines
    except (OSError, ValueError) as error:
        raise BadRecipe(
            f"{file} holds no prompts ({error}): write one a line, or JSON lines with a prompt in each."
        ) from error
    if not any(words_of(prompt) for prompt in prompts):
        raise BadRecipe(f"{file} holds no prompts: write one a line, or JSON lines with a prompt in each.")
    return prompts


def prompt_of(line: str) -> str:
    record = json.loads(line)
    for key in PROMPT_KEYS:
        if isinstance(record, dict) and isinstance(record.get(key), str):
            return str(record[key])
    raise ValueError(f"a line without {' or '.join(PROMPT_KEYS)}")
