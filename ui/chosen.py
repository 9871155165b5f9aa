"""What was chosen on the page decides where neither the command line nor the environment does."""

from __future__ import annotations

from collections.abc import Collection

from agent.choices import Choice, read_choice
from ui.flags import Settings

__all__ = ["as_chosen", "choice_of"]

BRAIN_SETTINGS = {"brain", "base_url", "model", "api_key"}
"""They belong together: a key is for the server that it was given with."""


def as_chosen(settings: Settings, engines: Collection[str]) -> Settings:
    """With the choice that was kept, if there is one; of `engines`, those that could draw."""
    kept = read_choice(settings.data_folder)
    if kept is None:
        return settings
    said, taken = settings.model_fields_set, dict[str, object]()
    if not said & BRAIN_SETTINGS:
        taken = {name: getattr(kept, name) for name in BRAIN_SETTINGS}
    if "engine" not in said and kept.engine in engines:
        taken["engine"] = kept.engine
    return Settings.model_construct(said, **{**dict(settings), **taken})


def choice_of(settings: Settings) -> Choice:
    return Choice(**{name: getattr(settings, name) for name in BRAIN_SETTINGS}, engine=settings.engine)
