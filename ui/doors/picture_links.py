"""Links to pictures for products that fetch them without a key: unguessable, and gone in an hour."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from agent.domain import Artifact
from ui.doors.image_params import Encoding

__all__ = ["LINK_SECONDS", "Link", "PictureLinks"]

LINK_SECONDS = 3600
MOST_LINKS = 10_000


@dataclass(frozen=True, kw_only=True)
class Link:
    """Whose picture, and how it leaves."""

    owner: str
    artifact_id: str
    encoding: Encoding
    ends: float


class PictureLinks:
    """By 192 random bits each; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._links: OrderedDict[str, Link] = OrderedDict()

    def make(self, owner: str, picture: Artifact, encoding: Encoding) -> str:
        """The token."""
        token = secrets.token_urlsafe(24)
        ends = time.monotonic() + LINK_SECONDS
        link = Link(owner=owner, artifact_id=picture.id, encoding=encoding, ends=ends)
        with self._lock:
            self._links[token] = link
            while len(self._links) > MOST_LINKS:
                self._links.popitem(last=False)
        return token

    def find(self, token: str) -> Link | None:
        """None for a token that was never given, or too long ago."""
        with self._lock:
            link = self._links.get(token)
            if link is not None and link.ends <= time.monotonic():
                del self._links[token]
                return None
            return link
