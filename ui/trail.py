"""What a turn did and does, line by line: what was understood, then each step of its plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from agent.domain import Artifact, Decision, GenerateStep, Plan, Route, Step, Turn, TurnStatus
from ui.live import Story
from ui.look import Look

__all__ = ["LEAST_SECONDS", "doing", "lines", "seconds_left", "step_name", "step_words", "trail"]

LEAST_SECONDS_LEFT = 2.0
LEAST_SECONDS = 0.05
"""What took less is said to have taken no time."""
FIRST_STEPS = 2
"""Before these are done nobody can say how long the rest will take."""
SHOWN_CHARACTERS = 120
Pictures = Mapping[str, Artifact]


def lines(
    turn: Turn, decision: Decision | None, plan: Plan, known: Pictures, look: Look, story: Story | None = None
) -> str:
    """The steps as a list; with a `story` those of a running turn. A lone step says itself what was heard."""
    made = [made_by(turn, story, index) for index in range(len(plan.steps))]
    known = dict(known) | {f"step{index}": each[-1] for index, each in enumerate(made, start=1) if each}
    steps = [
        step_line(step, state_of(index, step, turn, story), made[index], known, look)
        for index, step in enumerate(plan.steps)
    ]
    heard = ""
    if decision and (len(plan.steps) > 1 or is_telling(decision.reason)):
        heard = understood(decision, known, look)
    return f'<ul class="lines">{heard}{"".join(steps)}</ul>'


def trail(turn: Turn, known: Pictures, look: Look) -> str:
    """A finished turn in one line that unfolds to all of them; nothing for one that drew nothing."""
    if turn.plan is None:
        return ""
    return (
        f'<details class="trail"><summary>{escape(summary(turn, turn.plan, known, look))}</summary>'
        f"{lines(turn, turn.decision, turn.plan, known, look)}</details>"
    )


def summary(turn: Turn, plan: Plan, known: Pictures, look: Look) -> str:
    """Drew 2 pictures in 4 s"""
    seconds = sum(each.seconds or 0 for each in turn.artifacts)
    did = deed(turn, plan, known, look)
    return look.say("in_time", did=did, time=look.time(seconds)) if seconds >= LEAST_SECONDS else did


def deed(turn: Turn, plan: Plan, known: Pictures, look: Look) -> str:
    if turn.status is not TurnStatus.DONE:
        done = sum(len(made_by(turn, None, i)) >= step.num_pictures for i, step in enumerate(plan.steps))
        return look.say("stopped_after", done=done, count=len(plan.steps))
    kinds, count = {step.kind for step in plan.steps}, len(turn.artifacts)
    if kinds == {"generate"}:
        return look.say("drew_one") if count == 1 else look.say("drew_several", count=count)
    if "generate" not in kinds:
        source = known.get(first_source(plan))
        if count != 1:
            return look.say("changed_several", count=count)
        return look.say("changed_one", handle=source.handle) if source else look.say("changed_some")
    return look.say("drew_and_changed", count=len(plan.steps))


def first_source(plan: Plan) -> str:
    return next((step.source for step in plan.steps if step.kind != "generate"), "")


def understood(decision: Decision, known: Pictures, look: Look) -> str:
    """What the message was taken to mean, which picture by, and why if the brain says so."""
    targets = [known[each].handle for each in decision.targets if each in known]
    match decision.route:
        case Route.EDIT if targets:
            words = look.say("understood_edit", handles=", ".join(targets))
        case Route.EDIT:
            words = look.say("understood_some_edit")
        case _:
            words = look.say("understood_generate")
    why = f'<span class="why">{escape(decision.reason)}</span>' if is_telling(decision.reason) else ""
    return f'<li class="did"><span class="what">{escape(words)}</span>{why}</li>'


def is_telling(reason: str) -> bool:
    """The built-in rules only count the steps, which stand below anyway."""
    return bool(reason) and not reason.endswith("step(s)")


def step_line(step: Step, state: str, made: Sequence[Artifact], known: Pictures, look: Look) -> str:
    """One step: what it is, its words, and once it is done its engine and time."""
    seconds = sum(each.seconds or 0 for each in made)
    presets = dict.fromkeys(each.recipe.preset for each in made if each.recipe)
    facts = [*presets, *([look.time(seconds)] if seconds >= LEAST_SECONDS else [])]
    words = " ".join(step_words(step).split())
    short = words if len(words) <= SHOWN_CHARACTERS else words[:SHOWN_CHARACTERS].rstrip() + "…"
    return (
        f'<li class="{state}"><span class="what">{escape(step_name(step, known, look))}</span>'
        f'<span class="wish">{escape(short)}</span>'
        f'<span class="facts">{escape(" · ".join(facts))}</span></li>'
    )


def step_name(step: Step, known: Pictures, look: Look) -> str:
    """Draw; Change #2"""
    if isinstance(step, GenerateStep):
        count = step.num_pictures
        return look.say("step_draw") if count == 1 else look.say("step_draw_several", count=count)
    source = known.get(step.source)
    return look.say("step_change", handle=source.handle) if source else look.say("step_change_new")


def step_words(step: Step) -> str:
    return step.prompt if isinstance(step, GenerateStep) else step.instruction


def made_by(turn: Turn, story: Story | None, index: int) -> list[Artifact]:
    """What step `index` has made, by the store and by what was told since."""
    told = story.artifacts if story else ()
    return [each for each in {a.id: a for a in (*turn.artifacts, *told)}.values() if each.step == index]


def state_of(index: int, step: Step, turn: Turn, story: Story | None) -> str:
    """did, doing or todo."""
    if len(made_by(turn, story, index)) >= step.num_pictures:
        return "did"
    return "doing" if story is not None and story.index == index else "todo"


def doing(story: Story, num_made: int, look: Look) -> str:
    """What the running turn is at, in words."""
    if story.of:
        is_edit = story.plan is not None and story.plan.steps[story.index].kind != "generate"
        words = look.say("changing" if is_edit else "drawing", step=story.step, of=story.of)
        seconds = seconds_left(story, num_made)
        if seconds >= LEAST_SECONDS_LEFT:
            words += " · " + look.say("time_left", time=look.time(seconds))
        return words
    if story.place:
        words = look.say("one_ahead") if story.place == 1 else look.say("more_ahead", count=story.place)
        if story.wait_seconds is not None and story.wait_seconds >= 1:
            words += " · " + look.say("about_time", time=look.time(story.wait_seconds))
        return words
    return look.say("getting_ready")


def seconds_left(story: Story, num_made: int) -> float:
    """For the rest of this picture and those after it, if steps go on as they do; 0 when nobody can say."""
    if story.step < FIRST_STEPS or story.plan is None:
        return 0.0
    num_pictures = sum(step.num_pictures for step in story.plan.steps)
    num_steps = story.of - story.step + story.of * max(0, num_pictures - num_made - 1)
    return num_steps * story.step_seconds
