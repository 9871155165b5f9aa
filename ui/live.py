"""Running turns as the page follows them: what each has told so far, for any number of listeners."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from agent.domain import Artifact, Decision, Plan
from agent.events import (
    ArtifactReady,
    DecisionMade,
    Event,
    PlanReady,
    ReplyDelta,
    StepProgress,
    StepQueued,
    TurnDone,
    TurnFailed,
    TurnStopped,
    TurnWaiting,
)

__all__ = ["LiveTurn", "LiveTurns", "Story", "fold"]

HANDOVER_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True)
class Story:
    """A running turn so far. `turn_id` is empty until the turn is open; `place` counts the jobs ahead of it,
    which were to take about `wait_seconds` when that was told.

    `begun` is when (on a clock of seconds) the present picture's first step began, `step_seconds` how long a
    step takes. `refusal` is why no turn was opened at all.
    """

    version: int = 0
    turn_id: str = ""
    decision: Decision | None = None
    plan: Plan | None = None
    place: int | None = None
    wait_seconds: float | None = None
    index: int = 0
    step: int = 0
    of: int = 0
    begun: float | None = None
    step_seconds: float = 0.0
    preview: bytes = b""
    artifacts: tuple[Artifact, ...] = ()
    reply: str = ""
    is_over: bool = False
    refusal: str = ""


def fold(story: Story, event: Event, now: float = 0.0) -> Story:
    """The story with one more event, heard at `now`."""
    told = replace(story, version=story.version + 1, turn_id=event.turn_id or story.turn_id)
    match event:
        case DecisionMade(decision=decision):
            return replace(told, decision=decision)
        case PlanReady(plan=plan):
            return replace(told, plan=plan)
        case StepQueued(index=index, place=place, seconds=seconds):
            queued = replace(told, index=index, place=place, wait_seconds=seconds)
            return replace(queued, step=0, of=0, begun=None, preview=b"")
        case StepProgress():
            return progressed(told, event, now)
        case ArtifactReady(artifact=artifact):
            return replace(
                told, artifacts=(*story.artifacts, artifact), step=0, of=0, place=None, preview=b""
            )
        case ReplyDelta(text=text):
            return replace(told, reply=story.reply + text)
        case TurnFailed(turn_id="", reply=reply):
            return replace(told, refusal=reply, is_over=True)
        case TurnDone() | TurnWaiting() | TurnStopped() | TurnFailed():
            return replace(told, is_over=True)


def progressed(story: Story, event: StepProgress, now: float) -> Story:
    """One step further, and how long steps take by now."""
    begun = now if story.begun is None else story.begun
    return replace(
        story,
        index=event.index,
        step=event.step,
        of=event.of,
        place=0,
        begun=begun,
        step_seconds=(now - begun) / event.step if event.step else story.step_seconds,
        preview=event.preview or story.preview,
    )


@dataclass(kw_only=True, eq=False)
class LiveTurn:
    """A turn at work and the message that began it, said `instead` of an earlier turn if that is named.

    Any thread may wait for news of it.
    """

    text: str
    instead: str = ""
    story: Story = field(default_factory=Story)
    news: threading.Condition = field(default_factory=threading.Condition)

    def tell(self, story: Story) -> None:
        with self.news:
            self.story = story
            self.news.notify_all()

    def wait(self, version: int, seconds: float) -> Story:
        """The story as soon as it is newer than `version` or over, or as it stands after `seconds`."""
        with self.news:
            self.news.wait_for(lambda: self.story.version > version or self.story.is_over, seconds)
            return self.story

    def wait_until_over(self, seconds: float) -> bool:
        with self.news:
            return self.news.wait_for(lambda: self.story.is_over, seconds)


class LiveTurns:
    """The running turns by session. A turn goes on and is kept here when its page is closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[str, LiveTurn] = {}

    def of(self, session_id: str) -> LiveTurn | None:
        """The session's running turn. The caller has checked whose session it is."""
        with self._lock:
            return self._live.get(session_id)

    def start(
        self,
        session_id: str,
        text: str,
        run: Callable[[], Iterator[Event]],
        at_end: Callable[[], None],
        instead: str = "",
    ) -> LiveTurn:
        """Listen to the turn that `run` starts; `at_end` is called when it is over.

        While another turn of the session runs, that one stays the session's live turn.
        """
        before = self.of(session_id)
        is_free = before is None or before.wait_until_over(HANDOVER_SECONDS)
        live = LiveTurn(text=text, instead=instead)
        if is_free:
            with self._lock:
                self._live[session_id] = live
        threading.Thread(
            target=self._listen, args=(session_id, live, run(), at_end), name="listener", daemon=True
        ).start()
        return live

    def _listen(
        self, session_id: str, live: LiveTurn, events: Iterator[Event], at_end: Callable[[], None]
    ) -> None:
        """To the last event. Who hears that the turn is over finds the session free for the next one."""
        story = live.story
        try:
            for event in events:
                story = fold(story, event, time.monotonic())
                if not story.is_over:
                    live.tell(story)
        finally:
            at_end()
            with self._lock:
                if self._live.get(session_id) is live:
                    del self._live[session_id]
            live.tell(replace(story, version=story.version + 1, is_over=True))
