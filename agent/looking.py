"""Pictures as a language model looks at them: JPEG, of bounded size, of this conversation only."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable

from PIL import Image

from agent.domain import Artifact
from agent.errors import SourceNotFound

__all__ = ["as_jpeg", "looking_at"]

LONGEST_SIDE_PX = 1024
QUALITY = 85


def looking_at(artifacts: Iterable[Artifact], read: Callable[[str], bytes]) -> Callable[[str], bytes]:
    """Gives the JPEG of one of `artifacts` by its id; `read` gives the PNG of a hash.

    Raises SourceNotFound for another id.
    """
    hashes = {artifact.id: artifact.sha256 for artifact in artifacts}

    def look(artifact_id: str) -> bytes:
        if artifact_id not in hashes:
            raise SourceNotFound("There is no such picture here. Please pick one from this conversation.")
        with Image.open(io.BytesIO(read(hashes[artifact_id]))) as image:
            return as_jpeg(image)

    return look


def as_jpeg(image: Image.Image) -> bytes:
    """With the long side at most 1024."""
    small = image.convert("RGB")
    small.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
