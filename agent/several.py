"""More pictures than one turn makes: several turns of one chat, told as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from agent.domain import Artifact
from agent.events import ArtifactReady, Event, TurnDone, TurnFailed, TurnStopped
from agent.messages import Message

__all__ = ["Follow", "followed", "shares", "told_as_one"]

Follow = Callable[[Artifact], Iterator[Event]]
"""Begins another turn; it is given the first picture that was made."""


def shares(num_pictures: int, most: int) -> tuple[int, ...]:
    """How many each turn makes: 4, 4, 2 of ten."""
    return tuple(min(most, num_pictures - begun) for begun in range(0, num_pictures, most))


def followed(said: Message, more: Sequence[int], send: Callable[[Message], Iterator[Event]]) -> list[Follow]:
    """The turns after the first, each for so many pictures `more`."""
    begun = said.given.steps[0].num_pictures if said.given and said.given.steps else 0
    follows = list[Follow]()
    for num_pictures in more:
        again = partial(once_more, said, num_pictures, begun)
        follows.append(partial(lambda again, made: send(again(made)), again))
        begun += num_pictures
    return follows


def once_more(said: Message, num_pictures: int, num_before: int, made: Artifact) -> Message:
    """The same wish for more pictures beside `made`, their seeds after those of the `num_before` first.

    What was sent and painted on lies in the chat by then: it is not sent again.
    """
    assert said.given is not None
    (wish,) = said.given.steps
    update = {
        "steps": (wish.model_copy(update={"num_pictures": num_pictures}),),
        "targets": made.parents,
        "notices": (),
    }
    seed = said.options.seed
    return replace(
        said,
        given=said.given.model_copy(update=update),
        files=(),
        mask_of=made.parents[0] if said.mask is not None else None,
        options=said.options.model_copy(update={"seed": None if seed is None else seed + num_before}),
    )


def told_as_one(
    first: Iterator[Event], more: Sequence[Follow], is_stopped: Callable[[], bool]
) -> Iterator[Event]:
    """Only the last end is told, with all replies. Nothing follows a turn that failed or was stopped."""
    follows, replies, shown = iter(more), list[str](), list[str]()
    events: Iterator[Event] = first
    made: Artifact | None = None
    while True:
        done: TurnDone | None = None
        for event in events:
            match event:
                case TurnDone():
                    done = event
                    continue
                case ArtifactReady(artifact=artifact):
                    made = made or artifact
            yield event
            if isinstance(event, TurnFailed | TurnStopped):
                return
        if done is None:
            return
        replies.append(done.reply)
        shown += done.shown
        follow = None if is_stopped() else next(follows, None)
        if follow is None or made is None:
            yield done.model_copy(update={"reply": " ".join(replies), "shown": tuple(shown)})
            return
        events = follow(made)
