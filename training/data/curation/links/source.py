"""A table of links as a source: parquet, CSV, TSV or JSON lines, with captions, licences and where from."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from training.data.curation.collect import Item
from training.data.curation.decode import Reason
from training.data.curation.links.fetch import FetchSettings, fetch_all
from training.errors import BadRecipe

__all__ = ["LINK_TABLES", "LinkSource"]

LINK_TABLES = (".parquet", ".csv", ".tsv", ".jsonl")
COLUMNS = {
    "link": ("url", "image_url", "link"),
    "caption": ("caption", "text", "alt", "alt_text", "top_caption"),
    "licence": ("licence", "license"),
    "origin": ("origin", "page_url", "source", "author", "attribution"),
    "tags": ("tags", "keywords"),
    "sha256": ("sha256",),
}
"""What tables of links call their columns, in any case, the first that is there."""
Row = Mapping[str, object]
HASH = re.compile("[0-9a-f]{64}")
ANY_CONTENT = "link"


@dataclass(frozen=True, kw_only=True)
class LinkSource:
    """A row a picture. Where a row tells a sha256, other bytes than those are not taken."""

    table: Path
    settings: FetchSettings = field(default_factory=FetchSettings)
    licence: str = ""

    @property
    def name(self) -> str:
        return self.table.name

    def items(self) -> Iterator[Item]:
        """Raises BadRecipe for a table that cannot be read or has no links."""
        seen = set[bytes]()
        for number, row in enumerate(rows_of(self.table), 1):
            told = {name: first_of(row, names) for name, names in COLUMNS.items()}
            link, wanted = told["link"], str(told["sha256"] or "").strip().lower()
            if not isinstance(link, str) or not link.strip():
                yield Item(name=f"row {number}", identity=ANY_CONTENT, reason=Reason.BAD_LINK)
                continue
            digest = sha256(link.strip().encode("utf-8", "replace")).digest()[:12]
            yield Item(
                name=link.strip(),
                identity=wanted if HASH.fullmatch(wanted) else ANY_CONTENT,
                caption=text_of(told["caption"]),
                tags=tags_of(told["tags"]),
                licence=text_of(told["licence"]) or self.licence,
                origin=text_of(told["origin"]),
                reason=Reason.DUPLICATE_KEY if digest in seen else Reason.OK,
            )
            seen.add(digest)

    def read(self, items: Sequence[Item]) -> Iterator[bytes | Reason]:
        links = [item.name for item in items if item.reason is Reason.OK]
        with closing(fetch_all(links, self.settings)) as fetched:
            for item in items:
                is_asked = item.reason is Reason.OK
                yield as_promised(next(fetched), item.identity) if is_asked else item.reason


def as_promised(content: bytes | Reason, identity: str) -> bytes | Reason:
    if isinstance(content, Reason) or identity in (ANY_CONTENT, sha256(content).hexdigest()):
        return content
    return Reason.OTHER_CONTENT


def rows_of(table: Path) -> Iterator[Row]:
    try:
        match table.suffix.lower():
            case ".parquet":
                yield from parquet_rows(table)
            case ".jsonl":
                yield from json_rows(table)
            case suffix:
                yield from csv_rows(table, "\t" if suffix == ".tsv" else ",")
    except (OSError, pa.ArrowException, csv.Error) as error:
        raise BadRecipe(f"{table} cannot be read as a table of links ({error}).") from error


def parquet_rows(table: Path) -> Iterator[Row]:
    with pq.ParquetFile(table) as file:
        names = file.schema_arrow.names
        require_links(table, names)
        for batch in file.iter_batches(columns=[name for name in names if is_known(name)]):
            yield from batch.to_pylist()


def csv_rows(table: Path, delimiter: str) -> Iterator[Row]:
    with table.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.DictReader(file, delimiter=delimiter)
        require_links(table, rows.fieldnames or ())
        yield from ({name: value for name, value in row.items() if isinstance(name, str)} for row in rows)


def json_rows(table: Path) -> Iterator[Row]:
    """What is no object in JSON is a row without a link."""
    with table.open("rb") as file:
        for line in filter(None, map(bytes.strip, file)):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = {}
            yield row if isinstance(row, dict) else {}


def require_links(table: Path, names: Iterable[str]) -> None:
    if not any(name.lower() in COLUMNS["link"] for name in names):
        there = ", ".join(names) or "none"
        raise BadRecipe(f"{table} has no column of links: name one url (its columns: {there}).")


def is_known(name: str) -> bool:
    return any(name.lower() in names for names in COLUMNS.values())


def first_of(row: Row, names: Sequence[str]) -> object:
    lower = {name.lower(): value for name, value in row.items()}
    return next((lower[name] for name in names if lower.get(name) not in (None, "")), None)


def text_of(value: object) -> str:
    """On one line."""
    return "" if value is None else " ".join(str(value).split())


def tags_of(value: object) -> tuple[str, ...]:
    """A list, or words between commas."""
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return tuple(text for text in map(text_of, parts) if text)
