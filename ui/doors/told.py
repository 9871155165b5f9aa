"""A turn's events for a route: awaited without holding a thread of the pool, stopped when nobody listens."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from starlette.types import Receive

from agent.direct import DirectTurn
from agent.events import Event

__all__ = ["CallerLeft", "told", "told_or_silence"]


class CallerLeft(Exception):
    """The program has closed its connection."""


async def told(
    turn: DirectTurn, stop: Callable[[], None], receive: Receive | None = None
) -> AsyncIterator[Event]:
    """Every event of the turn. Who leaves early, or hangs up (`receive` tells of it), stops the turn.

    Raises CallerLeft.
    """
    async with contextlib.aclosing(told_or_silence(turn, stop, receive)) as events:
        async for event in events:
            if event is not None:
                yield event


async def told_or_silence(
    turn: DirectTurn,
    stop: Callable[[], None],
    receive: Receive | None = None,
    silence_seconds: float | None = None,
) -> AsyncGenerator[Event | None, None]:
    """The same, and None as often as nothing has happened for so long."""
    loop = asyncio.get_running_loop()
    heard = asyncio.Queue[Event | None]()

    def put(event: Event | None) -> None:
        with contextlib.suppress(RuntimeError):  # the server has closed meanwhile
            loop.call_soon_threadsafe(heard.put_nowait, event)

    def listen() -> None:
        try:
            for event in turn.events:
                put(event)
        finally:
            put(None)

    threading.Thread(target=listen, name="told", daemon=True).start()
    leaving = asyncio.ensure_future(asyncio.Event().wait() if receive is None else hung_up(receive))
    is_over = False
    try:
        while True:
            coming = asyncio.ensure_future(heard.get())
            try:
                await asyncio.wait(
                    {coming, leaving}, timeout=silence_seconds, return_when=asyncio.FIRST_COMPLETED
                )
                is_silent = not coming.done()
                if is_silent and leaving.done():
                    raise CallerLeft
            finally:
                coming.cancel()
            if is_silent:
                yield None
                continue
            event = coming.result()
            if event is None:
                is_over = True
                return
            yield event
    finally:
        leaving.cancel()
        if not is_over:
            loop.run_in_executor(None, stop)


async def hung_up(receive: Receive) -> bool:
    """Returns when the connection is closed."""
    while (await receive())["type"] != "http.disconnect":
        pass
    return True
