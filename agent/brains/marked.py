"""A message sent with a place painted on a picture is a change of that picture, whatever its words."""

from __future__ import annotations

import re

from agent.brains.brain import Context
from agent.brains.chinese_orders import instruction
from agent.brains.chinese_words import is_chinese
from agent.brains.small_world import SmallWorld
from agent.domain import MAX_PROMPT_CHARACTERS, Decision, DecisionStep, Route

__all__ = ["as_marked_edit"]


def as_marked_edit(decision: Decision, context: Context) -> Decision:
    """The decision, made an edit of the picture painted on; a question about pictures stays one."""
    if context.mask_of is None or decision.route is Route.UNDERSTAND:
        return decision
    source = context.mask_of
    if decision.route is Route.EDIT and any(step.source in (source, None) for step in decision.steps):
        return decision
    step = DecisionStep(kind="edit", prompt=order(decision, context)[:MAX_PROMPT_CHARACTERS], source=source)
    world = SmallWorld(context.vocabulary, "zh" if decision.language.startswith("zh") else decision.language)
    refusal = world.refusal([step])
    if refusal:
        return decision.model_copy(update={"route": Route.ASK, "steps": (), "reply": refusal})
    step = step.model_copy(update={"prompt": world.in_known_words(step.prompt)})
    update = {
        "route": Route.EDIT,
        "targets": (source,),
        "steps": (step,),
        "reply": "",
        "notices": world.notices([step]),
        "reason": "painted on a picture",
    }
    return decision.model_copy(update=update)


def order(decision: Decision, context: Context) -> str:
    """What to do there: of a thing to draw, add it; else the user's own words."""
    drawn = [step.prompt for step in decision.steps if step.kind == "generate"]
    if drawn:
        return f"add {drawn[0]}"
    edits = [step.prompt for step in decision.steps]
    if edits:
        return ", and ".join(edits)
    words = re.sub(r"\s+", " ", context.message).strip(" .!?。！？")
    words = instruction(words) if is_chinese(words) else words
    is_thing = re.match(r"(?:an?|some|one|two|three) ", words, re.I)
    return f"add {words}" if is_thing else words or context.message
