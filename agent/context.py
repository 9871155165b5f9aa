"""What a brain may know of a conversation, from the turns in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.brains.brain import Context, PictureView, Utterance
from agent.domain import Artifact, Turn

__all__ = ["build_context"]


def build_context(
    turn: Turn, earlier: Sequence[Turn], current: str | None, vocabulary: Mapping[str, tuple[str, ...]]
) -> Context:
    """The context of `turn` after the `earlier` ones; `current` is the picture looked at when it was sent.

    Who paints on a picture looks at that one.
    """
    mask_of = turn.masks[0].parents[0] if turn.masks else None
    pictures: list[PictureView] = []
    history: list[Utterance] = []
    for index, past in enumerate(earlier, start=1):
        pictures += [view(artifact, index) for artifact in (*past.uploads, *past.artifacts)]
        uploads = tuple(artifact.id for artifact in past.uploads)
        history.append(Utterance(role="user", text=past.text, pictures=uploads))
        history.append(Utterance(role="assistant", text=past.reply, pictures=past.shown))
    pictures += [view(artifact, len(earlier) + 1) for artifact in turn.uploads]
    return Context(
        message=turn.text,
        uploads=tuple(artifact.id for artifact in turn.uploads),
        pictures=tuple(pictures),
        history=tuple(history),
        current=mask_of or current,
        mask_of=mask_of,
        vocabulary=dict(vocabulary),
    )


def view(artifact: Artifact, turn_index: int) -> PictureView:
    return PictureView(
        id=artifact.id,
        number=artifact.number,
        letter=artifact.letter,
        origin=artifact.origin,
        turn=turn_index,
        parent=artifact.parents[0] if artifact.parents else None,
        prompt=artifact.caption,
        candidate=artifact.candidate,
    )
