"""Who is next: a line that is fair among owners, however much one of them asks for."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Generic, TypeVar

__all__ = ["Line"]

Item = TypeVar("Item")


class Line(Generic[Item]):
    """Round robin: next is the oldest item of the owner who was served longest ago.

    Who comes, or comes back, is served after the owners who wait already and before the one served last.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Item]] = {}
        self._owners = deque[str]()
        self._last: str | None = None

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def join(self, owner: str, item: Item) -> None:
        if owner in self._waiting:
            self._waiting[owner].append(item)
            return
        self._waiting[owner] = deque([item])
        is_last_behind = bool(self._owners) and self._owners[-1] == self._last
        self._owners.insert(len(self._owners) - is_last_behind, owner)

    def take(self, passed_over: Collection[str] = ()) -> Item:
        """The next one, but of these owners; IndexError when nobody else waits."""
        owner = next((each for each in self._owners if each not in passed_over), None)
        if owner is None:
            raise IndexError("Nobody waits.")
        self._last = owner
        self._owners.remove(owner)
        item = self._waiting[owner].popleft()
        if self._waiting[owner]:
            self._owners.append(owner)
        else:
            del self._waiting[owner]
        return item

    def leave(self, owner: str, item: Item) -> None:
        """One that waits goes away; ValueError if it does not wait."""
        items = self._waiting.get(owner, deque[Item]())
        items.remove(item)
        if not items:
            del self._waiting[owner]
            self._owners.remove(owner)

    def order(self) -> list[Item]:
        """As they will be served if nobody else comes."""
        owners, items = deque(self._owners), {owner: deque(each) for owner, each in self._waiting.items()}
        order: list[Item] = []
        while owners:
            owner = owners.popleft()
            order.append(items[owner].popleft())
            if items[owner]:
                owners.append(owner)
        return order
