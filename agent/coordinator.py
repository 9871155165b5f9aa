"""One message, once through: the LangGraph graph of a turn, and the one place where errors become sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from agent.artifacts import Artifacts
from agent.brains.brain import Brain
from agent.domain import PictureOptions, Quality
from agent.events import Event
from agent.jobs import Jobs
from agent.sessions import Sessions
from engines.api import Engine

__all__ = ["Coordinator"]


class Coordinator:
    """Runs turns. Each turn has its own thread, so it goes on when its listener leaves."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        artifacts: Artifacts,
        jobs: Jobs,
        brain: Brain,
        fallback: Brain,
        engines: Mapping[Quality, Engine],
        editors: Mapping[Quality, Engine],
    ) -> None:
        """`fallback` (the offline rules) decides when `brain` is unavailable. `editors` may be empty: then nothing can be edited."""
        raise NotImplementedError

    def run(
        self,
        session_id: str,
        owner: str,
        text: str,
        files: Sequence[Path | bytes] = (),
        options: PictureOptions = PictureOptions(),
    ) -> Iterator[Event]:
        """Open a turn at once and stream its events; they end with TurnDone, TurnStopped or TurnFailed.

        A message refused at the door (empty, too long, a bad file, a turn already running, an unknown session) opens no
        turn and stores nothing: its only event is a TurnFailed with an empty turn_id.
        """
        raise NotImplementedError

    def retry(self, turn_id: str, owner: str) -> Iterator[Event]:
        """Take a stopped or failed turn up where it stood (same turn_id, finished pictures kept); a done one runs again as a new turn."""
        raise NotImplementedError

    def stop(self, session_id: str, owner: str) -> bool:
        """Stop the session's running turn; False when none runs. The device is free within one denoising step."""
        raise NotImplementedError

    def running(self, session_id: str, owner: str) -> str | None:
        """The id of the turn that runs now."""
        raise NotImplementedError

    def delete(self, session_id: str, owner: str) -> None:
        """Stop the session's turn and delete its rows and the picture files nobody else uses."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop every turn and wait for them."""
        raise NotImplementedError
