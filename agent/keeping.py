"""Pictures on their way into the store: what gets no row leaves no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from agent.artifacts import Artifacts
from agent.errors import StorageUnavailable
from agent.sessions import Sessions

__all__ = ["keeping"]


@contextmanager
def keeping(artifacts: Artifacts, sessions: Sessions) -> Iterator[Callable[[bytes], str]]:
    """`Artifacts.put`, for a block that ends with the rows; if it fails, the files that no row names go.

    The chat may have been deleted while its picture was made.
    """
    put: set[str] = set()

    def put_noted(png: bytes) -> str:
        sha256 = artifacts.put(png)
        put.add(sha256)
        return sha256

    with artifacts.lock:
        try:
            yield put_noted
        except BaseException:
            with suppress(StorageUnavailable):  # the next start sweeps them
                artifacts.remove(put - sessions.hashes())
            raise
