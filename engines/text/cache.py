"""States of texts, kept in memory and, where a folder is given, on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import time
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from engines.text.rows import States

__all__ = ["CachedText", "TextCache", "cache_key"]

FORMAT = 1
DISK_BYTES = 4_000_000_000
"""About a hundred prompts of the published models, whose Llama states take 33 MB each."""
MEMORY_BYTES = 250_000_000
ABANDONED_SECONDS = 3600

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class CachedText:
    """One encoder's states of one text, and how many tokens the whole text has."""

    states: States
    num_tokens: int

    @property
    def num_bytes(self) -> int:
        return self.states.rows_LRC.nbytes + self.states.places_T.nbytes


def cache_key(identity: str, text: str, length: int) -> str:
    """A file name for what the encoder of that identity says of `text` read at up to `length` tokens."""
    return hashlib.sha256(json.dumps([FORMAT, identity, text, length]).encode()).hexdigest()


class TextCache:
    """The last texts, up to `memory_bytes` in memory and `disk_bytes` in `folder`, oldest use dropped first.

    Without a folder nothing is written. Files are written aside and renamed, so several processes may share a
    folder. A file that is damaged counts as absent and is written again. Only hashes of texts are stored.
    """

    def __init__(
        self, folder: Path | None = None, disk_bytes: int = DISK_BYTES, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self.folder = folder
        self.disk_bytes = disk_bytes
        self.memory_bytes = memory_bytes
        self._memory: dict[str, CachedText] = {}

    def get(self, key: str) -> CachedText | None:
        """What is known under `key`, on the CPU."""
        found = self._memory.pop(key, None) or self._read(key)
        if found is not None:
            self._remember(key, found)
        return found

    def put(self, key: str, text: CachedText) -> None:
        """Keep `text`. A folder that cannot be written to costs a warning in the log, no picture."""
        states = States(rows_LRC=text.states.rows_LRC.cpu(), places_T=text.states.places_T.cpu())
        text = CachedText(states=states, num_tokens=text.num_tokens)
        self._remember(key, text)
        if self.folder is None:
            return
        try:
            self._write(self.folder, key, text)
            self._trim(self.folder)
        except OSError as error:
            logger.warning("The text cache at %s cannot be written to: %s", self.folder, error)

    def clear(self) -> None:
        """Forget what is in memory; files stay."""
        self._memory.clear()

    def __len__(self) -> int:
        """How many texts are in memory, each encoder's counted."""
        return len(self._memory)

    def _remember(self, key: str, text: CachedText) -> None:
        self._memory[key] = text
        total = sum(each.num_bytes for each in self._memory.values())
        for oldest in list(self._memory):
            if total <= self.memory_bytes:
                break
            total -= self._memory.pop(oldest).num_bytes

    def _read(self, key: str) -> CachedText | None:
        if self.folder is None:
            return None
        file = self.folder / f"{key}.safetensors"
        try:
            content = file.read_bytes()
            tensors, metadata = load(content), read_metadata(content)
            rows_LRC, places_T = tensors["rows"], tensors["places"]
            num_tokens = int(metadata["num_tokens"])
            is_whole = metadata["checksum"] == checksum(key, num_tokens, rows_LRC, places_T)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None
        if not is_whole:
            return None
        with contextlib.suppress(OSError):
            os.utime(file)
        return CachedText(states=States(rows_LRC=rows_LRC, places_T=places_T), num_tokens=num_tokens)

    def _write(self, folder: Path, key: str, text: CachedText) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        rows_LRC, places_T = text.states.rows_LRC, text.states.places_T
        metadata = {
            "num_tokens": str(text.num_tokens),
            "checksum": checksum(key, text.num_tokens, rows_LRC, places_T),
        }
        aside = folder / f"{uuid.uuid4().hex}.part"
        try:
            aside.write_bytes(save({"rows": rows_LRC, "places": places_T}, metadata))
            aside.replace(folder / f"{key}.safetensors")
        finally:
            aside.unlink(missing_ok=True)

    def _trim(self, folder: Path) -> None:
        """Another process may trim too: a file that is gone already is fine."""
        files = sorted((stat.st_mtime, stat.st_size, file) for file, stat in sizes(folder, "*.safetensors"))
        total = sum(size for _, size, _ in files)
        for _, size, file in files:
            if total <= self.disk_bytes:
                break
            file.unlink(missing_ok=True)
            total -= size
        for file, stat in sizes(folder, "*.part"):
            if time.time() - stat.st_mtime > ABANDONED_SECONDS:
                file.unlink(missing_ok=True)


def sizes(folder: Path, pattern: str) -> list[tuple[Path, os.stat_result]]:
    found = []
    for file in folder.glob(pattern):
        with contextlib.suppress(FileNotFoundError):
            found.append((file, file.stat()))
    return found


def read_metadata(content: bytes) -> dict[str, str]:
    """The text entries of a safetensors file: 8 bytes of length, then a header in JSON."""
    metadata: dict[str, str] = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])[
        "__metadata__"
    ]
    return metadata


def checksum(key: str, num_tokens: int, rows_LRC: Tensor, places_T: Tensor) -> str:
    """Against bits that flip on disk, not against people."""
    value = zlib.crc32(f"{key} {num_tokens} {rows_LRC.dtype} {tuple(rows_LRC.shape)}".encode())
    for tensor in (rows_LRC, places_T):
        value = zlib.crc32(tensor.contiguous().view(torch.uint8).numpy().data, value)
    return f"{value:08x}"
