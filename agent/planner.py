"""Decision -> Plan: sources resolved, edits of one picture joined, limits enforced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from agent.brains.brain import Context
from agent.brains.rest import keeps_rest, without_rest
from agent.domain import (
    MAX_PICTURES_PER_TURN,
    MAX_PROMPT_CHARACTERS,
    MAX_STEPS_PER_TURN,
    AdjustStep,
    Decision,
    DecisionStep,
    EditStep,
    GenerateStep,
    Plan,
    Step,
    Turn,
    TurnStatus,
)
from agent.errors import PlanRejected, SourceNotFound
from agent.sentences import Sentence

__all__ = ["finished_pictures", "plan", "reworded", "waiting_plan"]

NO_MASKS: Mapping[str, str] = {}


def plan(
    decision: Decision,
    context: Context,
    masks: Mapping[str, str] = NO_MASKS,
    most_pictures: int = MAX_PICTURES_PER_TURN,
) -> Plan:
    """The steps to carry out. Brains clip to the limits and say so; raises PlanRejected when one did not.

    `masks`: by the id of a picture, that of what was painted over it for this message. Raises
    SourceNotFound for an edit of a picture that this conversation does not have.
    """
    wishes = join_edits(decision.steps)
    if not wishes:
        raise PlanRejected(
            Sentence(
                "I did not find anything to draw or change in that. Please say it in other words.",
                "我没有看出要画什么或改什么。请换个说法。",
            )
        )
    if len(wishes) > MAX_STEPS_PER_TURN:
        raise PlanRejected(
            Sentence(
                f"That is {len(wishes)} steps; I do at most {MAX_STEPS_PER_TURN} a message. "
                "Please send it in parts.",
                f"这有 {len(wishes)} 步，一条消息我最多做 {MAX_STEPS_PER_TURN} 步。请分几次发。",
            )
        )
    num_pictures = finished_pictures(wishes)
    if num_pictures > most_pictures:
        raise PlanRejected(
            Sentence(
                f"That is {num_pictures} pictures; I make at most {most_pictures} a message. "
                "Please ask for fewer.",
                f"这有 {num_pictures} 张图片，一条消息我最多画 {most_pictures} 张。请少要一些。",
            )
        )
    steps = (to_step(wish, index, decision, context) for index, wish in enumerate(wishes))
    return Plan(steps=tuple(masked(step, masks) for step in steps))


def masked(step: Step, masks: Mapping[str, str]) -> Step:
    """An edit of a picture that was painted on changes it there only."""
    if isinstance(step, EditStep) and step.source in masks:
        return step.model_copy(update={"mask": masks[step.source]})
    return step


def waiting_plan(turn: Turn) -> Plan:
    """What a turn waits with; raises SourceNotFound for one that does not wait."""
    if turn.status is not TurnStatus.WAITING or turn.plan is None:
        raise SourceNotFound(
            Sentence(
                "This plan is not waiting any more. Please say once more what you would like.",
                "这个计划已经不再等待了。请再说一次想要什么。",
            )
        )
    return turn.plan


def reworded(plan: Plan, prompts: Sequence[str]) -> Plan:
    """The plan in the user's words, one text a step; raises PlanRejected."""
    if len(prompts) != len(plan.steps):
        raise PlanRejected(
            f"The plan has {len(plan.steps)} steps, but there are words for {len(prompts)}. "
            "Please reload the page."
        )
    return Plan(steps=tuple(in_words(step, words) for step, words in zip(plan.steps, prompts, strict=True)))


def in_words(step: Step, words: str) -> Step:
    """New words need not fit what a brain said of the old ones. Exact work is what it is, however called."""
    words = required_words(words)
    match step:
        case GenerateStep() if words != step.prompt:
            return step.model_copy(update={"prompt": words, "wish": ""})
        case EditStep() if words != step.instruction:
            return step.model_copy(update={"instruction": words, "description": ""})
        case _:
            return step


def finished_pictures(wishes: Sequence[DecisionStep]) -> int:
    """Pictures that no later wish builds on."""
    sources = {wish.source for wish in wishes}
    return sum(
        wish.num_pictures for index, wish in enumerate(wishes, start=1) if f"step{index}" not in sources
    )


def join_edits(wishes: Sequence[DecisionStep]) -> list[DecisionStep]:
    """An edit of what the edit just before it made becomes one compound edit: fewer passes drift less."""
    joined: list[DecisionStep] = []
    places: dict[str, str] = {}
    uses = Counter(wish.source for wish in wishes)
    for index, wish in enumerate(wishes, start=1):
        source = wish.source and places.get(wish.source, wish.source)
        wish = wish.model_copy(update={"source": source})
        previous = joined[-1] if joined else None
        if (
            previous is not None
            and previous.kind == wish.kind == "edit"
            and source == f"step{len(joined)}"
            and previous.num_pictures == 1
            and uses[wishes[index - 1].source] == 1
        ):
            prompt = f"{previous.prompt}, and {wish.prompt}"
            joined[-1] = previous.model_copy(update={"prompt": prompt, "num_pictures": wish.num_pictures})
        else:
            joined.append(wish)
        places[f"step{index}"] = f"step{len(joined)}"
    return joined


def to_step(wish: DecisionStep, index: int, decision: Decision, context: Context) -> Step:
    """One wish with its source found and its length checked."""
    words = required_words(wish.prompt)
    if wish.kind != "generate":
        source = find_source(wish, index, decision, context)
        if wish.operation is not None:
            return AdjustStep(instruction=words, source=source, operation=wish.operation)
        return EditStep(
            instruction=without_rest(words),
            source=source,
            num_pictures=wish.num_pictures,
            keeps_rest=keeps_rest(context.message),
            width=wish.width,
            height=wish.height,
        )
    return GenerateStep(
        prompt=words,
        num_pictures=wish.num_pictures,
        shape=decision.shape,
        width=decision.width,
        height=decision.height,
        is_variation=wish.is_variation,
    )


def required_words(words: str) -> str:
    """Neither none nor too many; raises PlanRejected."""
    words = words.strip()
    if not words:
        raise PlanRejected("One of the steps has no words. Please say what you would like to see.")
    if len(words) > MAX_PROMPT_CHARACTERS:
        raise PlanRejected(
            f"The description has {len(words):,} characters; I read up to {MAX_PROMPT_CHARACTERS:,}. "
            "Please shorten it."
        )
    return words


def find_source(wish: DecisionStep, index: int, decision: Decision, context: Context) -> str:
    """A picture of this conversation or "stepN" of an earlier step; else the target or the current."""
    source = wish.source
    if source is None:
        targets = decision.targets
        source = targets[0] if len(targets) == 1 else context.current if not targets else None
    if source is None:
        raise SourceNotFound("I do not know which picture to change. Please name it, for example #1.")
    if source.startswith("step") and source[4:].isdecimal():
        if not 1 <= int(source[4:]) <= index:
            raise PlanRejected(f"Step {index + 1} builds on a step that does not come before it.")
        return source
    if source not in {picture.id for picture in context.pictures}:
        raise SourceNotFound("There is no such picture here. Please pick one from this conversation.")
    return source
