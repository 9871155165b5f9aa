"""One message, once through: opens a turn, runs its graph on a thread, turns every error into a sentence."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from functools import partial
from pathlib import Path

from agent.artifacts import Artifacts
from agent.brains.brain import Brain
from agent.context import build_context
from agent.decoder.pool import Decoders
from agent.domain import Artifact, PictureOptions, Plan, Quality, Turn, TurnStatus
from agent.errors import AgentError, StorageUnavailable, TooBusy
from agent.executor import Executor
from agent.gates.gates import Gates, language_of
from agent.graph import TurnContext, build_graph, first_state
from agent.jobs import Jobs
from agent.keeping import keeping
from agent.limits import Limits, Rates
from agent.masks import painted_mask
from agent.messages import (
    Message,
    about_what_was_sent,
    clean_text,
    go_back_to,
    require_again,
    require_length,
    require_message,
    require_uploads,
    said_again,
    said_otherwise,
)
from agent.pipe import EventPipe, Listener, Watcher, ignore
from agent.pipes import Pipes
from agent.planner import reworded, waiting_plan
from agent.replies import Replies
from agent.running import BROKE, OpenTurn, Running, RunningTurns, join, wind_down
from agent.sent import kept, sent_pictures
from agent.sentences import told
from agent.sessions import Sessions
from agent.uploads import CleanPicture
from engines.api import Engine, Eyes
from engines.errors import Cancelled, EngineError

__all__ = ["Coordinator"]

log = logging.getLogger(__name__)


class Coordinator:
    """Runs turns, one at a time a session, each on its own thread: it goes on when its listener leaves."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        artifacts: Artifacts,
        decoders: Decoders,
        jobs: Jobs,
        brain: Brain,
        fallback: Brain,
        engines: Mapping[Quality, Engine],
        editors: Mapping[Quality, Engine],
        vocabulary: Mapping[str, tuple[str, ...]],
        eyes: Eyes | None = None,
        presets: Sequence[str] = (),
        default_quality: Quality = Quality.FULL,
        watch: Callable[[], Watcher] = lambda: ignore,
        rates: Rates | None = None,
        gates: Gates = Gates(),
    ) -> None:
        """`fallback` (the offline rules) decides when `brain` is unavailable; no `editors`, no edits.

        `vocabulary`: the words that the engines know by kind, none where they take any. `presets` names the
        engines, for people to read. `watch` gives a listener for each turn. `rates` count what owners do.
        """
        self.sessions = sessions
        self.artifacts = artifacts
        self.decoders = decoders
        self.brain = brain
        self.fallback = fallback
        self.rates = rates or Rates(Limits())
        self.executor = Executor(
            sessions=sessions,
            artifacts=artifacts,
            jobs=jobs,
            engines=engines,
            editors=editors,
            eyes=eyes,
            gates=gates,
            limits=self.rates.limits,
        )
        self.gates = gates
        self.vocabulary = vocabulary
        self.eyes = eyes
        self.presets = presets
        self.default_quality = default_quality
        self.pipes = Pipes()
        self.watch = watch
        self._graph = build_graph()
        self._running = RunningTurns()

    def run(
        self,
        session_id: str,
        owner: str,
        text: str,
        files: Sequence[Path | bytes] = (),
        options: PictureOptions = PictureOptions(),
        mask: bytes | None = None,
        mask_of: str | None = None,
    ) -> Listener:
        """Start a turn at once and stream its events; they end with TurnDone, TurnStopped or TurnFailed.

        `mask` is a PNG as large as the picture `mask_of`, white where the user painted: the message then
        changes that picture there and nowhere else.

        A message refused at the door (empty, too long, a bad file, a turn already running, an unknown
        session) opens no turn and stores nothing: its only event is a TurnFailed with an empty turn_id.
        """
        message = Message(text=clean_text(text), files=files, options=options, mask=mask, mask_of=mask_of)
        return self.send(session_id, owner, message)

    def send(self, session_id: str, owner: str, message: Message) -> Listener:
        """The same for a message put together elsewhere; its decision may be given."""
        open_turn = partial(self.open, session_id=session_id, message=message)
        return self._start(session_id, owner, message.text, open_turn)

    def retry(self, turn_id: str, owner: str) -> Listener:
        """Take a stopped or failed turn up where it stood: same turn_id, finished pictures kept.

        A done turn runs again as a new one, with the same words, files and options. Raises SourceNotFound.
        """
        turn = self.sessions.turn(turn_id, owner)
        if turn.status is TurnStatus.DONE:
            return self.send(turn.session_id, owner, said_again(turn, self.artifacts.read))
        return self._start(turn.session_id, owner, turn.text, partial(self._reopen, turn_id=turn_id))

    def go_back(self, picture_id: str, owner: str, language: str = "en") -> Listener:
        """A turn in which the user looks at an earlier picture again, without asking a brain.

        Raises SourceNotFound.
        """
        picture = self.sessions.artifact(picture_id, owner)
        return self.send(picture.session_id, owner, go_back_to(picture, language))

    def approve(self, turn_id: str, owner: str, prompts: Sequence[str]) -> Listener:
        """Go on with a WAITING turn, each step of its plan in these words; raises SourceNotFound.

        Words that will not do leave it waiting: the only event is then a TurnFailed with an empty turn_id.
        """
        turn = self.sessions.turn(turn_id, owner)
        open_turn = partial(self._reopen, turn_id=turn_id, prompts=prompts)
        return self._start(turn.session_id, owner, turn.text, open_turn)

    def decline(self, turn_id: str, owner: str) -> None:
        """A WAITING turn is not carried out; raises SourceNotFound."""
        turn = self.sessions.turn(turn_id, owner)
        waiting_plan(turn)
        language = turn.decision.language if turn.decision else "en"
        self.sessions.drop_plan(turn.id, Replies(language).skipped())

    def edit(
        self,
        turn_id: str,
        owner: str,
        text: str,
        files: Sequence[Path | bytes] | None = None,
        options: PictureOptions | None = None,
    ) -> Listener:
        """Say an earlier message in other words: a new turn beside it, which is then the branch shown.

        Files and options are the earlier message's unless others are given. Raises SourceNotFound.
        """
        turn = self.sessions.turn(turn_id, owner)
        message = said_otherwise(turn, self.artifacts.read, clean_text(text), files, options)
        return self.send(turn.session_id, owner, message)

    def stop(self, session_id: str, owner: str, turn_id: str | None = None) -> bool:
        """Stop the session's running turn (the device is free within one step), or only this one.

        False when it does not run.
        """
        running = self._running.of(session_id, owner)
        if running is None or turn_id not in {None, running.pipe.turn_id}:
            return False
        running.token.cancel()
        return True

    def running(self, session_id: str, owner: str) -> str | None:
        """The id of the turn that runs now."""
        running = self._running.of(session_id, owner)
        return None if running is None else running.pipe.turn_id or None

    def pipe(self, session_id: str, owner: str) -> EventPipe | None:
        """What the turn that runs now, or is about to be opened, tells."""
        running = self._running.of(session_id, owner)
        return None if running is None else running.pipe

    def delete(self, session_id: str, owner: str) -> None:
        """Stop the session's turn, delete its rows and the files only it uses; raises SessionNotFound."""
        self.sessions.get(session_id, owner)
        running = self._running.of(session_id, owner)
        if running is not None:
            running.token.cancel()
            join(running)
        with self.artifacts.lock:
            self.artifacts.remove(self.sessions.delete(session_id, owner))
            self.pipes.forget(session_id)

    def close(self, patience_seconds: float = 0.0) -> None:
        """No turn begins any more; those at work may end by themselves for a while, then they are stopped."""
        wind_down(self._running.close(), patience_seconds)
        self.executor.close()

    def _start(self, session_id: str, owner: str, text: str, open_turn: OpenTurn) -> Listener:
        """Reserve the session and run the turn on a thread of its own."""
        running = Running(owner=owner, language=language_of(text), pipe=EventPipe(self.watch()))
        refusal = self._running.enter(session_id, running)
        if refusal is not None:
            running.pipe.failed(told(refusal, running.language), TooBusy(refusal, 1))
            running.pipe.close()
            return iter(running.pipe)
        running.thread = threading.Thread(
            target=copy_context().run,
            args=(self._live, session_id, running, lambda: open_turn(running)),
            name=f"turn-{session_id[:6]}",
            daemon=True,
        )
        running.thread.start()
        return iter(running.pipe)

    def _live(self, session_id: str, running: Running, open_turn: Callable[[], TurnContext]) -> None:
        """A turn from first to last on its own thread; the one place where errors are caught.

        The last event is sent when the session is free again: who hears it may send the next message.
        """
        end = running.pipe.close
        try:
            end = self._finish(running, open_turn)
        except Cancelled:
            end = self._break_off(running, TurnStatus.STOPPED)
        except (AgentError, EngineError) as error:
            log.debug("turn %s failed: %s", running.pipe.turn_id, error)
            end = self._break_off(running, TurnStatus.FAILED, error)
        except Exception:
            log.exception("turn %s broke", running.pipe.turn_id)
            end = self._break_off(running, TurnStatus.FAILED, BROKE)
        finally:
            self._running.leave(session_id)
            end()
            running.pipe.close()

    def _finish(self, running: Running, open_turn: Callable[[], TurnContext]) -> Callable[[], None]:
        """Open the turn and run the graph to its end; returns how to tell so."""
        running.turn = open_turn()
        state = self._graph.invoke(first_state(), context=running.turn)
        if state["waits"]:
            return lambda: running.pipe.waiting(Plan.model_validate(state["plan"]), state["reply"])
        return lambda: running.pipe.done(state["reply"], tuple(state["shown"]))

    def _break_off(
        self, running: Running, status: TurnStatus, why: Exception | str = ""
    ) -> Callable[[], None]:
        """Close a turn that was stopped or failed, keeping what is finished; returns how to tell so."""
        replies, made = Replies(running.language), list[Artifact]()
        if running.turn is not None:
            replies, made = running.turn.replies, list(running.turn.artifacts.values())
        is_stopped = status is TurnStatus.STOPPED
        said = told(why, replies.language)
        reply = replies.stopped(made) if is_stopped else replies.failed(made, said)
        turn_id = running.pipe.turn_id
        try:
            if made:
                self.sessions.set_head(made[-1].session_id, made[-1].id)
            if turn_id:
                shown, last_event_id = [artifact.id for artifact in made], running.pipe.seal()
                self.sessions.close_turn(turn_id, status, reply, shown, last_event_id)
        except StorageUnavailable:
            log.exception("turn %s could not be closed; the next start marks it as stopped", turn_id)
        cause = why if isinstance(why, Exception) else None
        return lambda: running.pipe.stopped(reply) if is_stopped else running.pipe.failed(reply, cause)

    def open(self, running: Running, session_id: str, message: Message) -> TurnContext:
        """Check the message, keep its files, open the turn."""
        require_message(message, self.gates, self.rates.limits)
        session = self.sessions.get(session_id, running.owner)
        self.rates.admit(running.owner, len(message.files))
        sent = sent_pictures(message.files, self.decoders, is_painted=message.mask is not None)
        require_uploads([each.clean for each in sent], message, self.gates)
        mask = painted_mask(message, sent, self.sessions, session, running.owner, self.decoders)
        with keeping(self.artifacts, self.sessions) as put:
            running.token.raise_if_cancelled()
            for waiting in self.sessions.waiting(session_id, running.owner):
                self.decline(waiting.id, running.owner)
            pictures = kept((*sent, *mask), put)
            options = message.options.or_else(self.default_quality)
            turn = self.sessions.open_turn(
                session_id, running.owner, message.text, options, pictures, message.after
            )
            self.pipes.open(running.pipe, turn)
        current = self.sessions.get(session_id, running.owner).head
        if turn.uploads:
            self.sessions.set_head(session_id, turn.uploads[-1].id)
        context = self._context(running, turn, current, [each.clean for each in sent])
        context.given = about_what_was_sent(message.given, turn)
        return context

    def _reopen(self, running: Running, turn_id: str, prompts: Sequence[str] | None = None) -> TurnContext:
        """Once more; with `prompts` a plan that waited goes on, now in the user's words."""
        was = self.sessions.turn(turn_id, running.owner)
        plan = None if prompts is None else reworded(waiting_plan(was), prompts)
        require_length(prompts or (), self.rates.limits)
        require_again(was, running.owner, self.gates, self.rates)
        if plan is not None:
            self.sessions.record_plan(turn_id, plan)
        turn = self.sessions.reopen_turn(turn_id, running.owner)
        self.pipes.open(running.pipe, turn, is_again=True)
        context = self._context(running, turn, self.sessions.get(turn.session_id, running.owner).head, ())
        is_approved = plan is not None or was.status is not TurnStatus.WAITING
        if turn.options.asks_first and turn.plan is not None and is_approved:
            context.given, context.is_approved = turn.decision, True
        return context

    def _context(
        self, running: Running, turn: Turn, current: str | None, uploads: Sequence[CleanPicture]
    ) -> TurnContext:
        """What the nodes share."""
        *earlier, _ = self.sessions.path(turn.id, running.owner)
        return TurnContext(
            turn=turn,
            owner=running.owner,
            context=build_context(
                turn, earlier, current, self.vocabulary, read=self.artifacts.read, token=running.token
            ),
            uploads=uploads,
            brain=self.brain,
            fallback=self.fallback,
            eyes=self.eyes,
            sessions=self.sessions,
            executor=self.executor,
            token=running.token,
            pipe=running.pipe,
            artifacts={artifact.id: artifact for artifact in turn.artifacts},
        )
