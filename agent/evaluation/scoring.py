"""What a brain makes of one decision point, held against the right answer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from agent.brains.brain import Brain
from agent.domain import (
    AdjustStep,
    Decision,
    EditStep,
    GenerateStep,
    PictureOptions,
    Plan,
    Route,
    Shape,
    Step,
    Value,
)
from agent.errors import AgentError, BrainUnavailable
from agent.evaluation.points import Gold, GoldStep, Point, context_of
from agent.evaluation.words import asks_for, mentions
from agent.planner import plan
from agent.sizes import wanted_size
from engines.api import Size

__all__ = ["Outcome", "Score", "answer", "score"]

DRAWS = frozenset({Route.GENERATE, Route.EDIT})
SIZES = (Size(1024, 1024), Size(1248, 832), Size(832, 1248))


class Outcome(Value):
    """What a live turn would go on with. `refusal`: why the planner made no plan of the decision."""

    decision: Decision
    plan: Plan | None = None
    refusal: str = ""
    used_fallback: bool = False


class Score(Value):
    """One point scored; None where there is nothing to score."""

    id: str
    lang: str
    tags: tuple[str, ...]
    message: str
    gold: Gold
    outcome: Outcome
    route: bool
    route_lenient: bool
    false_draw: bool | None
    missed_draw: bool | None
    asks: bool
    target: bool | None = None
    plan: bool | None = None
    prompt: bool | None = None
    count: bool | None = None
    size: bool | None = None
    whole: bool


def answer(point: Point, brain: Brain, fallback: Brain) -> Outcome:
    """The decision and the plan of a live turn: the fallback decides when the brain is unavailable."""
    context = context_of(point)
    used_fallback = False
    try:
        decision = brain.decide(context)
    except BrainUnavailable:
        decision, used_fallback = fallback.decide(context), True
    if decision.route not in DRAWS:
        return Outcome(decision=decision, used_fallback=used_fallback)
    try:
        steps = plan(decision, context)
    except AgentError as error:
        return Outcome(decision=decision, refusal=str(error), used_fallback=used_fallback)
    return Outcome(decision=decision, plan=steps, used_fallback=used_fallback)


def score(point: Point, outcome: Outcome) -> Score:
    """Each part on its own, so a wrong route need not hide a right target."""
    gold, route = point.gold, outcome.decision.route
    may_draw = bool(DRAWS & {gold.route, *gold.also_ok})
    must_draw = gold.route in DRAWS and set(gold.also_ok) <= DRAWS
    is_other_reading = route in gold.also_ok and route is not gold.route
    parts = {} if is_other_reading else scored_parts(gold, outcome)
    is_route_fine = route is gold.route or is_other_reading
    return Score(
        id=point.id,
        lang=point.lang,
        tags=point.tags,
        message=point.message,
        gold=gold,
        outcome=outcome,
        route=route is gold.route,
        route_lenient=is_route_fine,
        false_draw=None if may_draw else route in DRAWS,
        missed_draw=route not in DRAWS if must_draw else None,
        asks=route is Route.ASK,
        whole=is_route_fine and all(parts.values()),
        **parts,
    )


def scored_parts(gold: Gold, outcome: Outcome) -> dict[str, bool]:
    """What the right answer says more than its route."""
    parts = {}
    if gold.route in {Route.EDIT, Route.UNDERSTAND, Route.GO_BACK}:
        parts["target"] = acted_on(outcome) in right_targets(gold)
    if gold.route in DRAWS:
        steps = outcome.plan.steps if outcome.plan else ()
        readings = right_readings(gold.steps)
        plans = (steps, as_edits(steps))
        parts["plan"] = any(is_same_plan(*each) for each in product(readings, plans))
        parts["prompt"] = any(is_right_prompt(*each) for each in product(readings, plans))
        parts["count"] = num_finished(steps) == gold.count
        if gold.size is not None:
            parts["size"] = is_right_size(gold.size, steps)
    return parts


def acted_on(outcome: Outcome) -> frozenset[str]:
    """The pictures a turn would take up: the sources of its edits, without a plan the decision's targets."""
    if outcome.plan is None:
        return frozenset(outcome.decision.targets)
    sources = (step.source for step in outcome.plan.steps if not isinstance(step, GenerateStep))
    return frozenset(source for source in sources if not source.startswith("step"))


