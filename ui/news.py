"""News of a running turn for a task of the event loop: nobody who listens holds a thread."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from agent.pipe import EventPipe

__all__ = ["News"]


class News:
    """What a pipe is told by the turn's threads. Enter it on the loop that listens."""

    def __init__(self, pipe: EventPipe) -> None:
        self._pipe = pipe
        self._flag, self._end = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def __aenter__(self) -> News:
        self._leave = self._pipe.listen(self._tell)
        if self._pipe.over is not None:
            self._end.set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    async def come(self, seconds: float) -> bool:
        """Since this was asked last; False after `seconds` without any."""
        if not await came(self._flag, seconds):
            return False
        self._flag.clear()
        return True

    async def end(self, seconds: float) -> bool:
        """Of the turn; False when it has not come within `seconds`."""
        return await came(self._end, seconds)

    def _tell(self) -> None:
        with suppress(RuntimeError):  # the server's loop has ended: nobody listens any more
            self._loop.call_soon_threadsafe(self._note)

    def _note(self) -> None:
        self._flag.set()
        if self._pipe.over is not None:
            self._end.set()


async def came(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
