"""GenEval's rules (Ghosh et al. 2023, section 3) over what the small world's judge has seen.

What differs: the judge's own frozen confidence threshold takes the place of 0.3 (0.9 for counting), boxes
are squares, and colours come from the judge's colour head, which also knows "natural". Background, style and
the words of signs are looked at too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluation.geneval_rules import kept, problems
from training.evaluation.prompts import Prompt
from training.evaluation.sightings import Sighting, sighting_of
from training.stickers.detector import Reading

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a picture shows what its prompt asks for, and if not, why."""

    is_correct: bool
    reason: str = ""


def judge(prompt: Prompt, reading: Reading) -> Verdict:
    """GenEval's rules, then background, the word on a sign and style."""
    found = kept([sighting_of(each) for each in reading.things], confidence=0.0)
    reasons = problems(prompt, found, own_colors)
    if prompt.background not in (None, reading.background):
        reasons.append(f"expected background {prompt.background}, found {reading.background}")
    signs = [each.word for each in reading.things if each.word is not None]
    if prompt.word is not None and prompt.word not in signs:
        reasons.append(f"expected a sign saying {prompt.word}, found {', '.join(signs) or 'none'}")
    if prompt.style not in (None, reading.style):
        reasons.append(f"expected style {prompt.style}, found {reading.style}")
    return Verdict(is_correct=not reasons, reason="; ".join(reasons))


def own_colors(sightings: Sequence[Sighting]) -> list[str]:
    return [each.color or "natural" for each in sightings]
