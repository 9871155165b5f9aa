"""Engines and eyes that are loaded when they are first needed. Importing this file never imports torch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from PIL import Image

from engines.api import Box, EditRequest, Engine, EngineInfo, Eyes, GenerateRequest, OnProgress, Sample, Seen

__all__ = ["LazyEngine", "LazyEyes"]

Loaded = TypeVar("Loaded")
Painting = TypeVar("Painting", bound=Engine)


class Lazy(Generic[Loaded]):
    """Something that is loaded once, by whoever needs it first; every one of them hears of a failure."""

    def __init__(self, load: Callable[[], Loaded]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None

    def get(self) -> Loaded:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded


class LazyEngine(Lazy[Painting]):
    """An engine that is loaded when it is first needed."""

    @property
    def info(self) -> EngineInfo:
        return self.get().info

    def generate(self, request: GenerateRequest, on_progress: OnProgress) -> Sample:
        return self.get().generate(request, on_progress)

    def edit(self, request: EditRequest, on_progress: OnProgress) -> Sample:
        return self.get().edit(request, on_progress)


class LazyEyes(Lazy[Eyes]):
    """Eyes that open when there is something to see."""

    def __init__(self, load: Callable[[], Eyes], *, speak: bool = False) -> None:
        """Eyes that `speak` freely have no vocabulary, which is known without opening them."""
        super().__init__(load)
        self._speak = speak

    @property
    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        return {} if self._speak else self.get().vocabulary

    def look(self, image: Image.Image, question: str = "") -> Seen:
        return self.get().look(image, question)

    def locate(self, image: Image.Image, words: str) -> tuple[Box, ...]:
        return self.get().locate(image, words)
