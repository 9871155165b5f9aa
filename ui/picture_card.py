"""All that is known of a picture, as a card to read and to copy from. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from agent.domain import Artifact, Check
from ui.gallery import act, alt_text, image, strip
from ui.look import Look
from ui.trail import LEAST_SECONDS

__all__ = ["facts_of", "picture_card"]

HASH_CHARACTERS = 12


def picture_card(artifact: Artifact, versions: Sequence[Artifact], look: Look) -> str:
    """The picture, its facts and its versions."""
    facts = facts_of(artifact, {each.id: each for each in versions}, look)
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return (
        f'<div class="card-picture">{image(artifact, look)}</div>'
        f'<div class="card-facts"><h2>{artifact.handle}</h2><dl>{rows}</dl>'
        f"{findings(artifact.check, look) if artifact.check else ''}"
        f'<div class="card-acts">{card_acts(artifact, look)}</div>'
        f"{strip(artifact, versions, look)}</div>"
    )


def facts_of(artifact: Artifact, known: Mapping[str, Artifact], look: Look) -> Mapping[str, str]:
    """Names and values, what is not known left out."""
    recipe, facts = artifact.recipe, dict[str, str]()
    if recipe is None:
        facts[look.say("words")] = alt_text(artifact, look)
    elif recipe.operation is not None:
        facts[look.say("words")] = recipe.words
        facts[look.say("prompt")] = recipe.prompt if recipe.prompt != recipe.words else ""
    else:
        facts[look.say("words")] = recipe.words
        facts[look.say("prompt")] = recipe.prompt if recipe.prompt != recipe.words else ""
        facts[look.say("negative_prompt")] = recipe.negative_prompt
        facts[look.say("engine")] = recipe.preset
        facts[look.say("weights")] = recipe.weights_hash[:HASH_CHARACTERS]
        facts[look.say("seed")] = str(recipe.seed)
        facts[look.say("steps")] = str(recipe.num_steps)
        facts[look.say("guidance")] = f"{recipe.guidance:g}"
        facts[look.say("image_guidance")] = shown(recipe.image_guidance)
        facts[look.say("sampler")] = recipe.sampler
    facts[look.say("size")] = f"{artifact.width} × {artifact.height}"
    seconds = artifact.seconds or 0.0
    facts[look.say("made_in")] = look.time(seconds) if seconds >= LEAST_SECONDS else ""
    facts[look.say("made_from")] = ", ".join(known[each].handle for each in artifact.parents if each in known)
    facts[look.say("change")] = change_words(artifact, look)
    return {name: value for name, value in facts.items() if value}


def shown(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def change_words(artifact: Artifact, look: Look) -> str:
    """How much an edit changed, and of what was to stay."""
    change = artifact.change
    if change is None:
        return ""
    words = look.say("change_share", share=f"{change.share:.1%}")
    if change.outside is None:
        return words
    return f"{words}; {look.say('change_outside', share=f'{change.outside:.1%}')}"


def findings(check: Check, look: Look) -> str:
    """What the eyes looked for, and whether they saw it."""
    items = "".join(
        f'<li class="{"met" if each.is_met else "unmet"}"><span>{escape(each.asked)}</span>'
        f"<span>{'' if each.is_met else escape(look.say('seen_instead', seen=each.seen))}</span>"
        f'<span class="verdict">{escape(look.say("met" if each.is_met else "not_met"))}</span></li>'
        for each in check.findings
    )
    return f'<h3>{escape(look.say("check"))} {check.score:.0%}</h3><ul class="findings">{items}</ul>'


def card_acts(artifact: Artifact, look: Look) -> str:
    copy = act("copy", "", escape(look.say("copy")), "", "quiet")
    if artifact.recipe is None or artifact.recipe.operation is not None:
        return copy
    words = look.say("use_seed", handle=artifact.handle, seed=artifact.recipe.seed)
    seed = act("use_seed", artifact.id, escape(words), "", "quiet")
    return copy + act("use_settings", artifact.id, escape(look.say("use_settings_of")), "", "quiet") + seed
