"""One link after another, many at once: bytes, or a reason why there are none. Nothing hangs for ever."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import httpcore
import httpx
from anyio.from_thread import start_blocking_portal

from training.data.curation.decode import Reason
from training.data.curation.links.addresses import Lookup, NotPublic, PublicBackend, look_up
from training.data.curation.links.body import header, read_body
from training.data.curation.links.hosts import Hosts
from training.data.curation.links.robots import AGENT, forbids
from training.data.curation.links.site_rules import SiteRules

__all__ = ["FetchSettings", "Fetcher", "fetch_all"]

LONGEST_LINK = 8_192
MOVED = (301, 302, 303, 307, 308)
BUSY = (429, 500, 502, 503, 504)
REFUSALS = {
    **dict.fromkeys((401, 402, 403, 407, 451), Reason.DENIED),
    **dict.fromkeys((404, 410), Reason.GONE),
}


@dataclass(frozen=True, kw_only=True)
class FetchSettings:
    """`total_seconds` bound a link with all its redirects, but for waiting for its host's turn and rules.

    `heeds_rules`: each site is asked for its robots.txt first; a longer pause that it wants is kept, up to
    `most_patience_seconds`. `ports` and `open_networks` widen where links may lead: only for a mirror of
    one's own.
    """

    connect_seconds: float = 5.0
    read_seconds: float = 10.0
    total_seconds: float = 30.0
    most_bytes: int = 20_000_000
    most_redirects: int = 5
    num_retries: int = 2
    backoff_seconds: float = 1.0
    most_patience_seconds: float = 30.0
    at_once: int = 64
    per_host: int = 2
    host_pause_seconds: float = 0.1
    heeds_rules: bool = True
    ports: tuple[int, ...] = (80, 443)
    open_networks: tuple[str, ...] = ()
    user_agent: str = f"Mozilla/5.0 (compatible; {AGENT}/1)"


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What is asked for. Rules are asked for without asking the rules."""

    accept: str
    most_bytes: int
    heeds_rules: bool


MOST_RULES = 2_000_000
RULES = Errand(accept="text/plain", most_bytes=MOST_RULES, heeds_rules=False)


@dataclass(frozen=True, kw_only=True)
class Moved:
    to: httpx.URL


@dataclass(frozen=True, kw_only=True)
class Later:
    """Worth another try, for `reason`, after `seconds` at least."""

    reason: Reason
    seconds: float = 0.0


