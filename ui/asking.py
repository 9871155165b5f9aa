"""Who asks, as the gate found out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from starlette.requests import HTTPConnection

__all__ = ["CALLER", "OWNER", "Caller", "Way", "caller_of", "owner_of"]

CALLER, OWNER = "reverie.caller", "reverie.owner"
"""Where the gate writes in the request's scope; no client can."""


class Way(StrEnum):
    """What was shown at the gate."""

    COOKIE = "cookie"
    SIGN_IN = "sign-in"
    KEY = "key"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Speaks for `owner`; `name` is the person's, or the key's. `sign_in` is the id of the browser's own."""

    owner: str
    way: Way
    name: str = ""
    sign_in: str = ""


def caller_of(request: HTTPConnection) -> Caller | None:
    """None for nobody."""
    caller = request.scope.get(CALLER)
    return caller if isinstance(caller, Caller) else None


def owner_of(request: HTTPConnection) -> str | None:
    """Whom the caller speaks for; None for nobody."""
    owner = request.scope.get(OWNER)
    return owner if isinstance(owner, str) else None
