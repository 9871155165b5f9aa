"""What each site's robots.txt lets this robot ask for (RFC 9309), read once a run."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx
from protego import Protego

from training.data.curation.decode import Reason
from training.data.curation.links.robots import AGENT

__all__ = ["SiteRules"]

MOST_SITES = 20_000
"""Whose rules are kept; the one that was asked longest ago is read again when its turn comes."""
NO_RULES = frozenset({Reason.GONE, Reason.DENIED, Reason.NOT_FETCHED, Reason.PAGE, Reason.TOO_MANY_REDIRECTS})
"""What says that a site has no such file: everything may be asked for (section 2.3.1.3)."""


@dataclass(kw_only=True)
class Site:
    """Scheme, host and port. `rules` is a reason where the file exists and could not be had."""

    rules: Protego | Reason | None = None
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class SiteRules:
    def __init__(
        self,
        read: Callable[[str], Awaitable[bytes | Reason]],
        slow_down: Callable[[str, float], None],
    ) -> None:
        """`read` has the file at a link, `slow_down` hears of seconds that a host wants between requests."""
        self._read, self._slow_down = read, slow_down
        self._sites = OrderedDict[str, Site]()

    async def refusal(self, url: httpx.URL) -> Reason | None:
        """Why the link may not be asked for: its site forbids it, or nobody can tell (section 2.3.1.4)."""
        file = url.copy_with(raw_path=b"/robots.txt", fragment=None)
        site = self._site(str(file))
        async with site.reading:
            if site.rules is None:
                site.rules = await self._rules(file)
        if isinstance(site.rules, Reason):
            return site.rules
        return None if site.rules.can_fetch(str(url), AGENT) else Reason.FORBIDDEN

    def _site(self, file: str) -> Site:
        site = self._sites.setdefault(file, Site())
        self._sites.move_to_end(file)
        if len(self._sites) > MOST_SITES:
            self._sites.popitem(last=False)
        return site

    async def _rules(self, file: httpx.URL) -> Protego | Reason:
        found = await self._read(str(file))
        if isinstance(found, Reason):
            return Protego.parse("") if found in NO_RULES else found
        rules = Protego.parse(found.decode("utf-8", "replace").removeprefix("\ufeff"))
        if pause := rules.crawl_delay(AGENT):
            self._slow_down(file.host, pause)
        return rules
