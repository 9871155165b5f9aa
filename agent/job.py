"""One engine call: its place in line, and its life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from agent.cancel import CancelToken

__all__ = ["Job", "JobStatus", "Place"]


class JobStatus(StrEnum):
    """Life of a job: it waits, runs and ends in one of three ways, or is cancelled while it waits."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Place:
    """In line: how many jobs are served before, and in about how many seconds it begins, if that is known."""

    ahead: int
    seconds: float | None = None


@dataclass(kw_only=True, eq=False)
class Job:
    """One engine call. `given_up` tells the engine at its next step that nobody waits for it any more.

    On a clock of seconds its first step began at `begun`, and `sign_seconds` is when the device last gave a
    sign of life; `share` is how much of its steps is done.
    """

    token: CancelToken
    kind: str = ""
    status: JobStatus = JobStatus.WAITING
    error: str = ""
    queued: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    ended: datetime | None = None
    begun: float = 0.0
    sign_seconds: float = 0.0
    share: float = 0.0
    given_up: CancelToken = field(default_factory=CancelToken)
    perform: Callable[[], None] = field(default=lambda: None, repr=False)

    @property
    def owner(self) -> str:
        return self.token.owner
