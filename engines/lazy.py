"""Engines that are loaded when they are first needed. Importing this file never imports torch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from engines.api import EditRequest, Engine, EngineInfo, GenerateRequest, OnProgress, Sample

__all__ = ["LazyEngine"]

Loaded = TypeVar("Loaded", bound=Engine)


class LazyEngine(Generic[Loaded]):
    """An engine that is loaded when it is first needed; whoever needs it hears of a failure."""

    def __init__(self, load: Callable[[], Loaded]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._engine: Loaded | None = None

    def get(self) -> Loaded:
        with self._lock:
            if self._engine is None:
                self._engine = self._load()
            return self._engine

    @property
    def info(self) -> EngineInfo:
        return self.get().info

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        return self.get().generate(request, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        return self.get().edit(request, on_progress)
