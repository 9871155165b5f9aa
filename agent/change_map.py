"""The map of what an edit changed, drawn when somebody asks to see it."""

from __future__ import annotations

import io

from PIL import Image

from agent.adjust import flat
from agent.artifacts import Artifacts
from agent.changes import overlay
from agent.domain import Artifact, Origin
from agent.encoding import with_mark
from agent.errors import SourceNotFound
from agent.sessions import Sessions

__all__ = ["change_map"]


def change_map(sessions: Sessions, artifacts: Artifacts, artifact_id: str, owner: str) -> bytes:
    """PNG: the picture in pale grey, what differs from its parent in red.

    Raises SourceNotFound for a picture that is not the owner's, that is no edit, or whose pixels were moved.
    """
    artifact = sessions.artifact(artifact_id, owner)
    if artifact.origin is not Origin.EDITED or (artifact.recipe and artifact.recipe.operation):
        raise SourceNotFound(
            f"{artifact.handle} is no edit of another picture, so there is nothing to compare."
        )
    parent = sessions.artifact(artifact.parents[0], owner)
    drawn = overlay(read_flat(artifacts, parent), read_flat(artifacts, artifact))
    source_type = artifact.recipe.source_type if artifact.recipe else None
    return drawn if source_type is None else with_mark(drawn, source_type)


def read_flat(artifacts: Artifacts, artifact: Artifact) -> Image.Image:
    with Image.open(io.BytesIO(artifacts.read(artifact.sha256)), formats=("PNG",)) as file:
        return flat(file)
