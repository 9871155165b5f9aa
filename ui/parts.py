"""Parts that the flags alone decide."""

from __future__ import annotations

from agent.brains.brain import Brain
from agent.choices import Choice
from agent.errors import AgentError
from agent.gates.gates import Gates
from agent.gates.moderation import Moderation, ModerationPictures, ModerationWords
from agent.gates.rules import RuleGate
from agent.signing import Signer
from agent.signing_key import read_signing_key
from ui.flags import Settings

__all__ = ["build_brain", "build_gates", "build_signer"]


def build_gates(settings: Settings) -> Gates:
    """The rules, and behind them a model that judges, if there is one."""
    if settings.moderation_url is None:
        return Gates()
    moderation = Moderation(
        settings.moderation_url, settings.moderation_model, settings.moderation_key.get_secret_value()
    )
    return Gates(words=(RuleGate(), ModerationWords(moderation)), pictures=(ModerationPictures(moderation),))


def build_signer(settings: Settings) -> Signer | None:
    """Who signs pictures, if that is wanted. Raises AgentError for a key that will not do."""
    certificates, key = settings.c2pa_certificates, settings.c2pa_key
    if certificates is None and key is None:
        return None
    if certificates is None or key is None:
        raise AgentError("To sign pictures give both --c2pa-certificates and --c2pa-key, or neither.")
    return Signer(read_signing_key(certificates, key))


def build_brain(choice: Choice) -> Brain | None:
    """The language model, if one is wanted; without it the rules answer. Raises AgentError."""
    if choice.brain != "openai":
        return None
    if not choice.model.strip():
        raise AgentError("The language model has no name: give one with --model, for example --model qwen3.")
    from agent.brains.openai import OpenAIBrain  # its client takes a second to import

    return OpenAIBrain(choice.base_url.strip(), choice.model.strip(), choice.api_key.get_secret_value())
