"""Politeness: few requests to one host at a time, and none while it asks for patience."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["Hosts"]


@dataclass(kw_only=True)
class Lane:
    """Of one host. `free_at` on the monotonic clock; `pause` is the time between two requests."""

    slots: asyncio.Semaphore
    pause: float
    free_at: float = 0.0
    entry: asyncio.Lock = field(default_factory=asyncio.Lock)


class Hosts:
    def __init__(self, *, at_once: int, per_host: int, pause_seconds: float) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._per_host, self._pause = per_host, pause_seconds
        self._lanes = dict[str, Lane]()

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """When the host is free and patience is over; waiting for it keeps nobody else."""
        lane = self._lane(host)
        async with lane.slots:
            async with lane.entry:
                while (wait := lane.free_at - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                lane.free_at = time.monotonic() + lane.pause
            async with self._all:
                yield

    def wait_for(self, host: str, seconds: float) -> None:
        """It asked for patience."""
        lane = self._lane(host)
        lane.free_at = max(lane.free_at, time.monotonic() + seconds)

    def slow_down(self, host: str, pause: float) -> None:
        """It wants so many seconds between requests; from now on, the next one included."""
        lane = self._lane(host)
        lane.pause = max(lane.pause, pause)
        self.wait_for(host, pause)

    def _lane(self, host: str) -> Lane:
        if host not in self._lanes:
            self._lanes[host] = Lane(slots=asyncio.Semaphore(self._per_host), pause=self._pause)
        return self._lanes[host]
