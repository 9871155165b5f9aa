"""LlamaBrain: the language model that the engine reads words with decides and speaks; no server, no key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, TypeVar

from agent.brains import prompts
from agent.brains.answers import after, cannot_look
from agent.brains.brain import Context
from agent.brains.grammar import answer_schema
from agent.brains.limits import within_limits
from agent.brains.wire import BadAnswer, read_decision, storable
from agent.cancel import CancelToken
from agent.domain import Decision, Route
from agent.errors import BrainUnavailable
from agent.jobs import Jobs, Place
from engines.api import Message, OnProgress, Progress, Speaker
from engines.errors import Cancelled, EngineError

__all__ = ["LlamaBrain"]

Result = TypeVar("Result")
ANSWER_TOKENS, REPLY_TOKENS = 1_200, 400


class LlamaBrain:
    """Every answer is held to a grammar while it is written, and then checked like any other.

    An answer waits for other answers alone: the speaker speaks between two steps of a picture.
    """

    def __init__(self, load: Callable[[], Speaker], answers: Jobs) -> None:
        """`load` gives the speaker; it is called for every answer, on a thread of their line."""
        self._load = load
        self._answers = answers

    @property
    def name(self) -> str:
        return "llama"

    def close(self) -> None:
        """The engine holds the model."""

    def decide(self, context: Context) -> Decision:
        """What the user wants. Raises BrainUnavailable, or Cancelled between two tokens."""

        def ask(on_progress: OnProgress) -> str:
            speaker = self._load()
            messages = fitted(
                speaker,
                context,
                (),
                lambda shorter: spoken(prompts.DECIDE, prompts.decide_request(shorter)),
                ANSWER_TOKENS,
            )
            return speaker.answer(messages, answer_schema(context), ANSWER_TOKENS, on_progress)

        try:
            return within_limits(read_decision(self._wait(ask, context.token), context))
        except BadAnswer as error:
            raise BrainUnavailable(
                f"The engine's Llama answered in a form I cannot use ({error}): please say it in other words."
            ) from None

    def reply(self, context: Context, decision: Decision) -> Iterator[str]:
        """The answer piece by piece. Raises BrainUnavailable, or Cancelled between two tokens."""
        note = cannot_look(self.name, decision.language) if decision.route is Route.UNDERSTAND else ""
        return after(note, self._speak(context, decision))

    def write(self, orders: str, request: str, schema: Mapping[str, Any], token: CancelToken) -> str:
        """An answer in a form. Raises BrainUnavailable, or Cancelled between two tokens."""

        def ask(on_progress: OnProgress) -> str:
            return self._load().answer(spoken(orders, request), schema, REPLY_TOKENS, on_progress)

        return self._wait(ask, token)

    def _speak(self, context: Context, decision: Decision) -> Iterator[str]:
        heard: SimpleQueue[str | BaseException | None] = SimpleQueue()

        def speak(on_progress: OnProgress) -> None:
            speaker = self._load()
            messages = fitted(
                speaker,
                context,
                decision.targets,
                lambda shorter: spoken(prompts.REPLY, prompts.reply_request(shorter, decision)),
                REPLY_TOKENS,
            )
            for piece in speaker.stream(messages, REPLY_TOKENS, on_progress):
                heard.put(piece)

        def carry_out() -> None:
            try:
                self._wait(speak, context.token)
                heard.put(None)
            except BaseException as error:
                heard.put(error)

        threading.Thread(target=copy_context().run, args=(carry_out,), name="speaking", daemon=True).start()
        while (piece := heard.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield storable(piece)

    def _wait(self, work: Callable[[OnProgress], Result], token: CancelToken | None) -> Result:
        """Have the work done when it is its turn."""
        try:
            return self._answers.run(
                work, token=token or CancelToken(), on_place=no_matter, on_progress=no_matter, kind="words"
            )
        except Cancelled:
            raise
        except EngineError as error:
            raise BrainUnavailable(f"The engine's Llama cannot answer: {error}") from error


def no_matter(_: Place | Progress) -> None:
    """Nobody is shown how far a text has come: its pieces show it."""


def spoken(orders: str, request: str) -> list[Message]:
    return [Message(role="system", content=orders), Message(role="user", content=request)]


def fitted(
    speaker: Speaker,
    context: Context,
    targets: Collection[str],
    say: Callable[[Context], list[Message]],
    num_tokens: int,
) -> list[Message]:
    """The messages, with as much of the conversation as leaves room to answer. Raises BrainUnavailable."""
    for shorter in shortened(context, targets):
        messages = say(shorter)
        if speaker.count_tokens(messages) + num_tokens <= speaker.max_tokens:
            return messages
    raise BrainUnavailable("Your message is too long for the engine's Llama: please shorten it.")


def shortened(context: Context, targets: Collection[str]) -> Iterator[Context]:
    """Ever less of it: first the oldest lines go, then the oldest pictures, never those it is about now."""
    yield context
    history = context.history[-prompts.LAST_LINES :]
    while history:
        history = history[1:]
        yield context.model_copy(update={"history": history})
    kept = {context.current, *context.uploads, *targets}
    pictures = list(context.pictures)
    for oldest in [picture for picture in pictures if picture.id not in kept]:
        pictures.remove(oldest)
        yield context.model_copy(update={"history": (), "pictures": tuple(pictures)})
