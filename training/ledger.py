"""A file of JSON lines that only grows and outlives a kill at any moment."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["Ledger"]


class Ledger:
    """Records of `file`, in the order they were written. Threads may write at once."""

    def __init__(self, file: Path) -> None:
        """A last line that was cut is taken off, so that the next one stands alone."""
        self.file = file
        self._lock = threading.Lock()
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            data = file.read_bytes()
            whole = data.rfind(b"\n") + 1
            if whole != len(data):
                os.truncate(file, whole)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Lines that are no JSON objects are passed over: what they recorded is done again."""
        if not self.file.exists():
            return
        with self.file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                if isinstance(record, dict):
                    yield record

    def add(self, record: Mapping[str, Any]) -> None:
        line = json.dumps(record, ensure_ascii=False) + "\n"
        with self._lock, self.file.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
