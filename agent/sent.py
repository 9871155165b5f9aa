"""Pictures that came with a message, made clean and not yet in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.decoder.pool import Decoders
from agent.domain import Origin
from agent.rows import NewPicture, new_id
from agent.uploads import CleanPicture, clean_upload

__all__ = ["SentPicture", "ToKeep", "kept", "sent_pictures"]


@dataclass(frozen=True, kw_only=True)
class SentPicture:
    """The `candidate`th (from 1) picture of a message, with the id that it will have."""

    id: str
    candidate: int
    clean: CleanPicture

    @property
    def width(self) -> int:
        return self.clean.width

    @property
    def height(self) -> int:
        return self.clean.height

    @property
    def png(self) -> bytes:
        return self.clean.png

    @property
    def handle(self) -> str:
        return "the picture"

    def as_new_picture(self, sha256: str) -> NewPicture:
        return NewPicture(
            id=self.id,
            sha256=sha256,
            width=self.width,
            height=self.height,
            origin=Origin.UPLOADED,
            candidate=self.candidate,
        )


def sent_pictures(
    files: Sequence[Path | bytes], decoders: Decoders, *, is_painted: bool = False
) -> list[SentPicture]:
    """The first one, where it `is_painted` on, stays as it is where it is clear. Raises UploadRejected."""
    return [
        SentPicture(
            id=new_id(),
            candidate=candidate,
            clean=clean_upload(file, decoders, is_layer=is_painted and candidate == 1),
        )
        for candidate, file in enumerate(files, start=1)
    ]


class ToKeep(Protocol):
    """A picture that came with a message: its file, and its row when that is on disk."""

    @property
    def png(self) -> bytes: ...

    def as_new_picture(self, sha256: str) -> NewPicture: ...


def kept(pictures: Iterable[ToKeep], put: Callable[[bytes], str]) -> list[NewPicture]:
    """Their files are on disk, put there as `agent.keeping` does: until they have rows they may go again."""
    return [each.as_new_picture(put(each.png)) for each in pictures]
