"""Messages that are sent again because their answer was lost: `Idempotency-Key` finds the turn they began."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.events import TurnFailed
from agent.pipe import EventPipe
from ui.doors.bodies import BadBody, NewTurn

__all__ = ["HEADER", "Begun", "Repeats", "digest_of"]

HEADER = "idempotency-key"
KEY = re.compile("[!-~]{1,200}")
KEPT_SECONDS = 24 * 3_600.0
MOST_KEPT = 5_000


@dataclass(kw_only=True)
class Begun:
    """What a message began: the pipe while that tells, then the turn alone. `digest` is the message's."""

    digest: str
    since: float
    pipe: EventPipe | None
    turn_id: str = ""

    @property
    def is_refused(self) -> bool:
        """Nothing came of it, or nothing yet; whoever sends it again may have more luck."""
        pipe = self.pipe
        if pipe is None:
            return not self.turn_id
        return any(
            isinstance(each, TurnFailed) and (not each.turn_id or each.wait_seconds > 0)
            for each in pipe.since(0)
        )

    def end(self) -> None:
        """Its events are not kept for this."""
        if self.pipe is not None:
            self.turn_id = "" if self.is_refused else self.pipe.turn_id
            self.pipe = None


class Repeats:
    """By owner and key, in memory: a restart forgets, as it stops the turns. For the event loop alone."""

    def __init__(
        self,
        kept_seconds: float = KEPT_SECONDS,
        most_kept: int = MOST_KEPT,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kept_seconds, self._most_kept, self._now = kept_seconds, most_kept, now
        self._begun: dict[tuple[str, str], Begun] = {}

    def find(self, owner: str, key: str | None, digest: str) -> Begun | None:
        """What this message has begun already; raises BadBody for a key that is another message's or bad."""
        if key is None:
            return None
        if not KEY.fullmatch(key):
            raise BadBody("Idempotency-Key has 1 to 200 visible characters of ASCII.", 400)
        self._sweep()
        found = self._begun.get((owner, key))
        if found is None or found.is_refused:
            return None
        if found.digest != digest:
            raise BadBody("This Idempotency-Key belongs to another message. Please take a new one.", 422)
        return found

    def keep(self, owner: str, key: str | None, digest: str, pipe: EventPipe) -> None:
        if key is None:
            return
        begun = Begun(digest=digest, since=self._now(), pipe=pipe)
        self._begun.pop((owner, key), None)
        self._begun[owner, key] = begun
        pipe.when_over(begun.end)

    def _sweep(self) -> None:
        """The oldest come first."""
        latest = self._now() - self._kept_seconds
        for each in [*self._begun]:
            if self._begun[each].since > latest and len(self._begun) <= self._most_kept:
                return
            del self._begun[each]


def digest_of(chat_id: str, new: NewTurn) -> str:
    """The same for the same message to the same chat."""
    told = hashlib.sha256(f"{chat_id}\n{new.sent.model_dump_json()}".encode())
    for file in new.files:
        told.update(hashlib.sha256(file).digest())
    return told.hexdigest()
