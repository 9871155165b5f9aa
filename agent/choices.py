"""What the owner of this machine has chosen on the page: who reads the words, and who draws."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError

from agent.brains.brain import Brain, Context
from agent.domain import Route, Value
from agent.errors import AgentError, ChoiceRejected, StorageUnavailable
from engines.errors import EngineError

__all__ = ["FILE", "BrainName", "Choice", "Choices", "Tried", "read_choice"]

FILE = "choices.json"
BrainName = Literal["offline", "openai", "llama"]
TRIAL = "draw a red car next to a dog"
MOST_CHARACTERS = 500
log = logging.getLogger(__name__)


class Choice(Value):
    """One choice. The key is written to the file of choices and sent to its server, and to nobody else.

    `engine` is the family that draws from the next start on; empty leaves it as it is.
    """

    brain: BrainName = "offline"
    base_url: str = Field(default="http://127.0.0.1:11434/v1", max_length=MOST_CHARACTERS)
    model: str = Field(default="", max_length=MOST_CHARACTERS)
    api_key: SecretStr = Field(default=SecretStr(""), max_length=MOST_CHARACTERS)
    engine: str = Field(default="", max_length=20)

    @property
    def has_key(self) -> bool:
        return bool(self.api_key.get_secret_value())


class Tried(Value):
    """What came of asking a brain one small thing, and whether it heard a wish as a wish."""

    name: str
    seconds: float
    is_understood: bool


class Reader(Protocol):
    """Who asks a brain, and may be given another one: the coordinator."""

    brain: Brain


class Choices:
    """The choice that holds, and the way to another one."""

    def __init__(
        self,
        *,
        folder: Path,
        current: Choice,
        build: Callable[[Choice], Brain],
        brains: Sequence[BrainName],
        engines: Sequence[str],
    ) -> None:
        """`brains` and `engines` are those that can be chosen; `build` raises AgentError or EngineError."""
        self.current = current
        self.brains = brains
        self.engines = engines
        self._file = folder / FILE
        self._build = build
        self._lock = threading.Lock()

    def first(self, rules: Brain, *, is_optional: bool) -> Brain:
        """The brain to begin with. What was chosen on the page must not keep the page from opening: where it
        `is_optional` the rules stand in. Raises AgentError or EngineError."""
        try:
            return self._build(self.current)
        except (AgentError, EngineError) as error:
            if not is_optional:
                raise
            log.warning("The brain chosen on the page cannot be used, the built-in rules read: %s", error)
            self.current = self.current.model_copy(update={"brain": "offline"})
            return rules

    def with_kept_key(self, choice: Choice) -> Choice:
        """Without a key of its own a choice goes on with the one kept, at the same server only."""
        is_same = origin(choice.base_url) == origin(self.current.base_url)
        if choice.has_key or not is_same:
            return choice
        return choice.model_copy(update={"api_key": self.current.api_key})

    def take(self, choice: Choice, reader: Reader) -> None:
        """Keep the choice; its brain reads from the next turn on. Raises AgentError or EngineError."""
        choice = self.with_kept_key(self._possible(choice))
        with self._lock:
            brain = self._build(choice)
            write_choice(self._file, choice)
            reader.brain = brain  # a turn at work goes on with the one it began with
            self.current = choice

    def attempt(self, choice: Choice) -> Tried:
        """Ask the brain of a choice one small thing, without keeping it. Raises AgentError or EngineError."""
        brain = self._build(self.with_kept_key(self._possible(choice)))
        begun = time.monotonic()
        decision = brain.decide(Context(message=TRIAL))
        return Tried(
            name=brain.name,
            seconds=time.monotonic() - begun,
            is_understood=decision.route is Route.GENERATE,
        )

    def _possible(self, choice: Choice) -> Choice:
        if choice.brain not in self.brains or (choice.engine and choice.engine not in self.engines):
            raise ChoiceRejected("This cannot be chosen here. Please reload the page.")
        if "@" in choice.base_url:
            raise ChoiceRejected(
                "An address with a name or a password in it would be shown to others. Please leave them out."
            )
        return choice


def read_choice(folder: Path) -> Choice | None:
    """What was kept; None where nothing was, or nothing that can be read."""
    file = folder / FILE
    try:
        return Choice.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        # Its own words could repeat the key.
        log.warning(
            "%s cannot be read (%s), so what was chosen there is left out.", file, type(error).__name__
        )
        return None


def write_choice(file: Path, choice: Choice) -> None:
    """For the owner's eyes alone. Raises StorageUnavailable."""
    kept: dict[str, Any] = {**choice.model_dump(), "api_key": choice.api_key.get_secret_value()}
    part = file.with_suffix(".part")
    try:
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            json.dump(kept, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        raise StorageUnavailable(f"{file} cannot be written ({error.strerror}): make it writable.") from error


def origin(base_url: str) -> tuple[str, str | None, int | None] | None:
    """Scheme, host and port; None for what is no address."""
    try:
        address = urlsplit(base_url)
        return (address.scheme, address.hostname, address.port)
    except ValueError:
        return None
