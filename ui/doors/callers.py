"""Programs that call: whom they speak for, and by which name their key goes."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from agent.keys import Keys
from ui.gate import owner_of

__all__ = ["Caller", "caller_of"]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A program with a key of `owner`; `program` is the key's name."""

    owner: str
    program: str


async def caller_of(request: Request, keys: Keys) -> Caller | None:
    """Only a key lets a program in: a browser's cookie is for the page. Raises StorageUnavailable."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    owner = owner_of(request)
    if scheme.lower() != "bearer" or owner is None:
        return None
    key = await run_in_threadpool(keys.find, token.strip())
    return Caller(owner=owner, program=key.name) if key is not None and key.owner == owner else None
