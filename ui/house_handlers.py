"""What an admin does with the settings of the house."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.events import Dependency
from pydantic import ValidationError

from agent.choices import Choice, Choices
from agent.coordinator import Coordinator
from agent.errors import AgentError
from agent.people.users import Users
from engines.errors import EngineError
from ui.admin import require_admin
from ui.handlers import language_in
from ui.house import House
from ui.listen import listen
from ui.words import say

__all__ = ["HouseHandlers", "wire_house"]


@dataclass(frozen=True, kw_only=True)
class HouseHandlers:
    """What an admin does here. Kept keys never come back to a browser."""

    choices: Choices
    coordinator: Coordinator

    @property
    def users(self) -> Users:
        return Users(self.coordinator.sessions)

    def show(self, request: gr.Request) -> tuple[Any, ...]:
        """The choice that holds."""
        require_admin(request, self.users)
        current, language = self.choices.current, language_in(request)
        hint = say("key_kept" if current.has_key else "key_if_any", language)
        return (
            current.brain,
            current.base_url,
            current.model,
            gr.Textbox(value="", placeholder=hint),
            current.engine or None,
            server_fields(current.brain),
            "",
        )

    def test(
        self, brain: str, base_url: str, model: str, api_key: str, engine: str | None, request: gr.Request
    ) -> str:
        """Asks the brain one small thing, and tells what happened."""
        require_admin(request, self.users)
        language = language_in(request)
        try:
            tried = self.choices.attempt(chosen(brain, base_url, model, api_key, engine, language))
        except (AgentError, EngineError) as error:
            return told(str(error), is_good=False)
        key = "brain_works" if tried.is_understood else "brain_misheard"
        name = say("built_in_rules", language) if brain == "offline" else tried.name
        return told(
            say(key, language, name=name, seconds=f"{tried.seconds:.1f}"), is_good=tried.is_understood
        )

    def use(
        self, brain: str, base_url: str, model: str, api_key: str, engine: str | None, request: gr.Request
    ) -> tuple[Any, str]:
        """Keeps the choice. The key that was typed is gone from the page."""
        require_admin(request, self.users)
        language, before = language_in(request), self.choices.current.engine
        try:
            self.choices.take(chosen(brain, base_url, model, api_key, engine, language), self.coordinator)
        except (AgentError, EngineError) as error:
            return gr.skip(), told(str(error), is_good=False)
        words = say("choice_kept", language)
        if self.choices.current.engine != before:
            words = f"{words} {say('engine_at_start', language)}"
        hint = say("key_kept" if self.choices.current.has_key else "key_if_any", language)
        return gr.Textbox(value="", placeholder=hint), told(words, is_good=True)


def chosen(brain: str, base_url: str, model: str, api_key: str, engine: str | None, language: str) -> Choice:
    """The fields as a choice; raises gr.Error with a sentence that does not repeat them."""
    try:
        return Choice(
            brain=brain,
            base_url=(base_url or "").strip(),
            model=(model or "").strip(),
            api_key=(api_key or "").strip(),
            engine=engine or "",
        )
    except ValidationError:
        raise gr.Error(say("old_page", language)) from None


def server_fields(brain: str) -> Any:
    """They are asked for only where there is a server."""
    return gr.Column(visible=brain == "openai")


def told(sentence: str, *, is_good: bool) -> str:
    return f'<p class="{"good" if is_good else "bad"}" role="status">{escape(sentence)}</p>'


def wire_house(house: House, handlers: HouseHandlers) -> Dependency:
    """Returns the gesture after which another brain may read."""
    listen(house.fold.expand, handlers.show, [], [*house.fields, house.server, house.told])
    listen(
        house.brain.input, lambda brain: gr.Column(visible=brain == "openai"), [house.brain], [house.server]
    )
    asking = house.test.click(None, [], [house.told], js="() => `<p>${window.reverie.say('testing')}</p>`")
    listen(asking.then, handlers.test, house.fields, [house.told])
    return listen(house.use.click, handlers.use, house.fields, [house.api_key, house.told])
