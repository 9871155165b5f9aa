"""Scores as numbers, as JSON and as a table to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.domain import Route, Step
from agent.evaluation.points import GoldStep
from agent.evaluation.scoring import Score, words_of

__all__ = ["as_json", "as_text", "shares"]

PARTS: Mapping[str, Callable[[Score], bool | None]] = {
    "route": lambda score: score.route,
    "route_lenient": lambda score: score.route_lenient,
    "false_draw": lambda score: score.false_draw,
    "missed_draw": lambda score: score.missed_draw,
    "ask": lambda score: score.asks,
    "target": lambda score: score.target,
    "plan": lambda score: score.plan,
    "prompt": lambda score: score.prompt,
    "count": lambda score: score.count,
    "size": lambda score: score.size,
    "whole": lambda score: score.whole,
}
WRONG_WHEN_FALSE = ("target", "plan", "prompt", "count", "size")
HEADINGS = {"route_lenient": "lenient", "false_draw": "false dr", "missed_draw": "missed dr"}
COLUMN = 11


def shares(scores: Sequence[Score]) -> dict[str, float | None]:
    """The share of each part among the points that score it; None where none does."""
    return {
        name: sum(values) / len(values) if (values := scored(part, scores)) else None
        for name, part in PARTS.items()
    }


def scored(part: Callable[[Score], bool | None], scores: Sequence[Score]) -> list[bool]:
    return [value for each in scores if (value := part(each)) is not None]


def group(scores: Sequence[Score]) -> dict[str, Any]:
    """The shares with the number of cases behind each."""
    return {**shares(scores), "cases": {name: len(scored(part, scores)) for name, part in PARTS.items()}}


def by_lang(scores: Sequence[Score]) -> dict[str, list[Score]]:
    langs = sorted({each.lang for each in scores})
    return {lang: [each for each in scores if each.lang == lang] for lang in langs}


def by_tag(scores: Sequence[Score]) -> dict[str, list[Score]]:
    """The most frequent tag first."""
    tags = Counter(tag for each in scores for tag in each.tags)
    return {tag: [each for each in scores if tag in each.tags] for tag, _ in tags.most_common()}


def confusion(scores: Sequence[Score]) -> dict[str, dict[str, int]]:
    """How often each right route (outer) was read as each route (inner)."""
    pairs = Counter((each.gold.route, each.outcome.decision.route) for each in scores)
    return {str(gold): {str(route): pairs[gold, route] for route in Route} for gold in Route}


def as_json(scores: Sequence[Score], brain: str) -> dict[str, Any]:
    return {
        "brain": brain,
        "points": len(scores),
        "fallbacks": sum(each.outcome.used_fallback for each in scores),
        "overall": {**group(scores), "confusion": confusion(scores)},
        "by_lang": {lang: group(part) for lang, part in by_lang(scores).items()},
        "by_tag": {tag: group(part) for tag, part in by_tag(scores).items()},
        "items": [each.model_dump(mode="json") for each in scores],
    }


def as_text(scores: Sequence[Score], brain: str) -> str:
    """Tables of shares with their number of cases, the confusion of routes, and every miss."""
    misses = [each for each in scores if not each.whole]
    fallbacks = sum(each.outcome.used_fallback for each in scores)
    lines = [f"{len(scores)} points read by {brain}; {len(misses)} not wholly right"]
    if fallbacks:
        lines.append(f"{fallbacks} were decided by the offline rules: {brain} was unavailable")
    lines += ["", row("", [HEADINGS.get(name, name) for name in PARTS]), share_row("overall", scores)]
    lines += [share_row(name, part) for name, part in (by_lang(scores) | by_tag(scores)).items()]
    lines += ["", row("right \\ read", [str(route) for route in Route])]
    for gold, counts in confusion(scores).items():
        lines.append(row(gold, [str(count) for count in counts.values()]))
    return "\n".join([*lines, *(miss(each) for each in misses)])


def share_row(name: str, scores: Sequence[Score]) -> str:
    cells = []
    for part in PARTS.values():
        values = scored(part, scores)
        cells.append(f"{sum(values) / len(values):.2f} ({len(values)})" if values else "-")
    return row(name, cells)


def row(name: str, cells: Sequence[str]) -> str:
    return f"{name:<14}" + "".join(f"{cell:>{COLUMN}}" for cell in cells)


def miss(score: Score) -> str:
    """What was said, what was wanted, what was read instead."""
    decision, gold = score.outcome.decision, score.gold
    wrong = [name for name in WRONG_WHEN_FALSE if PARTS[name](score) is False]
    wrong = wrong if score.route_lenient else ["route", *wrong]
    size = f", {gold.size}" if gold.size else ""
    shape = decision.shape or (f"{decision.width}x{decision.height}" if decision.width else "")
    steps = score.outcome.plan.steps if score.outcome.plan else ()
    return "\n".join(
        [
            "",
            f"{score.id} {score.lang} [{', '.join(wrong)}] {score.message}",
            f"  wanted  {gold.route} {' '.join(gold.targets)}{size}",
            *(f"          {wanted_line(step)}" for step in gold.steps),
            f"  read    {decision.route} {' '.join(decision.targets)}{', ' + shape if shape else ''}",
            *(f"          {step_line(step)}" for step in steps),
            *([f"          {score.outcome.refusal}"] if score.outcome.refusal else []),
        ]
    )


def wanted_line(step: GoldStep) -> str:
    words = [*step.must_mention, *(f"not {entry}" for entry in step.must_not_mention)]
    source = f" of {' or '.join(step.sources)}" if step.sources else ""
    return f"{step.kind} {step.n}{source}: {', '.join(words)}"


def step_line(step: Step) -> str:
    source = f" of {step.source}" if step.kind != "generate" else ""
    return f"{step.kind} {step.num_pictures}{source}: {words_of(step)}"
