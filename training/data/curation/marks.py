"""What says that a piece of work is done, and of what it was done: a small JSON file beside the result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from training.data.curation.store import Store

__all__ = ["Mark", "identity_of", "is_done", "read_mark", "write_marked"]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """`made_of`: the identity of inputs, code version and settings. `sha256`: the result's own."""

    made_of: str
    sha256: str
    num_rows: int
    seconds: float
    facts: dict[str, object] = field(default_factory=dict)


def identity_of(**parts: object) -> str:
    """Of anything that JSON can say."""
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def read_mark(store: Store, result: str) -> Mark | None:
    """None for work that never came to its end."""
    try:
        record: Mapping[str, object] = json.loads(store.read(f"{result}.done.json"))
        return Mark(**record)  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError):
        return None


def is_done(store: Store, result: str, made_of: str) -> bool:
    """True where the result is there and was made of the very same things."""
    mark = read_mark(store, result)
    return mark is not None and mark.made_of == made_of and store.has(result)


def write_marked(
    store: Store, result: str, content: bytes, *, made_of: str, num_rows: int, seconds: float
) -> Mark:
    """The mark goes before the result is replaced, and comes back last: a killed run leaves no false one."""
    store.remove(f"{result}.done.json")
    digest = store.write(result, content)
    mark = Mark(made_of=made_of, sha256=digest, num_rows=num_rows, seconds=round(seconds, 3))
    store.write(f"{result}.done.json", (json.dumps(asdict(mark), sort_keys=True) + "\n").encode())
    return mark
