"""Parts that the flags alone decide."""

from __future__ import annotations

import importlib

from agent.brains.brain import Brain
from agent.choices import Choice
from agent.errors import AgentError
from agent.gates.gate import Gate
from agent.gates.gates import Gates
from agent.gates.moderation import ModerationGate
from agent.gates.rules import RuleGate
from agent.signing import Signer
from agent.signing_key import read_signing_key
from ui.flags import Settings

__all__ = ["build_brain", "build_gates", "build_signer"]


def build_gates(settings: Settings) -> Gates:
    """The rules, behind them a model that judges and the house's own, if there are. Raises AgentError."""
    gates: list[Gate] = [RuleGate()]
    if settings.moderation_url is not None:
        key = settings.moderation_key.get_secret_value()
        gates.append(ModerationGate(settings.moderation_url, settings.moderation_model, key))
    gates += map(own_gate, settings.gates)
    return Gates(gates=gates)


def own_gate(place: str) -> Gate:
    """What MODULE:NAME makes when it is called. Raises AgentError."""
    module, _, name = place.partition(":")
    try:
        gate: Gate = getattr(importlib.import_module(module), name)()
    except Exception as error:
        raise AgentError(f"The gate {place} cannot be made ({type(error).__name__}: {error}).") from error
    if not (hasattr(gate, "looks") and callable(getattr(gate, "check", None))):
        raise AgentError(f"What {place} makes is no gate: it needs looks and check (agent/gates/gate.py).")
    return gate


def build_signer(settings: Settings) -> Signer | None:
    """Who signs pictures, if that is wanted. Raises AgentError for a key that will not do."""
    certificates, key = settings.c2pa_certificates, settings.c2pa_key
    if certificates is None and key is None:
        return None
    if certificates is None or key is None:
        raise AgentError("To sign pictures give both --c2pa-certificates and --c2pa-key, or neither.")
    return Signer(read_signing_key(certificates, key.get_secret_value()))


def build_brain(choice: Choice) -> Brain | None:
    """The language model, if one is wanted; without it the rules answer. Raises AgentError."""
    if choice.brain != "openai":
        return None
    if not choice.model.strip():
        raise AgentError("The language model has no name: give one with --model, for example --model qwen3.")
    from agent.brains.openai import OpenAIBrain  # its client takes a second to import

    return OpenAIBrain(choice.base_url.strip(), choice.model.strip(), choice.api_key.get_secret_value())
