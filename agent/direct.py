"""Pictures for programs: turns without a brain, whose decision is given.

They run in chats of the owner that are named after the program ("Open WebUI, 29 Nov"), so their pictures have
recipe, marks, library and history like any other. A chat runs one turn at a time: calls of one program at the
same time each take a chat of their own, and wait in the device's line alone.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import sqlalchemy as sa

from agent.brains.small_world import SmallWorld
from agent.brought import brought, look_at
from agent.coordinator import Coordinator
from agent.domain import (
    MAX_PROMPT_CHARACTERS,
    Artifact,
    Decision,
    DecisionStep,
    Origin,
    PictureOptions,
    Route,
)
from agent.errors import PlanRejected, SourceNotFound, TooBusy
from agent.events import Event
from agent.given import language_of, message, noticed, readable
from agent.masks import painted_where_clear
from agent.messages import Message, clean_text
from agent.sessions import Sessions
from agent.several import followed, shares, told_as_one
from agent.tables import SessionRow
from engines.api import Size

__all__ = ["Direct", "DirectTurn"]

MOST_TURNS = 100
"""Of a chat; then a new one is begun."""
MOST_AT_ONCE = 8
"""Calls of one owner that run or wait."""
FIRST_GUESS_SECONDS = 5.0
PLAIN = PictureOptions(rewrites=False)


@dataclass(kw_only=True, eq=False)
class DirectTurn:
    """A turn at work in the chat `session_id`. Read its events to their end: only then its place is free."""

    session_id: str
    events: Iterator[Event] = field(default_factory=lambda: iter(()))
    is_over: bool = False
    is_stopped: bool = False


class Direct:
    """Begins turns for programs and says when there are too many."""

    def __init__(
        self, sessions: Sessions, coordinator: Coordinator, most_at_once: int = MOST_AT_ONCE
    ) -> None:
        self._sessions = sessions
        self._coordinator = coordinator
        self._device = coordinator.executor.jobs
        self._most_at_once = most_at_once
        self._lock = threading.Lock()
        self._calls = Counter[str]()
        self._busy: set[str] = set()
        self._seconds = FIRST_GUESS_SECONDS

    def generate(
        self,
        owner: str,
        program: str,
        prompt: str,
        *,
        num_pictures: int = 1,
        size: Size | None = None,
        options: PictureOptions = PLAIN,
        notices: Sequence[str] = (),
    ) -> DirectTurn:
        """New pictures; the reply ends with `notices`, and says so where `prompt` is longer than is read.

        Raises PlanRejected for what the engines do not know, TooBusy.
        """
        self._device.require_room(owner)
        limits = self._coordinator.rates.limits
        words = readable(prompt, limits.message_characters)
        first, *more = shares(num_pictures, limits.pictures_a_message)
        wish = DecisionStep(kind="generate", prompt=words.text, num_pictures=first)
        given = noticed(self._known(Decision(route=Route.GENERATE, steps=(wish,))), *notices, words.notice)
        if size is not None:
            given = given.model_copy(update={"width": size.width, "height": size.height})
        said = message(words.text, given, options)
        return self._begin(owner, program, said, more)

    def edit(
        self,
        owner: str,
        program: str,
        instruction: str,
        pictures: Sequence[bytes],
        *,
        mask: bytes | None = None,
        num_pictures: int = 1,
        size: Size | None = None,
        options: PictureOptions = PLAIN,
        notices: Sequence[str] = (),
    ) -> DirectTurn:
        """A change of the first of some pictures from outside; what the others are good for: agent/brought.

        With a `mask`, a PNG, only where that is fully transparent, and at the picture's own size; else it is
        brought to `size`. `notices` as for new pictures. Raises UploadRejected, PlanRejected, TooBusy.
        """
        self._device.require_room(owner)
        limits, decoders = self._coordinator.rates.limits, self._coordinator.decoders
        words = readable(instruction, limits.message_characters)
        first, *more = shares(num_pictures, limits.pictures_a_message)
        wish = brought(
            words.text,
            len(pictures),
            lambda index, thing: look_at(pictures[index], thing, self._coordinator.eyes, decoders),
            has_mask=mask is not None,
        )
        given = noticed(self._change(wish.instruction, first, size), *notices, words.notice, wish.notice)
        painted = None if mask is None else painted_where_clear(mask, decoders)
        files = [pictures[wish.target], *pictures[: wish.target], *pictures[wish.target + 1 :]]
        said = message(words.text, given, options, files, painted)
        said = replace(said, most_files=limits.files_a_call)
        return self._begin(owner, program, said, more)

    def change(
        self,
        owner: str,
        picture_id: str,
        instruction: str,
        *,
        num_pictures: int = 1,
        options: PictureOptions = PLAIN,
    ) -> DirectTurn:
        """A change of a picture that the owner has, in the chat that it lies in.

        Raises SourceNotFound, PlanRejected, TooBusy.
        """
        self._device.require_room(owner)
        given = self._change(instruction, num_pictures).model_copy(update={"targets": (picture_id,)})
        return self._about(owner, picture_id, message(instruction, given, options))

    def describe(self, owner: str, picture_id: str, question: str) -> DirectTurn:
        """What the owner's picture shows, from whoever has eyes here. Raises SourceNotFound, TooBusy."""
        given = Decision(route=Route.UNDERSTAND, targets=(picture_id,), language=language_of(question))
        return self._about(owner, picture_id, message(question, given, PLAIN))

    def say(self, owner: str, program: str, text: str, session_id: str | None = None) -> DirectTurn:
        """A message that the brain reads, in the owner's chat `session_id` or the program's.

        Raises SessionNotFound, TooBusy.
        """
        said = message(text, None, PictureOptions())
        if session_id is None:
            return self._begin(owner, program, said)
        self._sessions.get(session_id, owner)
        return self._start(owner, session_id, said)

    def stop(self, turn: DirectTurn, owner: str) -> None:
        """Nobody waits for it any more; what is finished is kept."""
        with self._lock:
            turn.is_stopped = True
            if not turn.is_over:
                self._coordinator.stop(turn.session_id, owner)

    def _change(self, instruction: str, num_pictures: int, size: Size | None = None) -> Decision:
        wish = DecisionStep(
            kind="edit",
            prompt=clean_text(instruction)[:MAX_PROMPT_CHARACTERS],
            num_pictures=num_pictures,
            width=size and size.width,
            height=size and size.height,
        )
        return self._known(Decision(route=Route.EDIT, steps=(wish,)))

    def _known(self, given: Decision) -> Decision:
        """In the engines' own words, if those are few. Raises PlanRejected."""
        language = language_of(given.steps[0].prompt)
        world = SmallWorld(self._coordinator.vocabulary, language)
        refusal = world.refusal(given.steps)
        if refusal:
            raise PlanRejected(refusal)
        steps = tuple(
            step.model_copy(update={"prompt": world.in_known_words(step.prompt)}) for step in given.steps
        )
        update = {"steps": steps, "language": language, "notices": world.notices(given.steps)}
        return given.model_copy(update=update)

    def _about(self, owner: str, picture_id: str, said: Message) -> DirectTurn:
        """In the picture's own chat; one that lies on another branch is followed there."""
        picture = self._sessions.artifact(picture_id, owner)
        if picture.origin is Origin.MASK:
            raise SourceNotFound("This is a mask and no picture. Please pick a picture.")
        if not self._is_shown(picture, owner):
            said = replace(said, after=picture.turn_id)
        return self._start(owner, picture.session_id, said)

    def _is_shown(self, picture: Artifact, owner: str) -> bool:
        return picture.turn_id in {turn.id for turn in self._sessions.turns(picture.session_id, owner)}

    def _begin(self, owner: str, program: str, said: Message, more: Sequence[int] = ()) -> DirectTurn:
        """In a chat of the program; `more`: how many pictures each of the turns makes that follow."""
        self._enter(owner)
        try:
            with self._lock:
                session_id = self._chat(owner, program)
                self._busy.add(session_id)
        except BaseException:
            self._leave(owner)
            raise
        return self._run(owner, session_id, said, more)

    def _start(self, owner: str, session_id: str, said: Message) -> DirectTurn:
        """In a chat that is known."""
        self._enter(owner)
        with self._lock:
            is_free = session_id not in self._busy and not self._is_running(session_id, owner)
            if is_free:
                self._busy.add(session_id)
        if not is_free:
            self._leave(owner)
            raise TooBusy("This chat is still at work. Please try again shortly.", self._wait_seconds)
        return self._run(owner, session_id, said)

    def _run(self, owner: str, session_id: str, said: Message, more: Sequence[int] = ()) -> DirectTurn:
        turn = DirectTurn(session_id=session_id)
        send = partial(self._coordinator.send, session_id, owner)
        events = told_as_one(send(said), followed(said, more, send), lambda: turn.is_stopped)
        turn.events = self._until_over(turn, owner, events)
        return turn

    def _until_over(self, turn: DirectTurn, owner: str, events: Iterator[Event]) -> Iterator[Event]:
        begun = time.monotonic()
        try:
            yield from events
        finally:
            with self._lock:
                turn.is_over = True
                self._busy.discard(turn.session_id)
                self._seconds += (time.monotonic() - begun - self._seconds) / 4
            self._leave(owner)

    def _chat(self, owner: str, program: str) -> str:
        """The program's chat of today that is free and not full, or a new one."""
        today = datetime.now(UTC)
        title = f"{program}, {today.day} {today:%b}"
        query = sa.select(SessionRow.id, SessionRow.num_turns).where(
            SessionRow.owner == owner,
            sa.or_(SessionRow.title == title, SessionRow.title.startswith(f"{title} (", autoescape=True)),
        )
        with self._sessions.transaction() as rows:
            chats = rows.execute(query.order_by(SessionRow.created)).all()
        for session_id, num_turns in chats:
            is_free = session_id not in self._busy and not self._is_running(session_id, owner)
            if is_free and num_turns < MOST_TURNS:
                return str(session_id)
        numbered = f"{title} ({len(chats) + 1})" if chats else title
        return self._sessions.create(owner, numbered).id

    def _is_running(self, session_id: str, owner: str) -> bool:
        return self._coordinator.running(session_id, owner) is not None

    def _enter(self, owner: str) -> None:
        with self._lock:
            if self._calls[owner] >= self._most_at_once:
                raise TooBusy(
                    f"{self._calls[owner]} calls of yours are at work, and more are not taken at a time. "
                    f"Please try again in {self._wait_seconds} seconds.",
                    self._wait_seconds,
                )
            self._calls[owner] += 1

    def _leave(self, owner: str) -> None:
        with self._lock:
            self._calls[owner] -= 1
            if not self._calls[owner]:
                del self._calls[owner]

    @property
    def _wait_seconds(self) -> int:
        """About as long as a call took of late."""
        return max(1, math.ceil(self._seconds))
