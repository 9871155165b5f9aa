"""What an earlier run has left half done, put in order before any turn runs."""

from __future__ import annotations

from agent.artifacts import Artifacts
from agent.backup import forget_left_behind
from agent.people.belongings import drop_departed
from agent.sessions import Sessions

__all__ = ["tidy"]


def tidy(sessions: Sessions, artifacts: Artifacts) -> None:
    """Rows first, then the files that no row names. Raises StorageUnavailable."""
    sessions.mark_interrupted()
    sessions.drop_temporary()
    drop_departed(sessions)
    artifacts.sweep(sessions.hashes())
    forget_left_behind(artifacts)
