"""Sessions, turns and artifact rows: the one truth about every conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.domain import Artifact, Decision, Origin, PictureOptions, Plan, Recipe, Session, Turn, TurnStatus

__all__ = ["NewPicture", "Sessions"]


@dataclass(frozen=True, kw_only=True)
class NewPicture:
    """A picture whose file is on disk and that is about to get its row."""

    sha256: str
    width: int
    height: int
    origin: Origin
    parents: tuple[str, ...] = ()
    recipe: Recipe | None = None
    caption: str = ""
    step: int | None = None
    candidate: int = 1


class Sessions:
    """The store. Every read takes the owner; ids are 128 random bits in hex."""

    def __init__(self, url: str) -> None:
        """Open (SQLite: create when absent) and migrate; raises StorageUnavailable."""
        raise NotImplementedError

    def create(self, owner: str, title: str = "New chat") -> Session:
        raise NotImplementedError

    def list(self, owner: str) -> list[Session]:
        """All sessions of an owner, the latest used first."""
        raise NotImplementedError

    def get(self, session_id: str, owner: str) -> Session:
        """Raises SessionNotFound."""
        raise NotImplementedError

    def rename(self, session_id: str, owner: str, title: str) -> Session:
        """Raises SessionNotFound."""
        raise NotImplementedError

    def delete(self, session_id: str, owner: str) -> list[str]:
        """Delete a session's rows; return the SHA-256s that no row names any more. Coordinator.delete removes the files too."""
        raise NotImplementedError

    def open_turn(
        self, session_id: str, owner: str, text: str, options: PictureOptions, uploads: Sequence[NewPicture] = ()
    ) -> Turn:
        """A new RUNNING turn with its uploads as artifacts; the first one names the session."""
        raise NotImplementedError

    def reopen_turn(self, turn_id: str, owner: str) -> Turn:
        """A stopped or failed turn, RUNNING again."""
        raise NotImplementedError

    def record_decision(self, turn_id: str, decision: Decision) -> None:
        raise NotImplementedError

    def record_plan(self, turn_id: str, plan: Plan) -> None:
        raise NotImplementedError

    def add_artifact(self, turn_id: str, picture: NewPicture) -> Artifact:
        """The picture's row, with the session's next number."""
        raise NotImplementedError

    def close_turn(self, turn_id: str, status: TurnStatus, reply: str, shown: Sequence[str] = ()) -> None:
        raise NotImplementedError

    def set_head(self, session_id: str, artifact_id: str) -> None:
        """What the user looks at now."""
        raise NotImplementedError

    def turns(self, session_id: str, owner: str) -> list[Turn]:  # type: ignore[valid-type]
        """In order, with their uploads and artifacts; raises SessionNotFound."""
        raise NotImplementedError

    def turn(self, turn_id: str, owner: str) -> Turn:
        """Raises SourceNotFound."""
        raise NotImplementedError

    def artifact(self, artifact_id: str, owner: str) -> Artifact:
        """Raises SourceNotFound."""
        raise NotImplementedError

    def hashes(self) -> set[str]:
        """Every SHA-256 that a row names: what Artifacts.sweep keeps."""
        raise NotImplementedError

    def mark_interrupted(self) -> int:
        """At start-up: turns still RUNNING were cut off; they become STOPPED and say so. Returns how many."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
