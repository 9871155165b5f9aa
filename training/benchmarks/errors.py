"""What can go wrong in a benchmark.

TrainingError
├── BadPrompts          a file of prompts is missing, malformed or too large
├── RunDiffers          the folder holds pictures that were made in another way
├── JudgeUnavailable    the judge cannot be loaded or asked: the run ends, and can go on later
└── JudgeFailed         the judge gave no usable answer to one picture: the run goes on without it
"""

from __future__ import annotations

from training.errors import TrainingError


class BadPrompts(TrainingError):
    """A file of prompts is missing, malformed or too large."""


class RunDiffers(TrainingError):
    """The folder holds pictures that were made in another way."""


class JudgeUnavailable(TrainingError):
    """The judge cannot be loaded or asked."""


class JudgeFailed(TrainingError):
    """The judge gave no usable answer to one picture. `raw` is what it said."""

    def __init__(self, sentence: str, raw: str = "") -> None:
        super().__init__(sentence)
        self.raw = raw
