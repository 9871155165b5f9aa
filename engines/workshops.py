"""Several workshops, one a device, asked as if they were one: work goes to a free device. No torch."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

from engines.api import EngineInfo, OnProgress, Progress
from engines.orders import Channel, Inform, Order, Piece
from engines.workshop import Wanted, Workshop

__all__ = ["Workshops"]


class Workshops:
    """Each order goes to one of `shops`, the first that suits it; any thread may ask.

    One that is able goes before one that is not; for what needs a device, one with the least of its kind in
    hand, then of the other; then one that has not died lately and has loaded who is asked. So what was read
    for one picture is at hand for the next, and what needs no device stays where it was loaded. Close them
    when done.
    """

    def __init__(self, shops: Sequence[Workshop]) -> None:
        self.shops = tuple(shops)
        self._lock = threading.Lock()
        self._in_hand = Counter[tuple[Workshop, Channel]]()

    @property
    def num_restarts(self) -> int:
        """How often a process had to be started again."""
        return sum(shop.num_restarts for shop in self.shops)

    @property
    def num_able(self) -> int:
        """How many can be at work at once; where none is able, one is tried all the same."""
        return max(1, sum(shop.is_able for shop in self.shops))

    def load(self, members: Iterable[str]) -> bool:
        """Have each load these, and return as soon as one has; False if all fail, which is logged.

        One after the other: while it is loaded, a network takes main memory too.
        """
        those, heard = [*members], SimpleQueue[bool]()
        for shop in self.shops:
            shop.is_able = False

        def load_each() -> None:
            for shop in self.shops:
                heard.put(shop.prepare(those))

        threading.Thread(target=load_each, name="loading devices", daemon=True).start()
        return any(heard.get() for _ in self.shops)

    def info(self, member: str) -> EngineInfo:
        """Of a member, which is loaded for it. Raises EngineError."""
        with self._lent(Inform(member=member)) as shop:
            return shop.info(member)

    def ask(self, order: Order, kind: type[Wanted], on_progress: OnProgress = lambda _: None) -> Wanted:
        """Have it done, as Workshop.ask does."""
        with self._lent(order) as shop:
            return shop.ask(order, kind, on_progress)

    def talk(self, order: Order) -> Generator[Progress | Piece, None, object]:
        """What is said on the way to the answer, as Workshop.talk tells it."""
        with self._lent(order) as shop:
            return (yield from shop.talk(order))

    def close(self) -> None:
        """End all processes at the same time; whoever waits for them gets an error."""
        with ThreadPoolExecutor(len(self.shops)) as pool:
            list(pool.map(Workshop.close, self.shops))

    @contextmanager
    def _lent(self, order: Order) -> Iterator[Workshop]:
        with self._lock:
            shop = min(self.shops, key=lambda each: self._suits(each, order))
            self._in_hand[shop, order.channel] += 1
        try:
            yield shop
        finally:
            with self._lock:
                self._in_hand[shop, order.channel] -= 1

    def _suits(self, shop: Workshop, order: Order) -> tuple[bool, int, int, int, bool]:
        """The least suits best."""
        alike = others = 0
        if order.channel.needs_device:
            alike = self._in_hand[shop, order.channel]
            others = sum(self._in_hand[shop, each] for each in Channel if each.needs_device) - alike
        return not shop.is_able, alike, others, shop.num_deaths, not shop.knows(order.who)
