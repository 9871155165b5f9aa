"""The limits of a turn, kept by every brain and said openly; the planner refuses what still breaks them."""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain import MAX_PICTURES_PER_TURN, MAX_STEPS_PER_TURN, Decision, DecisionStep

__all__ = ["within_limits"]


def within_limits(decision: Decision) -> Decision:
    """At most four steps and four finished pictures, with a notice in the user's language when cut."""
    steps, notices = list(decision.steps), list(decision.notices)
    is_chinese = decision.language.startswith("zh")
    if len(steps) > MAX_STEPS_PER_TURN:
        steps = steps[:MAX_STEPS_PER_TURN]
        notices.append(
            f"一次最多{MAX_STEPS_PER_TURN}步，其余的请再说一次。"
            if is_chinese
            else f"I do at most {MAX_STEPS_PER_TURN} steps a message, so I left out the rest."
        )
    steps, was_cut = with_fewer_pictures(steps)
    if was_cut:
        notices.append(
            f"一次最多画{MAX_PICTURES_PER_TURN}张图，所以只画了{MAX_PICTURES_PER_TURN}张。"
            if is_chinese
            else (
                f"I make at most {MAX_PICTURES_PER_TURN} pictures a message, so you get "
                f"{MAX_PICTURES_PER_TURN}."
            )
        )
    return decision.model_copy(update={"steps": tuple(steps), "notices": tuple(notices)})


def with_fewer_pictures(steps: Sequence[DecisionStep]) -> tuple[list[DecisionStep], bool]:
    """Later steps give way first; a step another one builds on makes one picture of its own."""
    sources = {step.source for step in steps}
    kept: list[DecisionStep] = []
    left, was_cut = MAX_PICTURES_PER_TURN, False
    for index, step in enumerate(steps, start=1):
        if not left:
            return kept, True
        if f"step{index}" in sources:
            kept.append(step.model_copy(update={"num_pictures": min(step.num_pictures, 1)}))
            continue
        num_pictures = min(step.num_pictures, left)
        was_cut = was_cut or num_pictures < step.num_pictures
        left -= num_pictures
        kept.append(step.model_copy(update={"num_pictures": num_pictures}))
    return kept, was_cut
