"""Questions about pictures, answered by eyes that no language model has."""

from __future__ import annotations

import io
import logging

from PIL import Image

from agent.brains.brain import Context, PictureView
from agent.brains.references import Album
from agent.domain import Decision, Origin
from agent.errors import AgentError
from agent.seeing import Record, answer
from engines.api import Eyes
from engines.errors import EngineError

__all__ = ["told_by_eyes"]

log = logging.getLogger(__name__)


def told_by_eyes(context: Context, decision: Decision, eyes: Eyes) -> str:
    """The answer to a question about pictures, from what the eyes see; empty where they cannot look."""
    album = Album(context)
    pictures = [album.by_id[target] for target in decision.targets if target in album.by_id]
    if context.look is None:
        return ""
    try:
        return "\n".join(seen(picture, album, decision.language, eyes) for picture in pictures)
    except (AgentError, EngineError) as error:
        log.warning("the eyes cannot look: %s", error)
        return ""


def seen(picture: PictureView, album: Album, language: str, eyes: Eyes) -> str:
    """Of one picture."""
    context = album.context
    assert context.look is not None
    with Image.open(io.BytesIO(context.look(picture.id)), formats=("JPEG",)) as image:
        view = eyes.look(image.convert("RGB"), context.message)
    return answer(context.message, view, record_of(picture, album), eyes.vocabulary, language)


def record_of(picture: PictureView, album: Album) -> Record:
    """Its words and the changes since, oldest first."""
    line = album.line(picture)
    root = line[-1]
    return Record(
        name=picture.handle,
        is_upload=root.origin is Origin.UPLOADED,
        prompt=root.prompt,
        changes=tuple(each.prompt for each in reversed(line[:-1])),
    )
