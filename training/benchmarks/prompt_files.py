"""Files of prompts: a path, or an https address fetched once and kept; never part of the project."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2
from platformdirs import user_cache_path

from engines.manifest import file_sha256
from training.benchmarks.errors import BadPrompts

__all__ = ["digest", "fetch", "read_lines", "read_text", "spread"]

MOST_BYTES = 64 * 2**20
TIMEOUT_SECONDS = 30
MOST_REDIRECTS = 5
Item = TypeVar("Item")


def fetch(place: str) -> Path:
    """The file at a path or an https address. Raises BadPrompts."""
    if "://" not in place:
        path = Path(place)
        if not path.exists():
            raise BadPrompts(f"{place} does not exist.")
        return path
    address = urlsplit(place)
    if address.scheme != "https" or not address.hostname or address.username or address.password:
        raise BadPrompts(
            f"{address.scheme}://{address.hostname or ''} cannot be fetched: only plain https can."
        )
    name = Path(address.path).name or "prompts"
    kept = cache_folder() / f"{hashlib.sha256(place.encode()).hexdigest()[:16]}-{name}"
    return kept if kept.is_file() else download(place, kept)


def cache_folder() -> Path:
    return user_cache_path("reverie", appauthor=False) / "benchmarks"


def download(address: str, to: Path) -> Path:
    """Through to `to`, whole or not at all. Raises BadPrompts."""
    to.parent.mkdir(parents=True, exist_ok=True)
    aside = to.with_name(f".{to.name}.part")
    try:
        stream_to(address, aside)
    except httpx2.HTTPStatusError as error:
        raise BadPrompts(
            f"{address} answered {error.response.status_code}: give the file with --prompts."
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise BadPrompts(
            f"{address} cannot be fetched ({type(error).__name__}): give the file with --prompts."
        ) from error
    aside.replace(to)
    return to


def stream_to(address: str, file: Path) -> None:
    with (
        httpx2.Client(timeout=TIMEOUT_SECONDS, follow_redirects=True, max_redirects=MOST_REDIRECTS) as client,
        client.stream("GET", address) as answer,
        file.open("wb") as written,
    ):
        answer.raise_for_status()
        if answer.url.scheme != "https":
            raise BadPrompts(f"{address} leads away from https.")
        size = 0
        for piece in answer.iter_bytes():
            size += len(piece)
            if size > MOST_BYTES:
                raise BadPrompts(f"{address} is larger than {MOST_BYTES // 2**20} MiB: no file of prompts.")
            written.write(piece)


def read_lines(file: Path) -> list[tuple[int, str]]:
    """Lines that are not empty, with their numbers from 1. Raises BadPrompts."""
    lines = [(number, line) for number, line in enumerate(read_text(file).splitlines(), 1) if line.strip()]
    if not lines:
        raise BadPrompts(f"{file} holds no prompts.")
    return lines


def read_text(file: Path) -> str:
    """Raises BadPrompts."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise BadPrompts(f"{file} is larger than {MOST_BYTES // 2**20} MiB: no file of prompts.")
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadPrompts(f"{file} cannot be read ({error}).") from error


def spread(items: Sequence[Item], limit: int | None) -> list[Item]:
    """At most `limit` of them, evenly over the whole list."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[index * len(items) // limit] for index in range(limit)]


def digest(file: Path) -> str:
    """Names a file of prompts, or a folder of them, by content."""
    if file.is_file():
        return file_sha256(file)
    hashes = [
        f"{each.relative_to(file).as_posix()} {file_sha256(each)}"
        for each in sorted(file.rglob("*"))
        if each.is_file()
    ]
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()