def right_targets(gold: Gold) -> set[frozenset[str]]:
    """The gold targets; where a step may build on any of several pictures, every choice."""
    if all(len(step.sources) <= 1 for step in gold.steps):
        return {frozenset(gold.targets)}
    choices = product(*(step.sources for step in gold.steps if step.kind == "edit"))
    return {frozenset(each for each in choice if not each.startswith("step")) for choice in choices}


def right_readings(steps: Sequence[GoldStep]) -> list[Sequence[GoldStep]]:
    """The steps as they stand, and as one where that is equally right."""
    if len(steps) < 2 or not any(step.merge_ok for step in steps):
        return [steps]
    update = {
        "n": steps[-1].n,
        "must_mention": tuple(each for step in steps for each in step.must_mention),
        "must_not_mention": tuple(each for step in steps for each in step.must_not_mention),
    }
    return [steps, [steps[0].model_copy(update=update)]]


def as_edits(steps: Sequence[Step]) -> Sequence[Step]:
    """Exact work and an edit of what it made (or the other way round) as the one edit that they may be."""
    if len(steps) != 2 or not any(isinstance(step, AdjustStep) for step in steps):
        return steps
    first, second = steps
    if isinstance(first, GenerateStep) or isinstance(second, GenerateStep) or second.source != "step1":
        return steps
    words = f"{first.instruction}, and {second.instruction}"
    return (EditStep(instruction=words, source=first.source, num_pictures=second.num_pictures),)


def is_same_plan(wanted: Sequence[GoldStep], steps: Sequence[Step]) -> bool:
    return len(wanted) == len(steps) and all(map(is_same_step, wanted, steps))


def is_same_step(wanted: GoldStep, step: Step) -> bool:
    """Exact work on a picture is an edit of it."""
    kind = "generate" if isinstance(step, GenerateStep) else "edit"
    is_same = wanted.kind == kind and wanted.n == step.num_pictures
    return is_same and (isinstance(step, GenerateStep) or step.source in wanted.sources)


def is_right_prompt(wanted: Sequence[GoldStep], steps: Sequence[Step]) -> bool:
    return len(wanted) == len(steps) and all(
        all(mentions(words_of(step), entry) for entry in each.must_mention)
        and not any(asks_for(words_of(step), entry) for entry in each.must_not_mention)
        for each, step in zip(wanted, steps, strict=True)
    )


def words_of(step: Step) -> str:
    return step.prompt if isinstance(step, GenerateStep) else step.instruction


def num_finished(steps: Sequence[Step]) -> int:
    """Pictures that no later step builds on."""
    sources = {step.source for step in steps if not isinstance(step, GenerateStep)}
    return sum(step.num_pictures for index, step in enumerate(steps, 1) if f"step{index}" not in sources)


def is_right_size(size: str, steps: Sequence[Step]) -> bool:
    """Whether all new pictures get the engine's size nearest to the one asked for, whatever the page says."""
    drawn = [step for step in steps if isinstance(step, GenerateStep)]
    wanted = engine_size(size)
    other = next(shape for shape in Shape if engine_size(shape) != wanted)
    options = PictureOptions(shape=other)
    return bool(drawn) and all(wanted_size(step, options, SIZES) == wanted for step in drawn)


def engine_size(size: str) -> Size:
    if size in set(Shape):
        step = GenerateStep(prompt="", shape=Shape(size))
    else:
        width, height = map(int, size.split("x"))
        step = GenerateStep(prompt="", width=width, height=height)
    return wanted_size(step, PictureOptions(), SIZES)
