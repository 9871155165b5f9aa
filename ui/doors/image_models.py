"""The names under which programs ask for our engines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.domain import Quality
from ui.doors.openai_errors import ApiError, bad_request

__all__ = ["DEFAULT_MODEL", "model_names", "quality_of_model"]

DEFAULT_MODEL = "reverie"
"""Whatever engine there is, at the quality that is asked for."""
ELSEWHERE = re.compile(r"(?:gpt-image|chatgpt-image|dall-e)-[\w.-]+")
"""What programs ask for that were never told another name. It means our default."""
EDITOR = re.compile(r"e1(?:\.\d)?|.+-edit")


def model_names(presets: Sequence[str]) -> Sequence[str]:
    return tuple(dict.fromkeys((DEFAULT_MODEL, *presets)))


def quality_of_model(model: str | None, presets: Sequence[str], *, draws: bool) -> Quality | None:
    """What the name says of the quality, if anything. Raises ApiError for a name that nobody has here."""
    if model is None or model == DEFAULT_MODEL or ELSEWHERE.fullmatch(model):
        return None
    if model not in presets:
        raise ApiError(
            404,
            f"There is no model {model[:80]!r} here. There are: {', '.join(model_names(presets))}.",
            code="model_not_found",
            param="model",
        )
    if draws and EDITOR.fullmatch(model):
        raise bad_request(f"{model} changes pictures and draws none: use {DEFAULT_MODEL}.", "model")
    name = model.rpartition("-")[2]
    return Quality(name) if name in {each.value for each in Quality} else None
