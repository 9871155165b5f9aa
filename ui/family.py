"""Pictures that came from one another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.domain import Artifact

__all__ = ["ancestors", "family"]


def family(picture: Artifact, pictures: Iterable[Artifact]) -> Sequence[Artifact]:
    """All versions of a picture among `pictures`, itself included, in the order of their numbers."""
    kin: dict[str, set[str]] = {}
    known = {each.id: each for each in pictures} | {picture.id: picture}
    for each in known.values():
        for parent in each.parents:
            kin.setdefault(each.id, set()).add(parent)
            kin.setdefault(parent, set()).add(each.id)
    found, waiting = {picture.id}, [picture.id]
    while waiting:
        new = kin.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return sorted(
        (known[each] for each in found if each in known), key=lambda each: (each.number, each.letter)
    )


def ancestors(picture: Artifact, pictures: Iterable[Artifact]) -> set[str]:
    """The ids of what it was made from, over all generations."""
    known = {each.id: each for each in pictures}
    found: set[str] = set()
    waiting = [*picture.parents]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += known[each].parents if each in known else ()
    return found
