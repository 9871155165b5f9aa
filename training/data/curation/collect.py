"""The first stage: pictures from anywhere become shards, and a table says of each what became of it.

Which picture goes into which shard is planned once and only ever added to: a shard never changes.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from typing import Protocol

import pyarrow as pa

from training.data.curation.decode import Decoded, Reason, as_kept, decode, pixel_hash
from training.data.curation.marks import identity_of, is_done, write_marked
from training.data.curation.shards import SHARDS, Sample, pack
from training.data.curation.store import Store
from training.data.curation.tables import KEY, pack_table, table_name
from training.errors import BadRecipe

__all__ = ["COLLECT", "CollectSettings", "Item", "Source", "collect_shard", "is_collected", "plan_shards"]

COLLECT = "collect"
VERSION = 2
PLANS = "plans"
MOST_IN_SHARD = 10_000
HALVES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Item:
    """A picture to be, as its source lists it, without its bytes. `identity` changes when the bytes do.

    `origin` is what the source says of where it is from: a page, an author. `reason` is set by sources that
    know already that there will be none.
    """

    name: str
    identity: str
    caption: str = ""
    tags: tuple[str, ...] = ()
    licence: str = ""
    origin: str = ""
    reason: Reason = Reason.OK

    def __post_init__(self) -> None:
        """Names and words from anywhere may hold halves of characters, which no table can."""
        for field in ("name", "caption", "licence", "origin"):
            object.__setattr__(self, field, whole(getattr(self, field)))
        object.__setattr__(self, "tags", tuple(map(whole, self.tags)))


def whole(text: str) -> str:
    return HALVES.sub("\ufffd", text)


class Source(Protocol):
    """Where pictures come from. `name` stands in the column `source`, before the item's own name."""

    @property
    def name(self) -> str: ...

    def items(self) -> Iterator[Item]:
        """In a fixed order."""
        ...

    def read(self, items: Sequence[Item]) -> Iterator[bytes | Reason]:
        """The bytes of each, in order, or why there are none."""
        ...


@dataclass(frozen=True, kw_only=True)
class CollectSettings:
    """`least_side_px`: smaller pictures are left out at once."""

    per_shard: int = 1_000
    least_side_px: int = 32


def plan_shards(store: Store, source: Source, settings: CollectSettings) -> list[str]:
    """Add what is new to the plan; returns all shards' names, the old ones first.

    A file that changed counts as new; the picture it was stays.
    """
    names = store.names(PLANS, ".json")
    known = {
        (source_name, item.name, item.identity)
        for name in names
        for source_name, item in read_plan(store, name)
    }
    fresh = (item for item in source.items() if (source.name, item.name, item.identity) not in known)
    per_shard = min(settings.per_shard, MOST_IN_SHARD)
    while batch := [*islice(fresh, per_shard)]:
        name = f"{len(names):05}"
        record = {"source": source.name, "items": [asdict(item) for item in batch]}
        store.write(f"{PLANS}/{name}.json", json.dumps(record, ensure_ascii=False).encode())
        names.append(name)
    return names


def read_plan(store: Store, shard: str) -> list[tuple[str, Item]]:
    """The source's name and the item, of every picture of a shard."""
    record = json.loads(store.read(f"{PLANS}/{shard}.json"))
    return [
        (record["source"], Item(**{**each, "tags": tuple(each["tags"]), "reason": Reason(each["reason"])}))
        for each in record["items"]
    ]


def is_collected(store: Store, shard: str, settings: CollectSettings) -> bool:
    return is_done(store, f"{SHARDS}/{shard}.tar", made_of(store, shard, settings)) and store.has(
        table_name(COLLECT, shard)
    )


def collect_shard(store: Store, shard: str, source: Source, settings: CollectSettings) -> int:
    """Write a shard and its table; returns how many pictures were looked at."""
    begun, plan = time.monotonic(), read_plan(store, shard)
    samples, rows = list[Sample](), list[dict[str, object]]()
    items = [item for _, item in plan]
    for index, (item, content) in enumerate(zip(items, source.read(items), strict=True)):
        sample, row = taken(f"{shard}{index:04}", source.name, item, content, settings)
        rows.append(row)
        if sample is not None:
            samples.append(sample)
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    identity = made_of(store, shard, settings)
    seconds = time.monotonic() - begun
    write_marked(
        store,
        table_name(COLLECT, shard),
        pack_table(table),
        made_of=identity,
        num_rows=len(rows),
        seconds=seconds,
    )
    write_marked(
        store,
        f"{SHARDS}/{shard}.tar",
        pack(samples),
        made_of=identity,
        num_rows=len(samples),
        seconds=seconds,
    )
    return len(rows)


SCHEMA = pa.schema(
    [
        (KEY, pa.string()),
        ("id", pa.string()),
        ("status", pa.string()),
        ("source", pa.string()),
        ("licence", pa.string()),
        ("origin", pa.string()),
        ("caption", pa.string()),
        ("tags", pa.list_(pa.string())),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("format", pa.string()),
        ("mode", pa.string()),
        ("file_bytes", pa.int64()),
        ("file_sha256", pa.string()),
    ]
)


def taken(
    key: str, source: str, item: Item, content: bytes | Reason, settings: CollectSettings
) -> tuple[Sample | None, dict[str, object]]:
    """A sample, unless there is a reason against it, and its row."""
    where = f"{source}/{item.name}"
    row: dict[str, object] = {
        **{KEY: key, "source": where, "licence": item.licence, "origin": item.origin},
        **{"caption": item.caption, "tags": [*item.tags]},
    }
    found = content if isinstance(content, Reason) else decode(content, settings.least_side_px)
    if isinstance(content, bytes):
        row |= {"file_bytes": len(content), "file_sha256": sha256(content).hexdigest()}
    if not isinstance(found, Decoded) or not isinstance(content, bytes):
        return None, row | {"status": str(found)}
    kept, suffix = as_kept(content, found)
    sample = Sample(
        key=key,
        id=pixel_hash(found.image),
        suffix=suffix,
        content=kept,
        source=where,
        licence=item.licence,
        origin=item.origin,
        caption=item.caption,
        tags=item.tags,
    )
    facts = {
        "id": sample.id,
        "status": str(Reason.OK),
        "width": found.image.width,
        "height": found.image.height,
        "format": found.format,
        "mode": found.mode,
    }
    return sample, row | facts


def made_of(store: Store, shard: str, settings: CollectSettings) -> str:
    plan = sha256(store.read(f"{PLANS}/{shard}.json")).hexdigest()
    return identity_of(stage=COLLECT, version=VERSION, plan=plan, least_side_px=settings.least_side_px)


def collect(
    store: Store, sources: Iterable[Source], settings: CollectSettings, on_shard: Callable[[str, int], None]
) -> list[str]:
    """Whatever is not collected yet; returns all shards' names."""
    by_name, names = dict[str, Source](), store.names(PLANS, ".json")
    for source in sources:
        if source.name in by_name:
            raise BadRecipe(
                f"Two sources are named {source.name}: rename one folder, so that pictures can be told."
            )
        by_name[source.name] = source
    for source in by_name.values():
        names = plan_shards(store, source, settings)
    for name in names:
        if not is_collected(store, name, settings):
            begun_from = read_plan(store, name)[0][0]
            if begun_from not in by_name:
                raise BadRecipe(f"Shard {name} is not whole yet: name its source {begun_from} again.")
            on_shard(name, collect_shard(store, name, by_name[begun_from], settings))
    return names