class Fetcher:
    """An async context; `fetch` may run many times at once in it."""

    def __init__(self, settings: FetchSettings, lookup: Lookup = look_up) -> None:
        self.settings = settings
        self._hosts = Hosts(
            at_once=settings.at_once,
            per_host=settings.per_host,
            pause_seconds=settings.host_pause_seconds,
        )
        self._picture = Errand(
            accept="image/*", most_bytes=settings.most_bytes, heeds_rules=settings.heeds_rules
        )
        self._rules = SiteRules(lambda link: self._patiently(link, RULES), self._slow_down)
        self._running, self._is_closed = set[asyncio.Task[object]](), False
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=settings.at_once,
            max_keepalive_connections=settings.at_once,
            keepalive_expiry=5.0,
            network_backend=PublicBackend(settings.open_networks, lookup),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whoever is still at it ends first, so that no connection is left open."""
        self._is_closed = True
        running = [task for task in self._running if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._pool.aclose()

    async def fetch(self, link: str) -> bytes | Reason:
        """Tried again where the server is busy or the reply is cut short, each time after a longer wait."""
        task = asyncio.current_task()
        if self._is_closed or task is None:
            return Reason.NOT_FETCHED
        self._running.add(task)
        try:
            return await self._patiently(link, self._picture)
        finally:
            self._running.discard(task)

    async def _patiently(self, link: str, errand: Errand) -> bytes | Reason:
        found: bytes | Reason | Later = Reason.NOT_FETCHED
        for attempt in range(self.settings.num_retries + 1):
            found = await self._follow(link, errand)
            if not isinstance(found, Later):
                return found
            if attempt == self.settings.num_retries or found.seconds > self.settings.most_patience_seconds:
                break
            await asyncio.sleep(max(found.seconds, self.settings.backoff_seconds * 2**attempt))
        return found.reason if isinstance(found, Later) else found

    async def _follow(self, link: str, errand: Errand) -> bytes | Reason | Later:
        left = self.settings.total_seconds
        try:
            url = httpx.URL(link)
            for _ in range(self.settings.most_redirects + 1):
                if not self._may_be_asked(url):
                    return Reason.BAD_LINK
                if errand.heeds_rules and (refusal := await self._rules.refusal(url)):
                    return refusal
                async with self._hosts.turn(url.host):
                    begun = time.monotonic()
                    async with asyncio.timeout(left):
                        found = await self._ask(url, errand)
                    left = max(0.0, left - (time.monotonic() - begun))
                if isinstance(found, Later) and found.seconds <= self.settings.most_patience_seconds:
                    self._hosts.wait_for(url.host, found.seconds)
                if not isinstance(found, Moved):
                    return found
                url = found.to
        except NotPublic:
            return Reason.PRIVATE_ADDRESS
        except (TimeoutError, httpcore.TimeoutException):
            return Reason.TIMED_OUT
        except httpcore.ConnectError:
            return Reason.UNREACHABLE
        except (httpcore.NetworkError, httpcore.RemoteProtocolError):
            return Later(reason=Reason.CUT_SHORT)
        except (httpx.InvalidURL, httpcore.LocalProtocolError, ValueError):
            return Reason.BAD_LINK
        except OSError:
            return Reason.UNREACHABLE
        return Reason.TOO_MANY_REDIRECTS

    def _slow_down(self, host: str, pause: float) -> None:
        self._hosts.slow_down(host, min(pause, self.settings.most_patience_seconds))

    def _may_be_asked(self, url: httpx.URL) -> bool:
        port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
        is_web = url.scheme in ("http", "https") and bool(url.host) and not url.userinfo
        return is_web and port in self.settings.ports and len(str(url)) <= LONGEST_LINK

    async def _ask(self, url: httpx.URL, errand: Errand) -> bytes | Reason | Moved | Later:
        address = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path or b"/"
        )
        timeouts = {
            "connect": self.settings.connect_seconds,
            "read": self.settings.read_seconds,
            "write": self.settings.read_seconds,
            "pool": None,
        }
        headers: list[tuple[bytes | str, bytes | str]] = [
            ("Host", url.netloc),
            ("User-Agent", self.settings.user_agent),
            ("Accept", errand.accept),
            ("Accept-Encoding", "identity"),
        ]
        async with self._pool.stream(
            "GET", address, headers=headers, extensions={"timeout": timeouts}
        ) as reply:
            if errand is not RULES and forbids(reply.headers):
                return Reason.FORBIDDEN
            if reply.status in MOVED and (to := header(reply.headers, b"location")):
                return Moved(to=url.join(to))
            if reply.status in BUSY:
                patience = seconds_in(header(reply.headers, b"retry-after"))
                return Later(reason=Reason.SERVER_BUSY, seconds=patience)
            if reply.status != 200:
                return REFUSALS.get(reply.status, Reason.NOT_FETCHED)
            return await read_body(reply.headers, reply.aiter_stream(), errand.most_bytes)


def seconds_in(retry_after: str) -> float:
    """A number of seconds or a date; nothing for what is neither."""
    if retry_after.strip().isdecimal() and len(retry_after) < 9:
        return float(retry_after)
    with suppress(ValueError, TypeError):
        date = parsedate_to_datetime(retry_after)
        return max(0.0, (date.astimezone(UTC) - datetime.now(UTC)).total_seconds())
    return 0.0


def fetch_all(links: Iterable[str], settings: FetchSettings) -> Generator[bytes | Reason]:
    """In the order of the links, each as soon as it and those before it are there."""
    ahead = 2 * settings.at_once
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Fetcher(settings)) as fetcher:
        waiting = deque[Future[bytes | Reason]]()
        for link in links:
            waiting.append(portal.start_task_soon(fetcher.fetch, link))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
