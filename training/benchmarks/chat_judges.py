"""What a vision language model is asked: DPG-Bench's questions, and marks for an edit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from training.benchmarks.vision_chat import VisionChat

__all__ = ["ChatRater", "ChatYesNo", "Rating", "read_rating", "read_yes_no"]

YES_NO = (
    "Look at the picture and answer the question about it. Answer with one word, yes or no. If the picture "
    "does not show what the question takes for granted, the answer is no.\n\nQuestion: {question}"
)
RATE = """You are a professional digital artist who judges the work of a picture editor.

The first image is the picture before the edit, the second one after it. The editor was told:
{instruction}

Give two marks from 0 to 10:
1. Success: 0 when the second picture does not follow the instruction at all, 10 when it follows it perfectly.
2. Restraint: 0 when the second picture is a different scene altogether, 10 when it changes nothing but what
the instruction asks for and still carries it out.

Answer with one JSON object and nothing else, the marks in this order:
{{"score": [success, restraint], "reasoning": "one or two sentences"}}"""
BEST = 10.0
MARK = r'"?(\d+(?:\.\d+)?)"?'
SCORES = re.compile(rf"score\W{{0,3}}[:=]\s*\[\s*{MARK}\s*,\s*{MARK}\s*,?\s*\]", re.IGNORECASE)


class ChatYesNo:
    """Answers yes or no."""

    name = "openai"

    def __init__(self, chat: VisionChat) -> None:
        self.chat = chat

    @property
    def version(self) -> str:
        return self.chat.version

    def is_true(self, picture: Image.Image, question: str) -> bool:
        answer, _ = self.chat.ask(YES_NO.format(question=question), [picture], read_yes_no)
        return answer


def read_yes_no(text: str) -> bool:
    """Raises ValueError for anything but a yes or a no at its beginning."""
    word = re.match(r"\W*(yes|no)\b", text, re.IGNORECASE)
    if word is None:
        raise ValueError("the answer must be the word yes or the word no")
    return word[1].lower() == "yes"


@dataclass(frozen=True, kw_only=True)
class Rating:
    """Two marks from 0 to 10, and the replies they were read from."""

    success: float
    restraint: float
    raw: str = ""

    @property
    def score(self) -> float:
        """The smaller of the two, as in VIEScore (Ku et al. 2024) and in section 6 of the report."""
        return min(self.success, self.restraint)


class ChatRater:
    """Rates an edit several times over."""

    name = "openai"

    def __init__(self, chat: VisionChat, num_repeats: int = 3) -> None:
        self.chat, self.num_repeats = chat, num_repeats

    @property
    def version(self) -> str:
        return f"{self.chat.version}, {self.num_repeats} times, source first"

    def rate(self, source: Image.Image, edited: Image.Image, instruction: str) -> list[Rating]:
        """Raises JudgeFailed or JudgeUnavailable."""
        words = RATE.format(instruction=instruction)
        pictures: Sequence[Image.Image] = (source, edited)
        ratings = []
        for repeat in range(self.num_repeats):
            (success, restraint), raw = self.chat.ask(words, pictures, read_rating, repeat)
            ratings.append(Rating(success=success, restraint=restraint, raw=raw))
        return ratings


def read_rating(text: str) -> tuple[float, float]:
    """Success and restraint, the last pair called a score: broken JSON around it does no harm.

    Raises ValueError.
    """
    pairs = SCORES.findall(text)
    if not pairs or not all(float(mark) <= BEST for mark in pairs[-1]):
        raise ValueError(
            'there must be two marks from 0 to 10: {"score": [success, restraint], "reasoning": "..."}'
        )
    success, restraint = pairs[-1]
    return float(success), float(restraint)
